//! What headers and bodies of answers say to people.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName};

/// The most characters of what a server says that are shown.
const MAX_SHOWN: usize = 300;

/// Returns the values of a header that are texts.
pub(crate) fn texts(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect()
}

/// Returns how long a server wants to be left alone.
pub(crate) fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    texts(headers, &RETRY_AFTER).first().and_then(|text| wait(text))
}

/// Reads a time in seconds, or until a date.
fn wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(until.duration_since(jiff::Timestamp::now()).try_into().unwrap_or_default())
}

/// Makes one line of what a server says.
pub(crate) fn line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_a_time() {
        assert_eq!(wait(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(wait("Wed, 21 Oct 2099 07:28:00 GMT").unwrap() > Duration::from_secs(1 << 20));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_line_has_an_end_and_no_control_characters() {
        assert_eq!(line("no\nway\x1b[31m"), "no way [31m");
        assert_eq!(line(&"x".repeat(1_000)).len(), MAX_SHOWN);
    }
}
