//! Walks over the strings of a document.
//!
//! Documents come out of parsers that bound their depth, so recursion is bounded here as well.

use serde_json::Value;

/// Appends a segment to a JSON Pointer.
pub(crate) fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for c in segment.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Returns whether a pointer is another one or lies below it.
pub(crate) fn at_or_below(pointer: &str, ancestor: &str) -> bool {
    pointer.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Calls `see` with every string of a document, keys of objects included, and its JSON Pointer.
pub(crate) fn visit_strings(value: &Value, see: &mut dyn FnMut(&str, &str)) {
    visit(value, &mut String::new(), see);
}

fn visit(value: &Value, pointer: &mut String, see: &mut dyn FnMut(&str, &str)) {
    let length = pointer.len();
    match value {
        Value::String(text) => see(pointer, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                push_segment(pointer, &index.to_string());
                visit(item, pointer, see);
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                push_segment(pointer, key);
                see(pointer, key);
                visit(member, pointer, see);
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Calls `change` with every string value of a document; a value it returns takes the string's place.
pub(crate) fn replace_strings(value: &mut Value, change: &mut dyn FnMut(&str) -> Option<Value>) {
    match value {
        Value::String(text) => {
            if let Some(new) = change(text) {
                *value = new;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_strings(item, change)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| replace_strings(member, change));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_and_keys_are_seen_with_their_pointers() {
        let mut seen = Vec::new();
        visit_strings(&json!({"a/b": ["x", {"c~": "y"}], "n": 1}), &mut |pointer, text| {
            seen.push(format!("{pointer}={text}"));
        });
        assert_eq!(seen, ["/a~1b=a/b", "/a~1b/0=x", "/a~1b/1/c~0=c~", "/a~1b/1/c~0=y", "/n=n"]);
    }

    #[test]
    fn a_pointer_lies_below_whole_segments_only() {
        assert!(at_or_below("/data", "/data"));
        assert!(at_or_below("/data/key", "/data"));
        assert!(at_or_below("/data", ""));
        assert!(!at_or_below("/database", "/data"));
    }
}
