//! What differs between two documents, value by value.
//!
//! Lists of objects that all have a `name` of their own are compared by name, as their readers see
//! them: containers, variables, volumes, ports.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::plan::{Change, SENSITIVE};
use crate::source::pointer_tokens;
use crate::spec::{at_or_below, push_segment};

/// Lists what differs between a document as it is and as it will be, in a stable order.
///
/// `sensitive` holds JSON Pointers into either document; what lies at or below one is compared but not
/// shown. A document that is missing has no values.
pub fn diff(old: Option<&Value>, new: Option<&Value>, sensitive: &[String]) -> Vec<Change> {
    located(old, new, sensitive).into_iter().map(|(change, _)| change).collect()
}

/// Lists what differs, each with the JSON Pointer into the old document.
pub(super) fn located(
    old: Option<&Value>,
    new: Option<&Value>,
    sensitive: &[String],
) -> Vec<(Change, String)> {
    let mut differ = Differ { sensitive, changes: Vec::new(), whole: Vec::new() };
    differ.compare(&mut Place::default(), old, new);
    differ.changes
}

/// Says of a secret value of a document that nobody can tell now whether it changes.
pub(super) fn unknown(pointer: &str) -> Change {
    let mut place = Place::default();
    let keys: Vec<_> = pointer_tokens(pointer).collect();
    let path = display(&mut place, &keys);
    let old = Some(Value::from(SENSITIVE));
    Change { path, old, new: None, sensitive: true, unknown: true, drift: None }
}

fn display(place: &mut Place, keys: &[Cow<'_, str>]) -> String {
    match keys.split_first() {
        Some((key, rest)) => place.member(key, |place| display(place, rest)),
        None => place.display.clone(),
    }
}

/// Lists the paths of objects and items that only one of two documents has.
pub(super) fn one_sided(old: &Value, new: &Value) -> Vec<String> {
    let mut differ = Differ { sensitive: &[], changes: Vec::new(), whole: Vec::new() };
    differ.compare(&mut Place::default(), Some(old), Some(new));
    differ.whole
}

/// Where the comparison stands: for people, and as pointers into both documents, whose list positions
/// can differ.
#[derive(Default)]
struct Place {
    display: String,
    old: String,
    new: String,
}

impl Place {
    fn within<R>(
        &mut self,
        display: &str,
        old: &str,
        new: &str,
        act: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let lengths = (self.display.len(), self.old.len(), self.new.len());
        self.display.push_str(display);
        push_segment(&mut self.old, old);
        push_segment(&mut self.new, new);
        let result = act(self);
        self.display.truncate(lengths.0);
        self.old.truncate(lengths.1);
        self.new.truncate(lengths.2);
        result
    }

    fn member<R>(&mut self, key: &str, act: impl FnOnce(&mut Self) -> R) -> R {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let display = if key.is_empty() || !key.chars().all(plain) {
            format!("[{}]", Value::from(key))
        } else if self.display.is_empty() {
            key.to_owned()
        } else {
            format!(".{key}")
        };
        self.within(&display, key, key, act)
    }
}

struct Differ<'a> {
    sensitive: &'a [String],
    changes: Vec<(Change, String)>,
    /// Where an object is on one side only.
    whole: Vec<String>,
}

impl Differ<'_> {
    fn compare(&mut self, place: &mut Place, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) => self.objects(place, old, new),
            (Some(Value::Array(old)), Some(Value::Array(new))) => self.lists(place, old, new),
            (Some(Value::Object(old)), None) if !old.is_empty() => {
                self.whole.push(place.display.clone());
                self.objects(place, old, &Map::new());
            }
            (None, Some(Value::Object(new))) if !new.is_empty() => {
                self.whole.push(place.display.clone());
                self.objects(place, &Map::new(), new);
            }
            (Some(Value::Array(old)), None) if by_name(old).is_some() => {
                self.lists(place, old, &[]);
            }
            (None, Some(Value::Array(new))) if by_name(new).is_some() => {
                self.lists(place, &[], new);
            }
            (old, new) => self.change(place, old, new),
        }
    }

    fn objects(&mut self, place: &mut Place, old: &Map<String, Value>, new: &Map<String, Value>) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            place.member(key, |place| self.compare(place, old.get(key), new.get(key)));
        }
    }

    fn lists(&mut self, place: &mut Place, old: &[Value], new: &[Value]) {
        if let (Some(old_places), Some(new_places)) = (by_name(old), by_name(new)) {
            self.named_lists(place, (old, &old_places), (new, &new_places));
        } else if old.iter().chain(new).all(|item| item.is_object() || item.is_array()) {
            for index in 0..old.len().max(new.len()) {
                let segment = index.to_string();
                place.within(&format!("[{index}]"), &segment, &segment, |place| {
                    self.compare(place, old.get(index), new.get(index));
                });
            }
        } else {
            let whole = |list: &[Value]| Value::Array(list.to_vec());
            self.change(place, Some(&whole(old)), Some(&whole(new)));
        }
    }

    fn named_lists(
        &mut self,
        place: &mut Place,
        (old, old_places): (&[Value], &BTreeMap<&str, usize>),
        (new, new_places): (&[Value], &BTreeMap<&str, usize>),
    ) {
        let before = self.changes.len();
        let names: BTreeSet<&str> = old_places.keys().chain(new_places.keys()).copied().collect();
        for name in names {
            let (old_at, new_at) = (old_places.get(name), new_places.get(name));
            let segment = |at: Option<&usize>| at.map_or_else(|| "-".to_owned(), usize::to_string);
            place.within(&format!("[{name}]"), &segment(old_at), &segment(new_at), |place| {
                let old = old_at.and_then(|at| old.get(*at));
                let new = new_at.and_then(|at| new.get(*at));
                self.compare(place, old, new);
            });
        }
        if self.changes.len() == before {
            let order =
                |list: &[Value]| list.iter().filter_map(|item| item.get("name")).cloned().collect();
            self.change(place, Some(&order(old)), Some(&order(new)));
        }
    }

    fn change(&mut self, place: &Place, old: Option<&Value>, new: Option<&Value>) {
        let below =
            |pointer: &str| self.sensitive.iter().any(|secret| at_or_below(pointer, secret));
        let holds =
            |pointer: &str| self.sensitive.iter().any(|secret| at_or_below(secret, pointer));
        let sensitive = [&place.old, &place.new].into_iter().any(|p| below(p) || holds(p));
        let shown = |value: Option<&Value>| {
            let value = value?;
            Some(if sensitive { Value::from(SENSITIVE) } else { value.clone() })
        };
        let path = if place.display.is_empty() { ".".to_owned() } else { place.display.clone() };
        let (old, new) = (shown(old), shown(new));
        let change = Change { path, old, new, sensitive, unknown: false, drift: None };
        self.changes.push((change, place.old.clone()));
    }
}

/// Returns the position of each item by name, if all items are objects with a name of their own.
fn by_name(list: &[Value]) -> Option<BTreeMap<&str, usize>> {
    let mut places = BTreeMap::new();
    for (index, item) in list.iter().enumerate() {
        let name = item.get("name")?.as_str()?;
        if places.insert(name, index).is_some() {
            return None;
        }
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(old: &Value, new: &Value, sensitive: &[&str]) -> Vec<String> {
        let sensitive: Vec<String> = sensitive.iter().map(|s| (*s).to_owned()).collect();
        let shown =
            |value: Option<Value>| value.map_or("none".to_owned(), |value| value.to_string());
        diff(Some(old), Some(new), &sensitive)
            .into_iter()
            .map(|Change { path, old, new, .. }| {
                format!("{path}: {} -> {}", shown(old), shown(new))
            })
            .collect()
    }

    #[test]
    fn values_are_named_as_people_name_them() {
        let cases = [
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), vec!["a.b: 1 -> 2"]),
            (json!({"a": 1}), json!({"a": {"b": 2}}), vec!["a: 1 -> {\"b\":2}"]),
            (json!({"a": {"b": 1, "c": 1}}), json!({}), vec!["a.b: 1 -> none", "a.c: 1 -> none"]),
            (json!({}), json!({"a": {}}), vec!["a: none -> {}"]),
            (
                json!({"annotations": {"prometheus.io/path": "/a"}}),
                json!({"annotations": {"prometheus.io/path": "/b"}}),
                vec![r#"annotations["prometheus.io/path"]: "/a" -> "/b""#],
            ),
            (
                json!({"args": ["a", "b"]}),
                json!({"args": ["a"]}),
                vec![r#"args: ["a","b"] -> ["a"]"#],
            ),
            (
                json!({"p": [{"n": 1}]}),
                json!({"p": [{"n": 2}, {"n": 3}]}),
                vec!["p[0].n: 1 -> 2", "p[1].n: none -> 3"],
            ),
            (json!("not yaml"), json!({"a": 1}), vec![".: \"not yaml\" -> {\"a\":1}"]),
        ];
        for (old, new, expected) in cases {
            assert_eq!(lines(&old, &new, &[]), expected, "{old} -> {new}");
        }
    }

    #[test]
    fn lists_of_named_objects_are_compared_by_name() {
        let list = |items: Value| json!({"env": items});
        let (a, b) = (json!({"name": "A", "value": "1"}), json!({"name": "B", "value": "2"}));
        assert_eq!(
            lines(&list(json!([a])), &list(json!([b, {"name": "A", "value": "3"}])), &[]),
            [
                r#"env[A].value: "1" -> "3""#,
                r#"env[B].name: none -> "B""#,
                r#"env[B].value: none -> "2""#,
            ]
        );
        assert_eq!(
            lines(&list(json!([a, b])), &list(json!([b, a])), &[]),
            [r#"env: ["A","B"] -> ["B","A"]"#]
        );
        assert_eq!(
            lines(&list(json!([a, a])), &list(json!([a, b])), &[]),
            [r#"env[1].name: "A" -> "B""#, r#"env[1].value: "1" -> "2""#]
        );
    }

    #[test]
    fn secret_values_are_compared_and_never_shown() {
        let old =
            json!({"data": {"a": "hunter2", "b": "same"}, "list": [{"name": "x", "v": "hunter2"}]});
        let new = json!({"data": {"a": "hunter3", "b": "same", "c": "new"}, "list": [{"name": "w"}, {"name": "x", "v": "hunter3"}]});
        assert_eq!(
            lines(&old, &new, &["/data", "/list/1/v"]),
            [
                r#"data.a: "(sensitive)" -> "(sensitive)""#,
                r#"data.c: none -> "(sensitive)""#,
                r#"list[w].name: none -> "w""#,
                r#"list[x].v: "(sensitive)" -> "(sensitive)""#,
            ]
        );
        assert_eq!(
            lines(&json!({"data": "garbage"}), &json!({"data": {"a": "x"}}), &["/data/a"]),
            [r#"data: "(sensitive)" -> "(sensitive)""#]
        );
    }
}
