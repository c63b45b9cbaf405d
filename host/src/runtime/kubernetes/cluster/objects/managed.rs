//! Who set which value of a live object, as its managed fields say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::ownership::MANAGER;
use crate::source::escape_token;
use crate::spec::{Editor, at_or_below};

/// The most levels that are followed; the server nests no deeper.
const DEPTH: usize = 64;

/// Returns who else than us set which value, by JSON Pointer. What several set is whose who did so last.
pub(crate) fn editors(live: &Value) -> BTreeMap<String, Editor> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeMap::<String, Editor>::new());
    for entry in entries.into_iter().flatten() {
        let Some(fields) = entry.get("fieldsV1").and_then(Value::as_object) else { continue };
        let Some(editor) = editor(entry) else { continue };
        let mut places = Vec::new();
        collect(fields, live, &mut String::new(), &mut places, DEPTH);
        if editor.manager == MANAGER && editor.operation == "Apply" {
            ours.extend(places);
            continue;
        }
        for place in places {
            let later = theirs.get(&place).is_none_or(|known| known.time <= editor.time);
            if later {
                theirs.insert(place, editor.clone());
            }
        }
    }
    theirs.retain(|place, _| !ours.contains(place) && !place.starts_with("/status"));
    theirs
}

/// Names who else than us set a field of a live object or a part of it, as in `spec.a` (set by `kubectl-edit`);
/// nobody if the field is ours. The parts of a probe are refused together.
pub(crate) fn set_by_others(live: &Value, field: &str) -> Vec<String> {
    let probe = field.match_indices("Probe").last();
    let probe = probe.and_then(|(at, name)| field.get(..at.saturating_add(name.len())));
    let named = |field: &str| -> Vec<String> {
        let pointer = pointer(live, field);
        let who = editors(live).into_iter().filter(|(place, _)| at_or_below(place, &pointer));
        let who: BTreeSet<String> = who.map(|(_, editor)| editor.to_string()).collect();
        who.into_iter().map(|who| format!("`{field}` ({who})")).collect()
    };
    let found = named(field);
    if found.is_empty() { probe.map(named).unwrap_or_default() } else { found }
}

/// Finds where a field is as a plan writes it.
fn pointer(live: &Value, field: &str) -> String {
    let (mut pointer, mut at) = (String::new(), Some(live));
    for part in field.split(['.', '[']) {
        let token = part.trim_end_matches(']');
        let named = |item: &&Value| item.get("name").and_then(Value::as_str) == Some(token);
        let index =
            at.and_then(Value::as_array).and_then(|items| items.iter().position(|it| named(&it)));
        let token = index.map_or_else(|| token.to_owned(), |index| index.to_string());
        pointer.push('/');
        pointer.push_str(&escape_token(&token));
        at = live.pointer(&pointer);
    }
    pointer
}

pub(super) fn editor(entry: &Value) -> Option<Editor> {
    let text = |member| entry.get(member).and_then(Value::as_str).map(str::to_owned);
    Some(Editor {
        manager: text("manager")?,
        operation: text("operation").unwrap_or_default(),
        subresource: text("subresource").filter(|subresource| !subresource.is_empty()),
        time: text("time"),
    })
}

/// Lists the values that a set of fields names; those that are not there any more are left out.
fn collect(
    fields: &Map<String, Value>,
    live: &Value,
    place: &mut String,
    places: &mut Vec<String>,
    depth: usize,
) {
    for (field, below) in fields {
        let length = place.len();
        if let Some((token, value)) = child(field, live) {
            place.push('/');
            place.push_str(&token);
            match below.as_object().filter(|below| !below.is_empty() && depth > 0) {
                Some(below) => collect(below, value, place, places, depth - 1),
                None => places.push(place.clone()),
            }
            place.truncate(length);
        }
    }
}

/// Finds what `f:name`, `k:{"name":"main"}`, `v:"text"` or `i:3` means in a value.
pub(super) fn child<'v>(field: &str, live: &'v Value) -> Option<(String, &'v Value)> {
    let (how, what) = field.split_once(':')?;
    let find = |fits: &dyn Fn(&Value) -> bool| {
        let found = live.as_array()?.iter().enumerate().find(|(_, item)| fits(item));
        found.map(|(index, item)| (index.to_string(), item))
    };
    match how {
        "f" => live.get(what).map(|value| (escape_token(what).into_owned(), value)),
        "k" => {
            let key: Map<String, Value> = serde_json::from_str(what).ok()?;
            find(&|item| key.iter().all(|(member, value)| item.get(member) == Some(value)))
        }
        "v" => {
            let wanted: Value = serde_json::from_str(what).ok()?;
            find(&|item| *item == wanted)
        }
        "i" => {
            let index: usize = what.parse().ok()?;
            live.as_array()?.get(index).map(|item| (index.to_string(), item))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, time: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "time": time, "fieldsV1": fields})
    }

    fn list(live: &Value) -> Vec<(String, String)> {
        let editors = editors(live).into_iter();
        editors.map(|(place, editor)| (place, editor.to_string())).collect()
    }

    #[test]
    fn each_value_has_who_set_it_last_and_ours_are_left_out() {
        let mut scaled = entry("kubectl", "Update", "3", json!({"f:spec": {"f:replicas": {}}}));
        scaled["subresource"] = "scale".into();
        let container =
            |below: Value| json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": below}}});
        let live = json!({
            "metadata": {
                "labels": {"a/b": "1"}, "finalizers": ["x", "y"],
                "managedFields": [
                    entry("kusion", "Apply", "1", container(json!({".": {}, "f:name": {}, "f:args": {}}))),
                    entry("kubectl-edit", "Update", "2", container(json!({"f:image": {}, "f:args": {}, "f:gone": {}}))),
                    scaled,
                    entry("old", "Update", "1", json!({"f:spec": {"f:replicas": {}}, "f:status": {"f:ready": {}}})),
                    entry("labels", "Apply", "4", json!({"f:metadata": {"f:labels": {"f:a/b": {}}, "f:finalizers": {"v:\"y\"": {}}}})),
                    json!({"manager": "no fields"}),
                ],
            },
            "spec": {"replicas": 3, "containers": [{"name": "first"}, {"name": "main", "image": "a", "args": []}]},
            "status": {"ready": 1},
        });
        let expected = [
            ("/metadata/finalizers/1", "applied by `labels` at 4"),
            ("/metadata/labels/a~1b", "applied by `labels` at 4"),
            ("/spec/containers/1/image", "set by `kubectl-edit` at 2"),
            ("/spec/replicas", "set by `kubectl` through `scale` at 3"),
        ];
        let expected = expected.map(|(place, who)| (place.to_owned(), who.to_owned()));
        assert_eq!(list(&live), expected);
    }

    #[test]
    fn who_set_a_part_of_a_field_is_named_with_the_field() {
        let probe = json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {"f:liveProbe": {"f:exec": {"f:command": {}}}}}}});
        let live = json!({
            "metadata": {"managedFields": [entry("kubectl-edit", "Update", "2", probe)]},
            "spec": {"containers": [{"name": "first"}, {"name": "main", "liveProbe": {"exec": {"command": ["a"]}}}]},
        });
        for field in ["spec.containers[1].liveProbe", "spec.containers[main].liveProbe"] {
            let expected = format!("`{field}` (set by `kubectl-edit` at 2)");
            assert_eq!(set_by_others(&live, field), [expected.as_str()]);
            assert_eq!(set_by_others(&live, &format!("{field}.httpGet")), [expected]);
        }
        assert!(set_by_others(&live, "spec.containers[0].liveProbe").is_empty());
        assert!(set_by_others(&live, "spec.containers[1].image").is_empty());
    }

    #[test]
    fn what_no_manager_tells_is_nobodys() {
        assert!(list(&json!({"metadata": {}})).is_empty());
        let odd = json!({
            "metadata": {"managedFields": [
                entry("a", "Update", "1", json!({"f:spec": {"x:1": {}, "k:not json": {}, "i:7": {}, "plain": {}}})),
            ]},
            "spec": [1],
        });
        assert!(list(&odd).is_empty());
    }
}
