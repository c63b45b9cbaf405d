//! One line of the log, for people or for programs.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::Level;

use crate::log::fields::Fields;
use crate::render::{Paint, Style, is_obeyed};

/// The width of the column of durations.
const DURATION_WIDTH: usize = 10;
/// From how many milliseconds on a duration is shown in seconds.
const SECONDS_FROM: f64 = 10_000.0;

/// One line of the log: a span that ended, an event, or a message of ours.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    pub(crate) message: String,
    /// In milliseconds.
    pub(crate) duration: Option<f64>,
    pub(crate) fields: Fields,
    /// The spans around it, outermost first.
    pub(crate) spans: Vec<(&'static str, Fields)>,
}

impl Line {
    /// A message of the command line itself.
    pub(crate) fn message(level: Level, message: impl Into<String>) -> Self {
        let (fields, spans) = (Fields::default(), Vec::new());
        let target = env!("CARGO_CRATE_NAME");
        Self { level, target, message: message.into(), duration: None, fields, spans }
    }

    /// Adds a value.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.fields.set(name, value);
        self
    }

    /// Returns the line for people: how long, what, with what, as deep as it is nested.
    pub(crate) fn text(&self, paint: Paint) -> String {
        let duration = self.duration.map(milliseconds).unwrap_or_default();
        let indent = "  ".repeat(self.spans.len());
        let mut text = format!("{duration:>DURATION_WIDTH$}  {indent}");
        if self.level <= Level::WARN {
            text.push_str(&format!("{}: ", self.level));
        }
        if !self.target.starts_with(env!("CARGO_CRATE_NAME")) {
            text.push_str(&format!("{}: ", self.target));
        }
        text.push_str(&self.message);
        let fields = self.fields.texts();
        if !fields.is_empty() {
            text.push_str(&format!(" ({})", fields.join(", ")));
        }
        format!("{}\n", paint.text(Style::Dim, &one_line(&text)))
    }

    /// Returns the line for programs.
    pub(crate) fn json(&self) -> String {
        let spans = self.spans.iter().map(|(name, fields)| {
            let mut span = fields.json();
            span.insert("name".to_owned(), json!(name));
            Value::Object(span)
        });
        let mut line = Map::new();
        for (name, value) in [
            ("timestamp", json!(Timestamp::now())),
            ("level", json!(self.level.as_str())),
            ("target", json!(self.target)),
            ("message", json!(self.message)),
            ("fields", self.fields.json().into()),
            ("spans", spans.collect()),
        ] {
            line.insert(name.to_owned(), value);
        }
        if let Some(duration) = self.duration {
            // Nothing measures better than in microseconds.
            line.insert("durationMs".to_owned(), json!((duration * 1000.0).round() / 1000.0));
        }
        format!("{}\n", unobeyed(&Value::Object(line).to_string()))
    }
}

/// Escapes what a terminal would obey and JSON leaves as it is; such characters stand in texts only.
fn unobeyed(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_obeyed(c) {
            let units = c.encode_utf16(&mut [0; 2]).to_vec();
            escaped.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn milliseconds(duration: f64) -> String {
    if duration < SECONDS_FROM {
        format!("{duration:.2} ms")
    } else {
        format!("{:.2} s", duration / 1000.0)
    }
}

/// Shows what a terminal would obey, line breaks included: modules choose what they say.
fn one_line(text: &str) -> String {
    if !text.contains(is_obeyed) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if is_obeyed(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let mut line = Line::message(Level::DEBUG, "module says: a\n\u{1b}[2Jb");
        line.duration = Some(1.2345);
        line.spans = vec![("call modules", Fields::default())];
        line.with("fuel", json!(1_000))
    }

    #[test]
    fn a_text_line_is_one_line_and_obeys_nothing() {
        let text = line().text(Paint(false));
        assert_eq!(text, "   1.23 ms    module says: a\\n\\u{1b}[2Jb (1,000 fuel)\n");
        assert_eq!(milliseconds(12_345.6), "12.35 s");
    }

    #[test]
    fn a_json_line_obeys_nothing_either() {
        let text = "a\u{9b}1m\u{202e}\u{e0001}\u{1b}ö";
        let json = Line::message(Level::DEBUG, text).json();
        assert!(json.contains(r#""message":"a\u009b1m\u202e\udb40\udc01\u001bö""#), "{json}");
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["message"], text);
    }

    #[test]
    fn a_json_line_is_one_object() {
        let text = line().json();
        assert_eq!(text.matches('\n').count(), 1);
        let mut found: Value = serde_json::from_str(&text).unwrap();
        found["timestamp"].take();
        let expected = json!({
            "timestamp": null,
            "level": "DEBUG",
            "target": "kusion",
            "message": "module says: a\n\u{1b}[2Jb",
            "durationMs": 1.235,
            "fields": {"fuel": 1_000},
            "spans": [{"name": "call modules"}],
        });
        assert_eq!(found, expected);
    }
}
