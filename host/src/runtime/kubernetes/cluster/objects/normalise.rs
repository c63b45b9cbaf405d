//! The part of a live object that a comparison is about.

use serde_json::{Map, Value};

/// What the server keeps in an object's metadata; nobody configures it.
const SERVER_METADATA: [&str; 6] =
    ["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"];

/// Counts the revisions of a Deployment; its controller writes it.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Returns an object as it was configured: without status, and without what the server and controllers write.
///
/// What remains has the server's defaults and its way of writing quantities, on both sides of a comparison.
pub(crate) fn normalise(mut object: Value) -> Value {
    let Some(members) = object.as_object_mut() else { return object };
    members.remove("status");
    if let Some(Value::Object(metadata)) = members.get_mut("metadata") {
        strip(metadata);
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            annotations.remove(REVISION);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    object
}

/// Removes what the server keeps in metadata and refuses to be told.
pub(super) fn strip(metadata: &mut Map<String, Value>) {
    for member in SERVER_METADATA {
        metadata.remove(member);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_configured_is_left() {
        let live = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "x", "namespace": "n", "uid": "u", "resourceVersion": "7", "generation": 3,
                "creationTimestamp": "2026-11-23T01:02:03Z", "managedFields": [{"manager": "kusion"}],
                "labels": {"a": "b"}, "annotations": {REVISION: "4"},
            },
            "spec": {"replicas": 1}, "status": {"replicas": 1},
        });
        assert_eq!(
            normalise(live),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "x", "namespace": "n", "labels": {"a": "b"}},
                "spec": {"replicas": 1},
            })
        );
        let kept = json!({"metadata": {"annotations": {"mine": "1"}}, "data": {"status": "kept"}});
        assert_eq!(normalise(kept.clone()), kept);
        assert_eq!(normalise(json!([1])), json!([1]));
    }
}
