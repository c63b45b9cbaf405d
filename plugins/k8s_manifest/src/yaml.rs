//! YAML to JSON values, within bounds.
//!
//! Messages never quote what stands in a file, because a manifest may hold a Secret.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use crate::scalar::{self, NoSuchNumber};

/// The deepest nesting; a host reads no deeper JSON than 128.
const MAX_DEPTH: usize = 100;

/// The most values that aliases may copy, in a file.
const MAX_COPIES: usize = 100_000;

/// A document and the line on which it begins.
#[derive(Debug, PartialEq)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) line: usize,
}

/// What is wrong with a text, and on which line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads all documents of a text; documents without content are left out.
pub(crate) fn read(text: &str) -> Result<Vec<Document>, Fault> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        match event {
            Ok((event, span)) => reader.event(event, span)?,
            Err(error) => {
                let message = format!("this is not YAML: {}", error.kind());
                return Err(Fault { line: error.marker().line(), message });
            }
        }
    }
    Ok(reader.documents)
}

#[derive(Default)]
struct Reader {
    documents: Vec<Document>,
    stack: Vec<Frame>,
    anchors: BTreeMap<usize, Weighed>,
    copies: usize,
}

/// A finished value with the cost of copying it.
#[derive(Clone)]
struct Weighed {
    value: Value,
    /// The text of a plain key, which is kept as it was written.
    text: Option<String>,
    weight: usize,
    depth: usize,
}

/// A list or map that is still open.
struct Frame {
    kind: Kind,
    anchor: usize,
    line: usize,
    weight: usize,
    depth: usize,
}

enum Kind {
    List(Vec<Value>),
    Map { members: Map<String, Value>, key: Option<Key>, merged: Vec<Map<String, Value>> },
}

enum Key {
    Text(String),
    /// `<<`: the members of its value are those of the map, unless it has them itself.
    Merge,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let line = span.start.line();
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let text = if is_plain && span.is_empty() { "" } else { &*text };
                let value = scalar(text, is_plain, tag.as_deref())
                    .map_err(|message| Fault { line, message })?;
                let is_merge = is_plain && text == "<<";
                let text = Some(text.to_owned());
                let value = Weighed { value, text, weight: 1, depth: 0 };
                self.finish(value, anchor, line, is_merge)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(Kind::List(Vec::new()), anchor, line, (tag.as_deref(), "seq"))
            }
            Event::MappingStart(_, anchor, tag) => {
                let kind = Kind::Map { members: Map::new(), key: None, merged: Vec::new() };
                self.open(kind, anchor, line, (tag.as_deref(), "map"))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let value =
                    known.ok_or_else(|| fault(line, "an alias stands inside its own anchor"))?;
                self.copies = self.copies.saturating_add(value.weight);
                if self.copies > MAX_COPIES {
                    return Err(fault(line, "aliases copy too much"));
                }
                if self.stack.len() + value.depth > MAX_DEPTH {
                    return Err(fault(line, TOO_DEEP));
                }
                self.finish(value, 0, line, false)
            }
            Event::DocumentStart(..) => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn open(
        &mut self,
        kind: Kind,
        anchor: usize,
        line: usize,
        (tag, expected): (Option<&Tag>, &str),
    ) -> Result<(), Fault> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(fault(line, TOO_DEEP));
        }
        if tag.is_some_and(|tag| !tag.is_yaml_core_schema_tag(expected)) {
            return Err(fault(line, UNKNOWN_TAG));
        }
        self.stack.push(Frame { kind, anchor, line, weight: 1, depth: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(Frame { kind, anchor, line, weight, depth }) = self.stack.pop() else {
            return Ok(());
        };
        let value = match kind {
            Kind::List(items) => Value::Array(items),
            Kind::Map { mut members, merged, .. } => {
                for (key, value) in merged.into_iter().flatten() {
                    members.entry(key).or_insert(value);
                }
                Value::Object(members)
            }
        };
        self.finish(Weighed { value, text: None, weight, depth: depth + 1 }, anchor, line, false)
    }

    /// Hands a finished value to whatever is open.
    fn finish(
        &mut self,
        value: Weighed,
        anchor: usize,
        line: usize,
        is_merge: bool,
    ) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            if !value.value.is_null() {
                self.documents.push(Document { value: value.value, line });
            }
            return Ok(());
        };
        frame.weight = frame.weight.saturating_add(value.weight);
        frame.depth = frame.depth.max(value.depth);
        match &mut frame.kind {
            Kind::List(items) => items.push(value.value),
            Kind::Map { members, key, merged } => match key.take() {
                None if is_merge => *key = Some(Key::Merge),
                None => {
                    let text = value.text.ok_or_else(|| fault(line, "a key is a list or a map"))?;
                    if members.contains_key(&text) {
                        return Err(Fault {
                            line,
                            message: format!("key `{text}` stands here twice"),
                        });
                    }
                    *key = Some(Key::Text(text));
                }
                Some(Key::Text(text)) => {
                    members.insert(text, value.value);
                }
                Some(Key::Merge) => merge(merged, value.value)
                    .ok_or_else(|| fault(line, "`<<` needs a map, or a list of maps"))?,
            },
        }
        Ok(())
    }
}

/// Notes what a map is merged with; what comes first wins.
fn merge(merged: &mut Vec<Map<String, Value>>, value: Value) -> Option<()> {
    match value {
        Value::Object(members) => merged.push(members),
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(members) => merged.push(members),
                    _ => return None,
                }
            }
        }
        _ => return None,
    }
    Some(())
}

fn scalar(text: &str, is_plain: bool, tag: Option<&Tag>) -> Result<Value, String> {
    let read = || {
        scalar::plain(text).map_err(|NoSuchNumber| {
            "a number is not finite or does not fit into 64 bits; quote it if it is meant as text"
                .to_owned()
        })
    };
    let Some(tag) = tag else {
        return if is_plain { read() } else { Ok(text.into()) };
    };
    let is_text = tag.handle() == "!" && tag.suffix().is_empty()
        || tag.handle().is_empty() && tag.suffix() == "!";
    if is_text || tag.is_yaml_core_schema_tag("str") {
        return Ok(text.into());
    }
    let value = read()?;
    let fits = match tag.core_suffix() {
        Some("null") => value.is_null(),
        Some("bool") => value.is_boolean(),
        Some("int" | "float") => value.is_number(),
        _ => return Err(UNKNOWN_TAG.to_owned()),
    };
    if fits { Ok(value) } else { Err("a value does not fit its tag".to_owned()) }
}

const TOO_DEEP: &str = "lists and maps are nested too deeply";
const UNKNOWN_TAG: &str = "a tag is none of those that JSON has a value for";

fn fault(line: usize, message: &str) -> Fault {
    Fault { line, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(text: &str) -> Vec<Value> {
        match read(text) {
            Ok(documents) => documents.into_iter().map(|document| document.value).collect(),
            Err(fault) => panic!("{text}: {fault:?}"),
        }
    }

    fn told(text: &str) -> (usize, String) {
        match read(text) {
            Ok(documents) => panic!("{text}: {documents:?}"),
            Err(Fault { line, message }) => (line, message),
        }
    }

    #[test]
    fn documents_are_told_apart_and_know_their_lines() {
        let text = "# nothing\n---\n---\na: 1\n---\n{\"b\": [1, 'x', null]}\n...\n---\n~\n";
        assert_eq!(
            read(text),
            Ok(vec![
                Document { value: json!({"a": 1}), line: 4 },
                Document { value: json!({"b": [1, "x", null]}), line: 6 },
            ])
        );
        assert_eq!(values(""), Vec::<Value>::new());
        assert_eq!(values("\u{feff}a: 1"), [json!({"a": 1})]);
    }

    #[test]
    fn what_is_quoted_or_a_key_is_text() {
        let text = "on: \"on\"\n0644: '0644'\nx: !!str 1\ny: |\n  yes\nz: no";
        let expected = json!({"on": "on", "0644": "0644", "x": "1", "y": "yes\n", "z": false});
        assert_eq!(values(text), [expected]);
    }

    #[test]
    fn aliases_are_copies_and_merges_do_not_overwrite() {
        let text = "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\none: {<<: *b, y: 5}\ntwo:\n  <<: [*b, *o]\n  x: 0\ncopy: *b\n";
        let expected = json!({
            "base": {"x": 1, "y": 2}, "other": {"y": 3, "z": 4}, "one": {"x": 1, "y": 5},
            "two": {"x": 0, "y": 2, "z": 4}, "copy": {"x": 1, "y": 2},
        });
        assert_eq!(values(text), [expected]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, line, begin) in [
            ("a: 1\na: 2", 2, "key `a` stands here twice"),
            ("a:\n  - [1", 2, "this is not YAML"),
            ("a:\n\tb: 2", 2, "this is not YAML"),
            ("[1]: 2", 1, "a key is a list or a map"),
            ("a: &a [*a]", 1, "an alias stands inside"),
            ("a: .inf", 1, "a number is not finite"),
            ("a: !!set {b}", 1, "a tag is none"),
            ("a: !thing b", 1, "a tag is none"),
            ("a: !!int b", 1, "a value does not fit"),
            ("a: {<<: 1}", 1, "`<<` needs a map"),
        ] {
            let (found, message) = told(text);
            assert!(message.starts_with(begin), "{text:?}: {message}");
            assert_eq!(found, line, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_explodes_is_stopped() {
        let mut bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..20 {
            let before = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![before; 9].join(", ")));
        }
        assert_eq!(told(&bomb).1, "aliases copy too much");
        assert_eq!(told(&format!("{}{}", "[".repeat(101), "]".repeat(101))).1, TOO_DEEP);
    }
}
