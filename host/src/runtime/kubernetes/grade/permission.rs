//! Whether an object of RBAC lets somebody do more than before.
//!
//! A role counts although nobody may be bound to it: who is, cannot be seen from it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::runtime::kubernetes::identity::Identity;

/// Labels by which a ClusterRole becomes a part of others.
const AGGREGATE: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// Returns whether an object as planned permits what it did not; `live` is `None` if it is new.
pub(super) fn is_gained(live: Option<&Value>, planned: &Value) -> bool {
    let Ok(identity) = Identity::of(planned) else { return false };
    if identity.group() != "rbac.authorization.k8s.io" {
        return false;
    }
    match identity.kind {
        "Role" | "ClusterRole" => widens(live, planned),
        "RoleBinding" | "ClusterRoleBinding" => binds(live, planned),
        _ => false,
    }
}

fn widens(live: Option<&Value>, planned: &Value) -> bool {
    let aggregates = |role: &Value| -> BTreeSet<String> {
        let labels = role.pointer("/metadata/labels").and_then(Value::as_object);
        let set = labels.into_iter().flatten().filter(|(_, value)| *value == "true");
        set.map(|(key, _)| key.clone()).filter(|key| key.starts_with(AGGREGATE)).collect()
    };
    let selectors = |role: &Value| -> Vec<Value> {
        items(role, "/aggregationRule/clusterRoleSelectors").cloned().collect()
    };
    let (old_labels, old_selectors, old_rules) = live.map_or_else(Default::default, |live| {
        (aggregates(live), selectors(live), items(live, "/rules").collect::<Vec<_>>())
    });
    let covered = |rule: &Value| old_rules.iter().any(|old| covers(old, rule));
    !aggregates(planned).is_subset(&old_labels)
        || selectors(planned).iter().any(|selector| !old_selectors.contains(selector))
        || items(planned, "/rules").any(|rule| is_of_use(rule) && !covered(rule))
}

/// Returns whether one rule permits everything that another does.
///
/// Several old rules can cover a new one together; that is called a gain all the same, because to err on this side
/// costs a look.
fn covers(old: &Value, new: &Value) -> bool {
    let all = |member: &str, covers: fn(&str, &str) -> bool| {
        let old = texts(old, member);
        texts(new, member).iter().all(|new| old.iter().any(|old| covers(old, new)))
    };
    let (old_names, new_names) = (texts(old, "resourceNames"), texts(new, "resourceNames"));
    let names = old_names.is_empty() || (!new_names.is_empty() && new_names.is_subset(&old_names));
    names
        && all("verbs", covers_word)
        && all("apiGroups", covers_word)
        && all("resources", covers_resource)
        && all("nonResourceURLs", covers_path)
}

fn covers_word(old: &str, new: &str) -> bool {
    old == "*" || old == new
}

/// `*/scale` is that subresource of every resource.
fn covers_resource(old: &str, new: &str) -> bool {
    let subresource = |text| str::split_once(text, '/').map(|(_, subresource)| subresource);
    covers_word(old, new) || old.strip_prefix("*/").is_some_and(|old| subresource(new) == Some(old))
}

fn covers_path(old: &str, new: &str) -> bool {
    covers_word(old, new) || old.strip_suffix('*').is_some_and(|prefix| new.starts_with(prefix))
}

/// Returns whether a rule permits anything.
fn is_of_use(rule: &Value) -> bool {
    let has = |member| !texts(rule, member).is_empty();
    has("verbs") && (has("resources") || has("nonResourceURLs"))
}

fn binds(live: Option<&Value>, planned: &Value) -> bool {
    let role = |binding: &Value| binding.get("roleRef").cloned();
    let same_role = live.is_some_and(|live| role(live) == role(planned));
    let before: Vec<Subject<'_>> =
        live.filter(|_| same_role).map(subjects).into_iter().flatten().collect();
    subjects(planned).any(|subject| !before.contains(&subject))
}

/// Kind, namespace and name of whom a binding is for.
type Subject<'a> = (&'a str, &'a str, &'a str);

fn subjects(binding: &Value) -> impl Iterator<Item = Subject<'_>> {
    items(binding, "/subjects").map(|subject| {
        let part = |member| subject.get(member).and_then(Value::as_str).unwrap_or_default();
        (part("kind"), part("namespace"), part("name"))
    })
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'v>(rule: &'v Value, member: &str) -> BTreeSet<&'v str> {
    let items = rule.get(member).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: &str, rest: Value) -> Value {
        let mut object = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "x"},
        });
        for (key, value) in rest.as_object().unwrap() {
            object[key] = value.clone();
        }
        object
    }

    fn role(rules: Value) -> Value {
        object("Role", json!({"rules": rules}))
    }

    fn rule(verbs: &[&str], resources: &[&str]) -> Value {
        json!({"apiGroups": [""], "resources": resources, "verbs": verbs})
    }

    #[test]
    fn a_role_gains_by_what_no_rule_of_it_covered() {
        let named = |names: &[&str]| json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": names});
        let path = |path| json!({"nonResourceURLs": [path], "verbs": ["get"]});
        let get = || rule(&["get"], &["pods"]);
        let cases = [
            ("the same", json!([get()]), json!([get()]), false),
            ("another verb", json!([get()]), json!([rule(&["get", "list"], &["pods"])]), true),
            ("another resource", json!([get()]), json!([get(), rule(&["get"], &["nodes"])]), true),
            ("one verb less", json!([rule(&["get", "list"], &["pods"])]), json!([get()]), false),
            (
                "a rule split",
                json!([rule(&["get", "list"], &["pods"])]),
                json!([get(), rule(&["list"], &["pods"])]),
                false,
            ),
            (
                "from everything",
                json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]),
                json!([get()]),
                false,
            ),
            ("to everything", json!([get()]), json!([rule(&["*"], &["pods"])]), true),
            ("a subresource", json!([get()]), json!([rule(&["get"], &["pods/log"])]), true),
            (
                "of every resource",
                json!([rule(&["get"], &["*/log"])]),
                json!([rule(&["get"], &["pods/log"])]),
                false,
            ),
            ("to one name", json!([get()]), json!([named(&["a"])]), false),
            ("from one name to all", json!([named(&["a"])]), json!([get()]), true),
            ("another name", json!([named(&["a"])]), json!([named(&["a", "b"])]), true),
            ("a path", json!([]), json!([path("/healthz")]), true),
            ("a path below", json!([path("/healthz/*")]), json!([path("/healthz/etcd")]), false),
            ("a rule without verbs", json!([]), json!([rule(&[], &["pods"])]), false),
            ("no rules", json!([get()]), json!([]), false),
        ];
        for (name, old, new, expected) in cases {
            assert_eq!(is_gained(Some(&role(old)), &role(new)), expected, "{name}");
        }
        assert!(is_gained(None, &role(json!([get()]))));
        assert!(!is_gained(None, &role(json!([]))));
    }

    #[test]
    fn a_role_that_becomes_part_of_others_or_takes_them_in_gains() {
        let plain = object("ClusterRole", json!({"rules": []}));
        let part = |value: &str| {
            let labels = json!({format!("{AGGREGATE}admin"): value});
            object("ClusterRole", json!({"metadata": {"name": "x", "labels": labels}}))
        };
        assert!(is_gained(Some(&plain), &part("true")));
        assert!(!is_gained(Some(&plain), &part("false")));
        assert!(!is_gained(Some(&part("true")), &part("true")));
        let whole = object(
            "ClusterRole",
            json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}),
        );
        assert!(is_gained(Some(&plain), &whole));
        assert!(!is_gained(Some(&whole), &whole));
    }

    #[test]
    fn a_binding_gains_with_every_subject_that_it_did_not_have() {
        let binding = |role: &str, names: &[&str]| {
            let subject =
                |name: &&str| json!({"kind": "ServiceAccount", "namespace": "n", "name": name});
            let subjects: Vec<Value> = names.iter().map(subject).collect();
            object("RoleBinding", json!({"roleRef": {"name": role}, "subjects": subjects}))
        };
        let one = binding("view", &["a"]);
        let cases = [
            (None, binding("view", &["a"]), true),
            (None, binding("view", &[]), false),
            (Some(&one), binding("view", &["a"]), false),
            (Some(&one), binding("view", &["a", "b"]), true),
            (Some(&one), binding("view", &[]), false),
            (Some(&one), binding("admin", &["a"]), true),
        ];
        for (live, planned, expected) in cases {
            assert_eq!(is_gained(live, &planned), expected, "{planned}");
        }
        let other = json!({"apiVersion": "v1", "kind": "RoleBinding", "metadata": {"name": "x"}});
        assert!(!is_gained(None, &other));
    }
}
