//! The one form in which the Spec keeps a Kubernetes object.
//!
//! Objects that Go programs write carry zero values that mean nothing (`creationTimestamp: null`,
//! `status: {}`); the same object written by hand does not. Both become the same text.

use serde_json::{Map, Value};

use super::identity::is_secret;
use super::pods;
use crate::spec::{PATH_PREFIX, SECRET_PREFIX};

/// Holds the whole object as somebody applied it once, in a Secret with its data.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Brings a manifest into canonical form.
pub(super) fn canonicalise(manifest: &mut Value) {
    drop_nulls(manifest);
    if let Some(annotations) =
        manifest.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(LAST_APPLIED);
    }
    if manifest.get("status").is_some_and(is_zero) {
        drop_member(manifest, "", "status");
    }
    if is_secret(manifest) {
        canonicalise_secret(manifest);
    }
    drop_empty(manifest, "/metadata", &["labels", "annotations"]);
    drop_empty(manifest, "/spec", &["strategy", "updateStrategy", "resources"]);
    if manifest.get("kind").and_then(Value::as_str) == Some("Namespace") {
        drop_empty(manifest, "", &["spec"]);
    }
    drop_empty(manifest, "/spec/jobTemplate", &["metadata"]);
    canonicalise_pods(manifest);
    for claim in list_mut(manifest, "/spec/volumeClaimTemplates") {
        if claim.get("status").is_some_and(is_zero) {
            drop_member(claim, "", "status");
        }
        drop_empty(claim, "/spec", &["resources"]);
    }
}

fn canonicalise_pods(manifest: &mut Value) {
    let Some(template) = pods::template(manifest) else { return };
    drop_empty(manifest, &format!("{template}/metadata"), &["labels", "annotations"]);
    if !template.is_empty() {
        drop_empty(manifest, template, &["metadata"]);
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in list_mut(manifest, &format!("{template}/spec/{list}")) {
            drop_empty(container, "", &["resources"]);
        }
    }
}

/// Puts references into `stringData`, because what they stand for is text, and takes line breaks out of
/// the base64 in `data`.
fn canonicalise_secret(manifest: &mut Value) {
    let Some(secret) = manifest.as_object_mut() else { return };
    let mut texts = Map::new();
    if let Some(Value::Object(data)) = secret.get_mut("data") {
        data.retain(|key, value| {
            let Value::String(text) = value else { return true };
            if text.contains(SECRET_PREFIX) || text.starts_with(PATH_PREFIX) {
                texts.insert(key.clone(), Value::String(std::mem::take(text)));
                return false;
            }
            text.retain(|c| !c.is_ascii_whitespace());
            true
        });
    }
    if !texts.is_empty() {
        let string_data = secret.entry("stringData").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(string_data) = string_data {
            for (key, text) in texts {
                string_data.entry(key).or_insert(text);
            }
        }
    }
    drop_empty(manifest, "", &["data", "stringData"]);
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.values().any(Value::is_null) {
                members.retain(|_, member| !member.is_null());
            }
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
    }
}

fn drop_member(value: &mut Value, pointer: &str, member: &str) {
    if let Some(object) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        object.remove(member);
    }
}

fn drop_empty(value: &mut Value, pointer: &str, members: &[&str]) {
    if let Some(object) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
        for member in members {
            if object.get(*member).and_then(Value::as_object).is_some_and(Map::is_empty) {
                object.remove(*member);
            }
        }
    }
}

fn list_mut<'v>(value: &'v mut Value, pointer: &str) -> impl Iterator<Item = &'v mut Value> {
    value.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn canonical(mut manifest: Value) -> Value {
        canonicalise(&mut manifest);
        manifest
    }

    #[test]
    fn zero_values_of_go_go_and_meaningful_empty_values_stay() {
        let written_by_go = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "creationTimestamp": null, "labels": {}},
            "spec": {
                "strategy": {},
                "selector": {},
                "template": {
                    "metadata": {"creationTimestamp": null},
                    "spec": {
                        "containers": [{"name": "c", "resources": {}}],
                        "volumes": [{"name": "v", "emptyDir": {}}],
                    },
                },
            },
            "status": {},
        });
        assert_eq!(
            canonical(written_by_go),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "d"},
                "spec": {
                    "selector": {},
                    "template": {"spec": {
                        "containers": [{"name": "c"}],
                        "volumes": [{"name": "v", "emptyDir": {}}],
                    }},
                },
            })
        );
    }

    #[test]
    fn a_status_of_zeros_goes_and_any_other_stays() {
        let service = |status: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "status": status});
        let bare = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}});
        assert_eq!(canonical(service(json!({"loadBalancer": {}, "n": 0, "l": []}))), bare);
        let kept = service(json!({"replicas": 1}));
        assert_eq!(canonical(kept.clone()), kept);
    }

    #[test]
    fn references_in_a_secret_are_text_and_old_copies_of_its_data_go() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "annotations": {LAST_APPLIED: "{\"data\": \"aGk=\"}"}},
            "data": {"a": "aG\nk=\n", "b": "$kusion_secret.x.y.z", "c": "$kusion_path.i.a", "d": "$kusion_path.i.b"},
            "stringData": {"d": "wins"},
        });
        assert_eq!(
            canonical(secret),
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "s"},
                "data": {"a": "aGk="},
                "stringData": {"b": "$kusion_secret.x.y.z", "c": "$kusion_path.i.a", "d": "wins"},
            })
        );
    }
}
