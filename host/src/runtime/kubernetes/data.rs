//! Which objects hold data that goes with them.

use serde_json::Value;

use super::identity::Identity;

/// The annotation by which a platform marks objects that hold data, such as those of a database's operator.
const HOLDS_DATA: &str = "kusion.io/holds-data";

/// Returns whether deleting an object can lose data: a claim or a volume, a StatefulSet with claims of its own, a
/// definition of a kind, with which every object of the kind goes, and whatever is marked so.
pub(super) fn holds_data(manifest: &Value) -> bool {
    let Ok(identity) = Identity::of(manifest) else { return false };
    let annotations = manifest.pointer("/metadata/annotations");
    if annotations.and_then(|annotations| annotations.get(HOLDS_DATA)?.as_str()) == Some("true") {
        return true;
    }
    match (identity.group(), identity.kind) {
        ("", "PersistentVolumeClaim" | "PersistentVolume")
        | ("apiextensions.k8s.io", "CustomResourceDefinition") => true,
        ("apps", "StatefulSet") => {
            let claims = manifest.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
            claims.is_some_and(|claims| !claims.is_empty())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_volumes_and_definitions_hold_data_and_workloads_without_claims_do_not() {
        let with_claims = json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}}]});
        let cases = [
            ("v1", "PersistentVolumeClaim", json!({}), true),
            ("v1", "PersistentVolume", json!({}), true),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({}), true),
            ("apps/v1", "StatefulSet", with_claims.clone(), true),
            ("apps/v1", "StatefulSet", json!({"volumeClaimTemplates": []}), false),
            ("apps/v1", "StatefulSet", json!({}), false),
            ("apps/v1", "Deployment", with_claims, false),
            ("example.com/v1", "PersistentVolumeClaim", json!({}), false),
            ("v1", "ConfigMap", json!({}), false),
        ];
        for (api_version, kind, spec, expected) in cases {
            let manifest = json!({
                "apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec,
            });
            assert_eq!(holds_data(&manifest), expected, "{manifest}");
        }
        assert!(!holds_data(&json!({"kind": "PersistentVolumeClaim"})));
        let marked = |mark: &str| {
            let metadata = json!({"name": "x", "annotations": {HOLDS_DATA: mark}});
            json!({"apiVersion": "example.com/v1", "kind": "Database", "metadata": metadata})
        };
        assert!(holds_data(&marked("true")) && !holds_data(&marked("false")));
    }
}
