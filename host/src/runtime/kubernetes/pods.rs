//! Where the pods are in the objects that make pods.

use serde_json::Value;

use super::identity::Identity;

/// Returns the JSON Pointer of the object that holds the pods' `metadata` and `spec`.
pub(super) fn template(manifest: &Value) -> Option<&'static str> {
    let identity = Identity::of(manifest).ok()?;
    match (identity.group(), identity.kind) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("apps.kusionstack.io", "CollaSet")
        | ("", "ReplicationController") => Some("/spec/template"),
        ("batch", "CronJob") => Some("/spec/jobTemplate/spec/template"),
        ("", "Pod") => Some(""),
        _ => None,
    }
}

/// Returns the pod spec of an object that makes pods.
pub(super) fn spec(manifest: &Value) -> Option<&Value> {
    manifest.pointer(&format!("{}/spec", template(manifest)?))
}
