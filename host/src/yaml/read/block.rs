//! The shortest way: what our own writer writes, read line by line.
//!
//! Records are read in every run, and a record of 500 resources has 40,000 lines. This reader knows block style, texts
//! of one line and literals, in ASCII. Whatever else it meets, also within a line, it leaves to the next reader, so
//! what it returns is what a reader of all YAML returns.

use serde_json::{Map, Value};

use super::plain::plain;
use super::{Bounds, MAX_DEPTH};

/// The longest key that every reader takes without a question mark.
const LONGEST_KEY: usize = 1000;

/// Reads a text, or returns `None` if another reader must look at it.
pub(super) fn read(text: &str, bounds: &Bounds) -> Option<Value> {
    // No text costs more than twice what it is long.
    if text.len() > bounds.bytes.min(bounds.weight / 2) || !text.ends_with('\n') {
        return None;
    }
    let mut lines = Lines { rest: text, line: None };
    lines.advance()?;
    let (indent, content) = lines.line?;
    if indent != 0 || is_item(content) {
        return None;
    }
    let value = lines.map(0, 1)?;
    lines.line.is_none().then_some(value)
}

struct Lines<'t> {
    /// What follows the current line.
    rest: &'t str,
    /// The current line: how far it is indented, and what it says. `None` at the end.
    line: Option<(usize, &'t str)>,
}

impl<'t> Lines<'t> {
    /// Goes to the next line. A line without content is somebody else's.
    fn advance(&mut self) -> Option<()> {
        let Some((line, rest)) = self.rest.split_once('\n') else {
            self.line = None;
            return Some(());
        };
        self.rest = rest;
        let content = line.trim_start_matches(' ');
        if content.is_empty() {
            return None;
        }
        self.line = Some((line.len() - content.len(), content));
        Some(())
    }

    /// Reads what begins in the current line at this indentation.
    fn node(&mut self, indent: usize, parent: usize, depth: usize) -> Option<Value> {
        let (_, content) = self.line?;
        if is_item(content) {
            self.list(indent, depth)
        } else if entry(content).is_some() {
            self.map(indent, depth)
        } else {
            self.scalar(content, parent)
        }
    }

    fn map(&mut self, indent: usize, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mut members = Map::new();
        while let Some((at, content)) = self.line {
            if at < indent {
                break;
            }
            let (key, value) = entry(content).filter(|_| at == indent)?;
            let value = if value.is_empty() {
                self.advance()?;
                match self.line {
                    Some((below, _)) if below > indent => self.node(below, indent, depth + 1)?,
                    Some((same, item)) if same == indent && is_item(item) => {
                        self.list(indent, depth + 1)?
                    }
                    _ => Value::Null,
                }
            } else {
                self.scalar(value, indent)?
            };
            if members.insert(key.to_owned(), value).is_some() {
                return None;
            }
            // The list of a key may be as far to the left as the key, and then the next key ends it.
            if self.line.is_some_and(|(at, content)| at == indent && is_item(content)) {
                return None;
            }
        }
        Some(Value::Object(members))
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let mut items = Vec::new();
        while let Some((at, content)) = self.line {
            if at < indent || at == indent && !is_item(content) {
                break;
            }
            let item = content.strip_prefix("- ").filter(|_| at == indent)?;
            if item.starts_with(' ') {
                return None;
            }
            self.line = Some((indent + 2, item));
            items.push(self.node(indent + 2, indent, depth + 1)?);
        }
        Some(Value::Array(items))
    }

    /// Reads a text that ends its line, or a literal in the lines below, and goes on behind it.
    fn scalar(&mut self, text: &'t str, parent: usize) -> Option<Value> {
        let value = match text {
            "{}" => Value::Object(Map::new()),
            "[]" => Value::Array(Vec::new()),
            "|" | "|-" => return self.literal(parent, text == "|"),
            _ => match text.as_bytes().first()? {
                b'"' => Value::String(double_quoted(text)?),
                b'\'' => Value::String(single_quoted(text)?),
                _ if is_plain(text) => plain(text)?,
                _ => return None,
            },
        };
        self.advance()?;
        // Nothing that goes on in the next line is ours.
        if self.line.is_some_and(|(at, _)| at > parent && !self.is_sibling(at, parent)) {
            return None;
        }
        Some(value)
    }

    fn is_sibling(&self, at: usize, parent: usize) -> bool {
        // The keys of a map in a list stand behind the dash.
        at == parent + 2 && self.line.is_some_and(|(_, content)| entry(content).is_some())
    }

    /// Reads the lines of a literal; `ends` says whether the last one ends with a line break.
    fn literal(&mut self, parent: usize, ends: bool) -> Option<Value> {
        let first = self.rest.split('\n').next()?;
        let indent = first.len() - first.trim_start_matches(' ').len();
        if indent <= parent || first.len() == indent || first.as_bytes().get(indent) == Some(&b'\t')
        {
            return None;
        }
        let (mut text, mut blank) = (String::new(), 0);
        while let Some((line, rest)) = self.rest.split_once('\n') {
            let content = line.trim_start_matches(' ');
            let at = line.len() - content.len();
            if line.is_empty() {
                blank += 1;
            } else if content.is_empty() {
                return None;
            } else if at >= indent {
                if !text.is_empty() {
                    text.push('\n');
                }
                (0..std::mem::take(&mut blank)).for_each(|_| text.push('\n'));
                text.push_str(line.get(indent..).filter(|line| is_ours(line, true))?);
            } else if at <= parent {
                break;
            } else {
                return None;
            }
            self.rest = rest;
        }
        if ends {
            text.push('\n');
        }
        self.advance()?;
        Some(Value::String(text))
    }
}

/// Returns whether a line is an item of a list.
fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// Takes a key and what follows it in its line.
fn entry(content: &str) -> Option<(&str, &str)> {
    let (key, rest) = if let Some(quoted) = content.strip_prefix('"') {
        let (key, rest) = quoted.split_once('"')?;
        if key.contains('\\') || !is_ours(key, false) {
            return None;
        }
        (key, rest.strip_prefix(':')?)
    } else {
        let end = end_of_plain(content)?;
        let (key, rest) = (content.get(..end)?, content.get(end + 1..)?);
        if !begins_plain(key) || key == "<<" || key.ends_with(' ') {
            return None;
        }
        (key, rest)
    };
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    (key.len() <= LONGEST_KEY).then_some((key, rest))
}

/// Returns whether a text without quotes is read as it stands, as far as it is clear from this line.
fn is_plain(text: &str) -> bool {
    begins_plain(text) && !text.ends_with(' ') && end_of_plain(text) == Some(text.len())
}

fn begins_plain(text: &str) -> bool {
    match text.as_bytes() {
        [b'-', next, ..] => next.is_ascii_alphanumeric(),
        [first, ..] => first.is_ascii_alphanumeric() || b"/.$(+_~<=^;".contains(first),
        [] => false,
    }
}

/// Returns where the colon is that ends a key, or the length of a text that is none. `None` if the text has a comment
/// or characters that are not ours.
fn end_of_plain(text: &str) -> Option<usize> {
    let mut before = b' ';
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b':' if bytes.peek().is_none_or(|(_, next)| *next == b' ') => return Some(at),
            b'#' if before == b' ' => return None,
            b' '..=b'~' => before = byte,
            _ => return None,
        }
    }
    Some(text.len())
}

fn double_quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !is_ours(inner, false) {
        return None;
    }
    if !inner.contains(['\\', '"']) {
        return Some(inner.to_owned());
    }
    let (mut text, mut characters) = (String::with_capacity(inner.len()), inner.chars());
    while let Some(character) = characters.next() {
        text.push(match character {
            '"' => return None,
            '\\' => match characters.next()? {
                'n' => '\n',
                't' => '\t',
                same @ ('"' | '\\') => same,
                _ => return None,
            },
            other => other,
        });
    }
    Some(text)
}

fn single_quoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let alone = inner.replace("''", "");
    (is_ours(inner, false) && !alone.contains('\'')).then(|| inner.replace("''", "'"))
}

/// Returns whether a text has only characters that every reader takes as they are.
fn is_ours(text: &str, tabs: bool) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') || tabs && byte == b'\t')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{RECORDED, plain};
    use super::*;
    use crate::yaml::to_string;

    /// Every line is of some use to some YAML; most texts made of them are no YAML at all.
    const PARTS: [&str; 40] = [
        "a: 1",
        "b: x",
        "c:",
        "- a: 1",
        "- x",
        "-",
        "- - y",
        "- b:",
        "d: |",
        "d: |-",
        "- |",
        "e: \"q: r\"",
        "'e': 's'",
        "\"k\": v",
        "text",
        "f: # no",
        "g: x # y",
        "h: {}",
        "i: []",
        "j: {a: 1}",
        "k: 'it''s'",
        "l: \"\\\"\\n\\x41\"",
        "m: -1",
        "n: --",
        "o: 1.50",
        "p: ~",
        "q: \"",
        "r: a: b",
        "s: a:b",
        "t:u",
        "? v",
        "w: &x 1",
        "x: *x",
        "<<: y",
        "y: !!str 1",
        "z: é",
        "a: >",
        "...",
        "---",
        "\ta: 1",
    ];

    #[test]
    fn what_it_reads_is_what_the_other_reader_reads() {
        // Xorshift with a fixed seed: the texts are the same in every run.
        let mut state: u64 = 7;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        let mut taken = 0;
        for _ in 0..60_000 {
            let mut text = String::new();
            let mut indent: usize = 0;
            for _ in 0..=random(5) {
                indent = [indent, indent + 2, indent.saturating_sub(2), 0, random(5)][random(5)];
                if random(12) == 0 {
                    text.push_str(["\n", "  \n", "    \n"][random(3)]);
                }
                text.push_str(&format!("{}{}\n", " ".repeat(indent), PARTS[random(PARTS.len())]));
            }
            if let Some(value) = read(&text, &RECORDED) {
                taken += 1;
                assert_eq!(Some(value), plain::read(&text, &RECORDED), "{text:?}");
            }
        }
        assert!(taken > 2_000, "{taken}");
    }

    #[test]
    fn what_the_writer_writes_is_read_without_another_reader() {
        let value = json!({
            "text": "a b/c:d", "number": -1, "float": 1.5, "null": null, "yes": true, "quoted": "a: b", "12": "12",
            "script": "#!/bin/sh\n\nset -e\n  indented\n", "lines": "a\n\nb", "empty": {}, "none": [], "no text": "",
            "list": [1, "two", {"a": 1, "b": {"c": [[1, 2], {"d": "e\nf"}]}}, ["x"], [], {}],
            "deep": {"list": [{"name": "n", "list": ["x", "y"], "last": 1}]},
        });
        let text = to_string(&value).unwrap();
        assert_eq!(read(&text, &RECORDED), Some(value), "{text}");
    }

    #[test]
    fn depth_is_bounded_as_everywhere() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!({ "a": value }));
        for levels in [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 100_000] {
            let text: String =
                (0..levels.min(2_000)).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
            if let Some(value) = read(&text, &RECORDED) {
                assert_eq!(Some(value), plain::read(&text, &RECORDED));
            }
        }
        let text = to_string(&nested(100)).unwrap();
        assert_eq!(read(&text, &RECORDED), Some(nested(100)));
    }
}
