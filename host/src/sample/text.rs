//! Texts: those that break programs, and those that a pattern or a format asks for.

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::{Map, Value};

use super::Random;

/// Texts that look like something else, or like nothing.
const WORDS: &[&str] = &[
    "a", "web", "orders-2", "A", "Aa Bb", "0777", "on", "null", "1e3", "é", "名前", "a/b:c@d",
    "../a", "$(HOME)", "{{ x }}", "a=b", "-", "\u{0}", "a\nb", "\"", "'", " ", "8.0", "10Gi",
    "250m", "/data", "80",
];

/// Texts that hardly any program refuses.
const PLAIN: &[&str] = &["a", "web", "orders-2", "main", "b1"];

/// The longest text that is drawn without being asked for.
const LONG: usize = 300;
/// How often something repeats that may repeat without end, unless the length asks for more.
const REPEATS: u32 = 3;
/// How often a pattern is drawn from until the length fits.
const TRIES: usize = 64;
/// The longest text of a pattern; a pattern can ask for any length.
const MAX_PATTERN: usize = 4096;

/// Draws a text for a schema of type `string`, a plain one or a strange one.
pub(super) fn draw(schema: &Map<String, Value>, strange: bool, random: &mut Random) -> String {
    let number = |key: &str| {
        schema.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok())
    };
    let (least, most) = (number("minLength").unwrap_or(0), number("maxLength"));
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && let Some(text) = matching(pattern, (least, most.unwrap_or(usize::MAX)), random)
    {
        return text;
    }
    let format = schema.get("format").and_then(Value::as_str).and_then(of_format);
    if let Some(texts) = format
        && let Some(text) = random.pick(texts)
    {
        return (*text).to_owned();
    }
    let mut text = match random.up_to(9) {
        _ if !strange => random.pick(PLAIN).copied().unwrap_or_default().to_owned(),
        0 => String::new(),
        1 => "x".repeat(most.unwrap_or(LONG).min(MAX_PATTERN)),
        _ => random.pick(WORDS).copied().unwrap_or_default().to_owned(),
    };
    let length = text.chars().count();
    if length < least {
        text.extend(std::iter::repeat_n('a', least.min(MAX_PATTERN) - length));
    }
    match most {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}

fn of_format(format: &str) -> Option<&'static [&'static str]> {
    Some(match format {
        "date-time" => &["2026-01-02T03:04:05Z", "1970-01-01T00:00:00.5+23:59"],
        "date" => &["2026-01-02", "2024-02-29"],
        "time" => &["03:04:05Z"],
        "duration" => &["P1D", "PT0S"],
        "email" => &["ada@example.com"],
        "hostname" => &["example.com", "a", "xn--nxasmq6b"],
        "ipv4" => &["127.0.0.1", "255.255.255.255"],
        "ipv6" => &["::1", "2001:db8::1"],
        "uri" => &["https://example.com/a?b=c#d", "urn:x:y"],
        "uri-reference" => &["/a", "https://example.com"],
        "uuid" => &["00000000-0000-0000-0000-000000000000"],
        "regex" => &["^a+$"],
        _ => return None,
    })
}

/// Draws a text that a regular expression matches from its beginning to its end, with as many characters as are asked
/// for as far as that is found; `None` if the expression cannot be read.
fn matching(pattern: &str, (least, most): (usize, usize), random: &mut Random) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let is_open = hir.properties().look_set().iter().all(|look| look == Look::Start);
    let enough = u32::try_from(least.min(MAX_PATTERN)).unwrap_or(REPEATS).max(REPEATS);
    let mut repeats = REPEATS;
    let mut text = String::new();
    for _ in 0..TRIES {
        text.clear();
        append(&hir, repeats, random, &mut text);
        let length = text.chars().count();
        if length < least && is_open {
            // Whatever follows, it still matches.
            text.extend(std::iter::repeat_n('a', least.min(MAX_PATTERN).saturating_sub(length)));
            break;
        }
        if (least..=most).contains(&length) {
            break;
        }
        repeats = if length < least { repeats.saturating_mul(2).min(enough) } else { repeats / 2 };
    }
    Some(text)
}

/// Appends a text that an expression matches. What may repeat without end repeats at most so often beyond what it must.
fn append(hir: &Hir, repeats: u32, random: &mut Random, text: &mut String) {
    if text.len() > MAX_PATTERN {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(character(class, random)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(repetition.min.saturating_add(repeats));
            // The ends of a range are more telling than its middle.
            let times = match random.up_to(3) {
                0 => repetition.min,
                1 => most,
                _ => {
                    let span = usize::try_from(most.saturating_sub(repetition.min)).unwrap_or(0);
                    let more = u32::try_from(random.up_to(span)).unwrap_or(0);
                    repetition.min.saturating_add(more)
                }
            };
            for _ in 0..times {
                if text.len() > MAX_PATTERN {
                    return;
                }
                append(&repetition.sub, repeats, random, text);
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, repeats, random, text),
        HirKind::Concat(parts) => {
            for part in parts {
                append(part, repeats, random, text);
            }
        }
        HirKind::Alternation(branches) => {
            if let Some(branch) = random.pick(branches) {
                append(branch, repeats, random, text);
            }
        }
    }
}

fn character(class: &Class, random: &mut Random) -> Option<char> {
    match class {
        Class::Unicode(class) => {
            // What a pattern means beyond ASCII differs from one reader of patterns to the next.
            let ascii: Vec<(char, char)> = class
                .ranges()
                .iter()
                .filter(|range| range.start().is_ascii())
                .map(|range| (range.start(), range.end().min('\u{7f}')))
                .collect();
            if let Some((start, end)) = random.pick(&ascii) {
                let offset =
                    random.up_to(usize::try_from(u32::from(*end) - u32::from(*start)).ok()?);
                return char::from_u32(u32::from(*start) + u32::try_from(offset).ok()?);
            }
            random.pick(class.ranges()).map(regex_syntax::hir::ClassUnicodeRange::start)
        }
        Class::Bytes(class) => {
            let range = random.pick(class.ranges())?;
            Some(char::from(range.start()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_is_matched() {
        let mut random = Random::new(1, 0);
        for pattern in
            ["^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", "^(http|https)://[^/]+/$", "^\\d{3}-x*$"]
        {
            let regex = regex_lite(pattern);
            for _ in 0..50 {
                let text = matching(pattern, (0, usize::MAX), &mut random).unwrap();
                assert!(regex(&text), "{pattern} does not match {text:?}");
            }
        }
    }

    /// Checks by the crate that checks what is drawn.
    fn regex_lite(pattern: &str) -> impl Fn(&str) -> bool {
        let schema = json!({"type": "string", "pattern": pattern});
        let validator = jsonschema::validator_for(&schema).unwrap();
        move |text| validator.is_valid(&json!(text))
    }

    #[test]
    fn lengths_are_kept() {
        let schema = json!({"minLength": 3, "maxLength": 5});
        let mut random = Random::new(1, 0);
        for _ in 0..100 {
            let text = draw(schema.as_object().unwrap(), true, &mut random);
            assert!((3..=5).contains(&text.chars().count()), "{text:?}");
        }
    }

    #[test]
    fn a_text_fits_pattern_and_length() {
        let mut random = Random::new(1, 0);
        for (pattern, least, most) in [
            ("^[a-z][a-z0-9-]*$", 8, 20),
            ("^[a-z][a-z0-9-]*$", 200, 253),
            ("^[a-z]+(-[a-z]+)*$", 1, 5),
            ("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", 10, 30),
            ("^https://", 20, 40),
            ("^a{2,}b*$", 50, 60),
        ] {
            let schema = json!({"pattern": pattern, "minLength": least, "maxLength": most});
            let validator = jsonschema::validator_for(&schema).unwrap();
            let drawn: Vec<String> =
                (0..50).map(|_| draw(schema.as_object().unwrap(), false, &mut random)).collect();
            let fitting = drawn.iter().filter(|text| validator.is_valid(&json!(text))).count();
            assert!(fitting > 40, "{fitting} of 50 fit {schema}: {drawn:?}");
        }
    }

    #[test]
    fn a_pattern_that_asks_for_much_is_cut_short() {
        let mut random = Random::new(1, 0);
        let any = (0, usize::MAX);
        let text = matching("(((a{100}){100}){100}){9}", any, &mut random).unwrap();
        assert!(text.len() < 2 * MAX_PATTERN, "{}", text.len());
    }
}
