//! The short way for texts that a machine wrote: values without positions.
//!
//! It serves only what cannot go wrong and needs no memory: no anchors, aliases, tags, merge keys or second
//! documents. Anything else, mistakes included, is left to the full reader, so there is one place that says
//! what a text means and what is wrong with it.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::{Bounds, MAX_DEPTH};
use crate::source::Content;
use crate::yaml::scalar;

/// A list or map that is still open.
enum Frame {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads a text, or returns `None` if the full reader must look at it.
pub(super) fn read(text: &str, bounds: &Bounds) -> Option<Value> {
    if text.len() > bounds.bytes {
        return None;
    }
    let mut stack: Vec<Frame> = Vec::new();
    let mut whole = None;
    let mut values = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        values += 1;
        if values > bounds.weight {
            return None;
        }
        let value = match event {
            Event::Scalar(text, style, 0, None) => {
                let plain = style == ScalarStyle::Plain;
                if let Some(Frame::Map(members, key @ None)) = stack.last_mut() {
                    if plain && (span.is_empty() || text == "<<") || members.contains_key(&*text) {
                        return None;
                    }
                    *key = Some(text.into_owned());
                    continue;
                }
                match plain {
                    false => Value::String(text.into_owned()),
                    true if span.is_empty() => Value::Null,
                    true => self::plain(&text)?,
                }
            }
            Event::SequenceStart(_, 0, None) => {
                open(&mut stack, Frame::List(Vec::new()))?;
                continue;
            }
            Event::MappingStart(_, 0, None) => {
                open(&mut stack, Frame::Map(Map::new(), None))?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop()? {
                Frame::List(items) => Value::Array(items),
                Frame::Map(members, None) => Value::Object(members),
                Frame::Map(_, Some(_)) => return None,
            },
            Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..)
            | Event::Alias(_) => return None,
            _ => continue,
        };
        match stack.last_mut() {
            Some(Frame::List(items)) => items.push(value),
            Some(Frame::Map(members, key)) => {
                members.insert(key.take()?, value);
            }
            None if whole.is_some() => return None,
            None => whole = Some(value),
        }
    }
    Some(whole.unwrap_or(Value::Null))
}

fn open(stack: &mut Vec<Frame>, frame: Frame) -> Option<()> {
    // A list or a map cannot be a key.
    let is_key = matches!(stack.last(), Some(Frame::Map(_, None)));
    (stack.len() < MAX_DEPTH && !is_key).then(|| stack.push(frame))
}

/// Returns what a text without quotes means.
pub(super) fn plain(text: &str) -> Option<Value> {
    Some(match scalar::plain(text).ok()? {
        Content::Bool(value) => Value::Bool(value),
        Content::Number(value) => Value::Number(value),
        Content::String(text) => Value::String(text),
        _ => Value::Null,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{RECORDED, Reader};
    use super::*;
    use crate::source::{Node, SourceFile};

    fn in_full(text: &str) -> Option<Value> {
        let documents = Reader::new(&SourceFile::new("", text), &RECORDED).read().ok()?;
        (documents.len() < 2).then(|| documents.first().map_or(Value::Null, Node::to_json))
    }

    #[test]
    fn the_short_way_ends_where_the_long_one_does_or_is_not_taken() {
        for (text, taken) in [
            ("", true),
            ("# only a comment\n", true),
            ("a: 1\nb: [x, 'y', \"z\", ~, , 0x10, 1e3, 1.5, 0777, on]\n", false),
            ("a: 1\nb: [x, 'y', \"z\", ~, 0x10, 1e3, 1.5, 0777, on, true, '']\n", true),
            ("a:\nb: {}\nc: []\nd:\n- e: |\n    text\n  f: >-\n    folded\n    text\n", true),
            ("8080: a\ntrue: b\n'q': d\n\"<<\": e\n", true),
            ("plain", true),
            ("--- 1\n", true),
            ("a: 1\na: 2\n", false),
            ("a: &x 1\n", false),
            ("a: &x 1\nb: *x\n", false),
            ("a: !!str 1\n", false),
            ("a: !!map {}\n", false),
            ("<<: {a: 1}\n", false),
            ("? [a]\n: 1\n", false),
            ("? \n: 1\n", false),
            ("a: .inf\n", false),
            ("a: [\n", false),
            ("a: 1\n--- \nb: 2\n", false),
        ] {
            let short = read(text, &RECORDED);
            assert_eq!(short.is_some(), taken, "{text:?}");
            if taken {
                assert_eq!(short, in_full(text), "{text:?}");
            }
        }
        let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read(&deep(MAX_DEPTH), &RECORDED), in_full(&deep(MAX_DEPTH)));
        assert_eq!(read(&deep(MAX_DEPTH + 1), &RECORDED), None);
    }
}
