//! What is lost for good when an object goes.

use serde_json::Value;

use super::survey::Place;

/// The annotation by which a platform marks objects that hold data, such as those of a database's operator.
const HOLDS_DATA: &str = "kusion.io/holds-data";

/// Says what would be lost with a live object; `None` if it can be made anew as it was.
pub(super) fn lost_with(live: &Value) -> Option<&'static str> {
    let place = Place::of(live)?;
    let text = |pointer| live.pointer(pointer).and_then(Value::as_str);
    let annotations = live.pointer("/metadata/annotations");
    let marked = annotations.and_then(|annotations| annotations.get(HOLDS_DATA)?.as_str());
    match (place.group(), place.kind.as_str()) {
        ("", "PersistentVolumeClaim") => Some("the data on its volume is deleted with it"),
        ("", "PersistentVolume") => Some("it is the way to the data on it"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some("all objects of the kind that it defines are deleted with it")
        }
        ("apps", "StatefulSet")
            if text("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted") == Some("Delete")
                && live.pointer("/spec/volumeClaimTemplates/0").is_some() =>
        {
            Some("its volume claims are deleted with it, and the data on them")
        }
        _ if marked == Some("true") => Some("it is marked as holding data"),
        _ => None,
    }
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
            assert_eq!(lost_with(&live).is_some(), expected, "{live}");
        }
    }
}
