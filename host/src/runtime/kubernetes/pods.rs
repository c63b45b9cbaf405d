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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_that_makes_pods_says_where() {
        let cases = [
            ("apps/v1", "Deployment", Some("/spec/template")),
            ("apps/v1", "StatefulSet", Some("/spec/template")),
            ("apps/v1", "DaemonSet", Some("/spec/template")),
            ("apps/v1", "ReplicaSet", Some("/spec/template")),
            ("batch/v1", "Job", Some("/spec/template")),
            ("apps.kusionstack.io/v1alpha1", "CollaSet", Some("/spec/template")),
            ("batch/v1", "CronJob", Some("/spec/jobTemplate/spec/template")),
            ("v1", "Pod", Some("")),
            ("example.com/v1", "Deployment", None),
            ("v1", "Service", None),
        ];
        for (api_version, kind, expected) in cases {
            let manifest = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": {}});
            assert_eq!(template(&manifest), expected, "{api_version} {kind}");
        }
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1}});
        assert_eq!(spec(&pod), Some(&json!({"a": 1})));
    }
}
