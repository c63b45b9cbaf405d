//! Paths of fields as a server and a plan write them: `spec.template.spec.containers[main].image`.

use serde_json::Value;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A member, after a dot or at the beginning.
    Member(String),
    /// What stands in brackets: a position, a name, the key of a map, or `port=80,protocol="TCP"`.
    Bracket(String),
}

impl Segment {
    /// Returns the text, however it was written.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Member(text) | Self::Bracket(text) => text,
        }
    }
}

/// Takes a path apart; a bracket that does not close ends it.
pub(super) fn segments(path: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let Some((text, after)) = inner.split_once(']') else { break };
            segments.push(Segment::Bracket(text.trim_matches('"').to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            segments.push(Segment::Member(text.to_owned()));
            rest = after;
        }
    }
    segments
}

/// Returns the position that a segment means in a list: that of the item with this name or these members, or
/// the number itself.
pub(super) fn position(list: &[Value], segment: &Segment) -> Option<usize> {
    let text = segment.text();
    let named = |item: &Value| item.get("name").and_then(Value::as_str) == Some(text);
    let described = |item: &Value| {
        let mut parts = text.split(',').map(|part| part.split_once('='));
        parts.all(|part| {
            part.is_some_and(|(key, value)| {
                item.get(key).map(plain).as_deref() == Some(value.trim_matches('"'))
            })
        })
    };
    let found = list.iter().position(named).or_else(|| list.iter().position(described));
    found.or_else(|| text.parse().ok().filter(|index| *index < list.len()))
}

/// Returns the value that a path leads to.
pub(super) fn value<'v>(manifest: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(manifest, |value, segment| match value {
        Value::Object(members) => members.get(segment.text()),
        Value::Array(items) => items.get(position(items, segment)?),
        _ => None,
    })
}

/// Returns a value as a person writes it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(text: &str) -> Segment {
        Segment::Member(text.to_owned())
    }

    fn bracket(text: &str) -> Segment {
        Segment::Bracket(text.to_owned())
    }

    #[test]
    fn a_path_is_members_and_brackets() {
        assert_eq!(
            segments("spec.containers[main].resources.limits[nvidia.com/gpu]"),
            [
                member("spec"),
                member("containers"),
                bracket("main"),
                member("resources"),
                member("limits"),
                bracket("nvidia.com/gpu"),
            ]
        );
        assert_eq!(segments(".a[\"b.c\"]"), [member("a"), bracket("b.c")]);
        assert_eq!(segments("a[open"), [member("a")]);
        assert!(segments("").is_empty());
    }

    #[test]
    fn an_item_is_found_by_name_by_members_and_by_number() {
        let list = [
            json!({"name": "1", "port": 80, "protocol": "TCP"}),
            json!({"name": "b", "port": 80, "protocol": "UDP"}),
        ];
        let at = |text| position(&list, &bracket(text));
        assert_eq!(at("1"), Some(0));
        assert_eq!(at("b"), Some(1));
        assert_eq!(at("0"), Some(0));
        assert_eq!(at("port=80,protocol=\"UDP\""), Some(1));
        assert_eq!(at("port=80,protocol=\"SCTP\""), None);
        assert_eq!(at("2"), None);
    }

    #[test]
    fn a_path_leads_to_a_value() {
        let manifest = json!({"spec": {"containers": [{"name": "main", "image": "a"}]}});
        let at = |path| value(&manifest, &segments(path)).map(plain);
        assert_eq!(at("spec.containers[main].image").as_deref(), Some("a"));
        assert_eq!(at("spec.containers[0].image").as_deref(), Some("a"));
        assert_eq!(at("spec.containers[1].image"), None);
        assert_eq!(at("spec.replicas"), None);
    }
}
