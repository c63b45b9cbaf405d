//! Merging of nodes: JSON Merge Patch (RFC 7396), with every part keeping the place it came from.

use std::collections::HashMap;

use crate::source::{Content, Entry, Map, Node};

/// Merges a patch over a base: maps merge, a null removes, everything else replaces.
///
/// A map that is merged keeps the place of the base; whatever the patch replaces or adds has its own.
pub(super) fn merge(base: &mut Node, patch: Node) {
    if base.as_map().is_none() || patch.as_map().is_none() {
        *base = without_nulls(patch);
        return;
    }
    let Content::Map(patch) = into_content(patch) else { return };
    let Some(map) = base.as_map_mut() else { return };
    let mut entries: Vec<Option<Entry>> = std::mem::take(map).into_iter().map(Some).collect();
    let mut places: HashMap<String, usize> = (entries.iter().flatten().enumerate())
        .map(|(place, entry)| (entry.key.text.clone(), place))
        .collect();
    for Entry { key, value } in patch {
        let place = places.get(&key.text).copied();
        let old = place.and_then(|place| entries.get_mut(place));
        match (old, value.content()) {
            (old, Content::Null) => {
                old.map(Option::take);
                places.remove(&key.text);
            }
            (Some(Some(old)), Content::Map(_)) if old.value.as_map().is_some() => {
                merge(&mut old.value, value);
            }
            (Some(old), _) => *old = Some(Entry { key, value: without_nulls(value) }),
            (None, _) => {
                places.insert(key.text.clone(), entries.len());
                entries.push(Some(Entry { key, value: without_nulls(value) }));
            }
        }
    }
    *map = Map::from_distinct(entries.into_iter().flatten().collect());
}

/// Drops the entries of maps that are null, as a merge onto nothing does; lists stay as they are.
pub(super) fn without_nulls(mut node: Node) -> Node {
    if let Some(map) = node.as_map_mut() {
        let entries = std::mem::take(map).into_iter();
        let kept = entries.filter(|entry| *entry.value.content() != Content::Null);
        *map = Map::from_distinct(
            kept.map(|entry| Entry { key: entry.key, value: without_nulls(entry.value) }).collect(),
        );
    }
    node
}

fn into_content(mut node: Node) -> Content {
    std::mem::replace(node.content_mut(), Content::Map(Map::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::yaml;
    use serde_json::{Value, json};

    fn node(path: &str, text: &str) -> Node {
        yaml::read(&SourceFile::new(path, text)).unwrap().remove(0)
    }

    fn merged(base: &str, patch: &str) -> Node {
        let mut base = node("base", base);
        merge(&mut base, node("patch", patch));
        base
    }

    #[test]
    fn merging_follows_the_examples_of_the_rfc() {
        for (base, patch, expected) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, json!({"a": "c"})),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, json!({"a": "b", "b": "c"})),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, json!({})),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, json!({"b": "c"})),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, json!({"a": "c"})),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, json!({"a": ["b"]})),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, json!({"a": {"b": "d"}})),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, json!({"a": [1]})),
            (r#"["a","b"]"#, r#"["c","d"]"#, json!(["c", "d"])),
            (r#"{"a":"b"}"#, r#"["c"]"#, json!(["c"])),
            (r#"{"a":"foo"}"#, "null", Value::Null),
            (r#"{"e":null}"#, r#"{"a":1}"#, json!({"e": null, "a": 1})),
            ("[1,2]", r#"{"a":"b","c":null}"#, json!({"a": "b"})),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merged(base, patch).to_json(), expected, "{base} + {patch}");
        }
    }

    #[test]
    fn each_part_keeps_the_place_it_came_from() {
        let merged = merged("a:\n  b: 1\n  c: 2\n", "a:\n  c: 3\n  d: 4\n");
        for (pointer, place) in
            [("/a", "base:1:1"), ("/a/b", "base:2:3"), ("/a/c", "patch:2:3"), ("/a/d", "patch:3:3")]
        {
            assert_eq!(merged.locate_key(pointer).to_string(), place, "{pointer}");
        }
    }
}
