//! What is lost for good by a change.

use serde_json::Value;

use super::identity::Identity;

/// The annotation by which a platform marks objects that hold data, such as those of a database's operator.
const HOLDS_DATA: &str = "kusion.io/holds-data";

/// Says what would be lost if a live object became `planned`, or went; `replace` makes it anew. `None` if everything can
/// be made again as it was.
pub(super) fn lost(live: &Value, planned: Option<&Value>, replace: bool) -> Option<&'static str> {
    match planned.filter(|_| !replace) {
        Some(planned) => lost_by_change(live, planned),
        None => lost_with(live),
    }
}

fn lost_with(live: &Value) -> Option<&'static str> {
    let identity = Identity::of(live).ok()?;
    let annotations = live.pointer("/metadata/annotations");
    let marked = annotations.and_then(|annotations| annotations.get(HOLDS_DATA)?.as_str());
    match (identity.group(), identity.kind) {
        ("", "PersistentVolumeClaim") => Some("the data on its volume is deleted with it"),
        ("", "PersistentVolume") => Some("it is the way to the data on it"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some("all objects of the kind that it defines are deleted with it")
        }
        ("apps", "StatefulSet") if has_claims(live) && deletes_claims(live, "whenDeleted") => {
            Some("its volume claims are deleted with it, and the data on them")
        }
        _ if marked == Some("true") => Some("it is marked as holding data"),
        _ => None,
    }
}

fn lost_by_change(live: &Value, planned: &Value) -> Option<&'static str> {
    let identity = Identity::of(planned).ok()?;
    let replicas =
        |manifest: &Value| manifest.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1);
    let is_stateful = (identity.group(), identity.kind) == ("apps", "StatefulSet");
    let lets_go = is_stateful && has_claims(planned) && deletes_claims(planned, "whenScaled");
    (lets_go && replicas(planned) < replicas(live)).then_some(
        "the volume claims of the pods that go are deleted with them, and the data on them",
    )
}

fn has_claims(stateful_set: &Value) -> bool {
    stateful_set.pointer("/spec/volumeClaimTemplates/0").is_some()
}

fn deletes_claims(stateful_set: &Value, when: &str) -> bool {
    let policy = stateful_set.pointer("/spec/persistentVolumeClaimRetentionPolicy");
    policy.and_then(|policy| policy.get(when)?.as_str()) == Some("Delete")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_made_anew_is_known() {
        let stateful = |policy: &str, templates: Value| {
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "x"},
                "spec": {
                    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy},
                    "volumeClaimTemplates": templates,
                },
            })
        };
        let plain = |api_version: &str, kind: &str, annotations: Value| {
            json!({
                "apiVersion": api_version, "kind": kind,
                "metadata": {"name": "x", "annotations": annotations},
            })
        };
        let cases = [
            (plain("v1", "PersistentVolumeClaim", json!({})), true),
            (plain("v1", "PersistentVolume", json!({})), true),
            (plain("apiextensions.k8s.io/v1", "CustomResourceDefinition", json!({})), true),
            (plain("example.com/v1", "PersistentVolumeClaim", json!({})), false),
            (plain("v1", "ConfigMap", json!({})), false),
            (plain("db.example.com/v1", "Database", json!({HOLDS_DATA: "true"})), true),
            (plain("db.example.com/v1", "Database", json!({HOLDS_DATA: "false"})), false),
            (stateful("Delete", json!([{}])), true),
            (stateful("Retain", json!([{}])), false),
            (stateful("Delete", json!([])), false),
        ];
        for (live, expected) in cases {
            assert_eq!(lost(&live, None, false).is_some(), expected, "{live}");
            assert_eq!(lost(&live, Some(&live), true).is_some(), expected, "{live}");
            assert_eq!(lost(&live, Some(&live), false), None, "{live}");
        }
    }
}
