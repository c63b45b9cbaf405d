//! Items of lists of ours whose key somebody changed in place.
//!
//! A server-side apply tells items apart by their keys, so it would make ours beside what became of it, and where the
//! two share what must be unique, the server refuses that. Managed fields say whose the other one is: once it is ours,
//! an apply that does not name it takes it away.

use serde_json::{Map, Value, json};

use super::managed::{child, editor};
use super::ownership::MANAGER;
use super::strangers::key;
use crate::source::escape_token;
use crate::spec::Editor;

/// The most levels that are followed; the server nests no deeper.
const DEPTH: usize = 64;

/// An item that took the place of one of ours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Displaced {
    /// Where it stands in managed fields: `f:spec`, `f:ports`, `k:{"port":81}`.
    trail: Vec<String>,
    /// What the server tells it from others by.
    key: Map<String, Value>,
    /// Ours, as it is sent, and where it stands there.
    ours: (Value, String),
    /// The list as a plan names it, and both items in it.
    pub(crate) list: String,
    pub(crate) taken_by: String,
    pub(crate) named: String,
    pub(crate) by: Editor,
}

/// Finds what took the place of items that are sent, in lists that the server finds fault with: `problems` are the
/// fields that it names.
pub(crate) fn displaced(sent: &Value, live: &Value, problems: &[String]) -> Vec<Displaced> {
    let mut search = Search { found: Vec::new(), trail: Vec::new() };
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    for entry in entries.into_iter().flatten().filter(|entry| !is_ours(entry)) {
        let Some(by) = editor(entry) else { continue };
        if let Some(fields) = entry.get("fieldsV1").and_then(Value::as_object) {
            let here = Here { sent, live, pointer: "", path: "", by: &by };
            search.walk(fields, here, DEPTH);
        }
    }
    let is_at_fault = |list: &str| {
        let list = without_items(list);
        problems.iter().any(|field| without_items(field).starts_with(&list))
    };
    search.found.retain(|item| is_at_fault(&item.list));
    search.found
}

/// Returns the object that is sent with the others in the place of ours: what the server says to that is what it says
/// to everything else.
pub(crate) fn stand_in(sent: &Value, displaced: &[Displaced]) -> Value {
    let mut object = sent.clone();
    for item in displaced {
        if let Some(Value::Object(ours)) = object.pointer_mut(&item.ours.1) {
            ours.extend(item.key.clone());
        }
    }
    object
}

/// Returns what an apply of the stand-in makes with ours in their places again.
pub(crate) fn put_right(mut would: Value, displaced: &[Displaced]) -> Value {
    for item in displaced {
        if let Some(found) = follow(&mut would, &item.trail) {
            *found = item.ours.0.clone();
        }
    }
    would
}

/// Returns the merge patch that makes nothing but the lists of an object as they are in another one. A list within the
/// item of a list can only be patched with the outer one.
pub(crate) fn lists(whole: &Value, displaced: &[Displaced]) -> Value {
    let mut patch = json!({});
    for pointer in displaced.iter().map(Displaced::outer_list) {
        if let Some(list) = whole.pointer(&pointer) {
            put(&mut patch, &pointer, list.clone());
        }
    }
    patch
}

/// Takes such lists over from what the server answered.
pub(crate) fn with_lists(mut would: Value, answer: &Value, displaced: &[Displaced]) -> Value {
    for pointer in displaced.iter().map(Displaced::outer_list) {
        if let (Some(list), Some(found)) = (would.pointer_mut(&pointer), answer.pointer(&pointer)) {
            *list = found.clone();
        }
    }
    would
}

/// Returns the merge patch that makes the others ours, of an object as it is, and changes nothing else; `None` if the
/// fields of both are written in different versions of the kind.
pub(crate) fn reclaim(live: &Value, displaced: &[Displaced]) -> Option<Value> {
    let metadata = live.get("metadata")?;
    let mut entries = metadata.get("managedFields")?.as_array()?.clone();
    for item in displaced {
        let mut taken = Map::new();
        let mut version = None;
        for entry in entries.iter_mut().filter(|entry| !is_ours(entry)) {
            let Some(Value::Object(fields)) = entry.get_mut("fieldsV1") else { continue };
            if let Some(Value::Object(found)) = take(fields, &item.trail) {
                merge(&mut taken, found);
                version = entry.get("apiVersion").cloned();
            }
        }
        let ours = match entries.iter().position(is_ours) {
            Some(at) => entries.get_mut(at)?,
            None => {
                let entry = json!({
                    "manager": MANAGER, "operation": "Apply", "apiVersion": version,
                    "fieldsType": "FieldsV1", "fieldsV1": {},
                });
                entries.push(entry);
                entries.last_mut()?
            }
        };
        if ours.get("apiVersion") != version.as_ref() {
            return None;
        }
        let mut fields = Value::Object(taken);
        for step in item.trail.iter().rev() {
            fields = json!({ step: fields });
        }
        if let (Some(Value::Object(ours)), Value::Object(fields)) =
            (ours.get_mut("fieldsV1"), fields)
        {
            merge(ours, fields);
        }
    }
    entries.retain(|entry| entry["fieldsV1"].as_object().is_none_or(|fields| !fields.is_empty()));
    Some(json!({"metadata": {
        "uid": metadata.get("uid"), "resourceVersion": metadata.get("resourceVersion"),
        "managedFields": entries,
    }}))
}

impl Displaced {
    /// Says what happened.
    pub(crate) fn describe(&self) -> String {
        format!("`{}` took the place of `{}`, {}", self.taken_by, self.named, self.by)
    }

    /// Returns the JSON Pointer of the outermost list that holds it.
    fn outer_list(&self) -> String {
        let steps = self.trail.iter().map_while(|step| step.strip_prefix("f:"));
        steps.fold(String::new(), |pointer, step| format!("{pointer}/{}", escape_token(step)))
    }
}

#[derive(Clone, Copy)]
struct Here<'a> {
    sent: &'a Value,
    live: &'a Value,
    /// Where this is in what is sent.
    pointer: &'a str,
    path: &'a str,
    by: &'a Editor,
}

struct Search {
    found: Vec<Displaced>,
    trail: Vec<String>,
}

impl Search {
    fn walk(&mut self, fields: &Map<String, Value>, here: Here<'_>, depth: usize) {
        for (field, below) in fields {
            let Some((how, what)) = field.split_once(':') else { continue };
            let Some((_, live)) = child(field, here.live) else { continue };
            self.trail.push(field.clone());
            let inner = match how {
                "f" => here.sent.get(what).map(|sent| {
                    let dot = if here.path.is_empty() { "" } else { "." };
                    let pointer = format!("{}/{}", here.pointer, escape_token(what));
                    (sent, pointer, format!("{}{dot}{what}", here.path))
                }),
                "k" => self.item(what, live, here),
                _ => None,
            };
            if let (Some((sent, pointer, path)), Some(below)) = (inner, below.as_object())
                && depth > 0
            {
                let here = Here { sent, live, pointer: &pointer, path: &path, ..here };
                self.walk(below, here, depth - 1);
            }
            self.trail.pop();
        }
    }

    /// Returns ours of the same key; notes what took the place of another one.
    fn item<'v>(
        &mut self,
        key_text: &str,
        item: &Value,
        here: Here<'v>,
    ) -> Option<(&'v Value, String, String)> {
        let wanted: Map<String, Value> = serde_json::from_str(key_text).ok()?;
        let (sent, live) = (here.sent.as_array()?, here.live.as_array()?);
        if let Some(at) = sent.iter().position(|ours| has_key(ours, &wanted)) {
            let path = format!("{}[{}]", here.path, label(item));
            return Some((sent.get(at)?, format!("{}/{at}", here.pointer), path));
        }
        let has_gone = |ours: &Value| {
            let key = wanted.keys().map(|member| (member.clone(), member_of(ours, member)));
            let key: Map<String, Value> = key.collect();
            !live.iter().any(|item| has_key(item, &key))
        };
        let mut gone = sent.iter().enumerate().filter(|(_, ours)| has_gone(ours));
        let (at, ours) = match item.get("name") {
            Some(name) => gone.find(|(_, ours)| ours.get("name") == Some(name))?,
            // One without a name is the only one.
            None => gone.next().filter(|(_, ours)| {
                ours.get("name").is_none() && sent.len() == 1 && live.len() == 1
            })?,
        };
        self.found.push(Displaced {
            trail: self.trail.clone(),
            key: wanted,
            ours: (ours.clone(), format!("{}/{at}", here.pointer)),
            list: here.path.to_owned(),
            taken_by: format!("{}[{}]", here.path, label(item)),
            named: format!("{}[{}]", here.path, label(ours)),
            by: here.by.clone(),
        });
        None
    }
}

fn is_ours(entry: &Value) -> bool {
    entry["manager"] == MANAGER && entry["operation"] == "Apply"
}

fn label(item: &Value) -> String {
    key(item).unwrap_or_default()
}

fn has_key(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter().all(|(member, value)| member_of(item, member) == *value)
}

/// Returns the member of a key, which a server fills in where it is left out.
fn member_of(item: &Value, member: &str) -> Value {
    let missing = || if member == "protocol" { "TCP".into() } else { Value::Null };
    item.get(member).cloned().unwrap_or_else(missing)
}

/// Returns a path without what stands in brackets.
fn without_items(path: &str) -> String {
    let mut depth = 0_usize;
    let mut keep = |c: char| match c {
        '[' => {
            depth += 1;
            false
        }
        ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    };
    path.chars().filter(|c| keep(*c)).collect()
}

/// Finds in an object what a trail of managed fields leads to.
fn follow<'v>(object: &'v mut Value, trail: &[String]) -> Option<&'v mut Value> {
    let mut pointer = String::new();
    let mut at: &Value = object;
    for step in trail {
        let (token, value) = child(step, at)?;
        pointer.push('/');
        pointer.push_str(&token);
        at = value;
    }
    object.pointer_mut(&pointer)
}

/// Takes what a trail leads to out of managed fields, and everything that is empty then.
fn take(fields: &mut Map<String, Value>, trail: &[String]) -> Option<Value> {
    let (step, rest) = trail.split_first()?;
    if rest.is_empty() {
        return fields.remove(step);
    }
    let below = fields.get_mut(step)?.as_object_mut()?;
    let found = take(below, rest);
    if below.is_empty() {
        fields.remove(step);
    }
    found
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn put(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let Value::Object(members) = at else { return };
        at = members.entry(token).or_insert_with(|| json!({}));
    }
    *at = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn service(ports: Value, managers: Value) -> Value {
        json!({
            "metadata": {"uid": "u", "resourceVersion": "7", "managedFields": managers},
            "spec": {"type": "ClusterIP", "ports": ports},
        })
    }

    const PROBLEM: &str = "spec.ports[1].name";

    /// Port 80 of ours became port 81, and somebody added port 90.
    fn edited() -> (Value, Value) {
        let sent = json!({"spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]}});
        let managers = json!([
            entry("kusion", "Apply", json!({"f:spec": {"f:type": {}}})),
            entry(
                "kubectl-patch",
                "Update",
                json!({"f:spec": {"f:ports": {
                    "k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:name": {}},
                    "k:{\"port\":90,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}, "f:name": {}},
                }}})
            ),
        ]);
        let ports = json!([
            {"name": "http", "port": 81, "protocol": "TCP", "targetPort": 8080},
            {"name": "more", "port": 90, "protocol": "TCP"},
        ]);
        (sent, service(ports, managers))
    }

    #[test]
    fn a_port_whose_number_was_changed_is_known_by_its_name() {
        let (sent, live) = edited();
        let found = displaced(&sent, &live, &[PROBLEM.to_owned()]);
        let told: Vec<String> = found.iter().map(Displaced::describe).collect();
        assert_eq!(
            told,
            ["`spec.ports[81]` took the place of `spec.ports[80]`, set by `kubectl-patch`"]
        );
        // It is at fault only if the server says so.
        assert!(displaced(&sent, &live, &["spec.type".to_owned()]).is_empty());
        assert!(displaced(&sent, &live, &[]).is_empty());
    }

    #[test]
    fn an_only_port_without_a_name_is_known_too_and_one_of_several_is_not() {
        let sent = json!({"spec": {"ports": [{"port": 80}]}});
        let fields =
            json!({"f:spec": {"f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": {".": {}}}}});
        let managers = json!([entry("kubectl-edit", "Update", fields)]);
        let problem = ["spec.ports[0].name".to_owned()];
        let only = json!([{"port": 81, "protocol": "TCP"}]);
        let live = service(only, managers.clone());
        assert_eq!(displaced(&sent, &live, &problem).len(), 1);
        let several = json!([{"port": 81, "protocol": "TCP"}, {"port": 82, "protocol": "TCP"}]);
        assert!(displaced(&sent, &service(several, managers), &problem).is_empty());
    }

    #[test]
    fn what_an_apply_makes_is_asked_with_the_other_in_its_place_and_then_put_right() {
        let (sent, live) = edited();
        let found = displaced(&sent, &live, &[PROBLEM.to_owned()]);
        let stand_in = stand_in(&sent, &found);
        let asked = json!({"name": "http", "port": 81, "protocol": "TCP", "targetPort": 8080});
        assert_eq!(stand_in["spec"]["ports"], json!([asked]));
        let right = put_right(live.clone(), &found);
        let ports = json!([
            {"name": "http", "port": 80, "targetPort": 8080},
            {"name": "more", "port": 90, "protocol": "TCP"},
        ]);
        assert_eq!(right["spec"]["ports"], ports);
        assert_eq!(lists(&right, &found), json!({"spec": {"ports": ports}}));
        let answer = json!({"spec": {"ports": ["answered"], "type": "other"}});
        let taken = with_lists(right, &answer, &found);
        assert_eq!(
            (&taken["spec"]["ports"][0], &taken["spec"]["type"]),
            (&json!("answered"), &json!("ClusterIP"))
        );
    }

    #[test]
    fn only_what_took_a_place_becomes_ours() {
        let (sent, live) = edited();
        let found = displaced(&sent, &live, &[PROBLEM.to_owned()]);
        let patch = reclaim(&live, &found).unwrap();
        let item = json!({".": {}, "f:port": {}, "f:name": {}});
        let expected = json!({"metadata": {
            "uid": "u", "resourceVersion": "7",
            "managedFields": [
                entry("kusion", "Apply", json!({"f:spec": {"f:type": {}, "f:ports": {"k:{\"port\":81,\"protocol\":\"TCP\"}": item}}})),
                entry("kubectl-patch", "Update", json!({"f:spec": {"f:ports": {"k:{\"port\":90,\"protocol\":\"TCP\"}": item}}})),
            ],
        }});
        assert_eq!(patch, expected);
        let mut other = live;
        other["metadata"]["managedFields"][1]["apiVersion"] = "v2".into();
        assert_eq!(reclaim(&other, &found), None);
    }

    #[test]
    fn a_list_within_a_list_is_patched_with_the_outer_one() {
        let pod =
            |port: u16| json!({"name": "main", "ports": [{"name": "http", "containerPort": port}]});
        let sent = json!({"spec": {"containers": [pod(80)]}});
        let trail = "k:{\"containerPort\":81,\"protocol\":\"TCP\"}";
        let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"main\"}": {"f:ports": {trail: {".": {}}}}}}});
        let mut live = json!({
            "metadata": {"uid": "u", "managedFields": [entry("kubectl-edit", "Update", fields)]},
            "spec": {"containers": [pod(81)]},
        });
        live["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP".into();
        let found = displaced(&sent, &live, &["spec.containers[0].ports[1].name".to_owned()]);
        assert_eq!(found[0].taken_by, "spec.containers[main].ports[81]");
        let right = put_right(live.clone(), &found);
        assert_eq!(lists(&right, &found), sent);
        let patch = reclaim(&live, &found).unwrap();
        let managers = patch["metadata"]["managedFields"].as_array().unwrap();
        assert_eq!((managers.len(), &managers[0]["manager"]), (1, &json!("kusion")));
    }
}
