//! How far a change of an object reaches.

mod permission;

use std::collections::BTreeSet;

use serde_json::Value;

use super::data;
use super::identity::Identity;
use super::pods;
use crate::spec::Grade;

/// Grades what becomes of an object: `live` as it is, `planned` as it will be, `replace` if it is made anew.
///
/// Grades that follow from the kind of change alone, such as [`Grade::Replace`], are left to the plan.
pub(in crate::runtime) fn grades(
    live: Option<&Value>,
    planned: Option<&Value>,
    replace: bool,
) -> BTreeSet<Grade> {
    let mut grades = BTreeSet::new();
    if live.is_some_and(|live| data::lost(live, planned, replace).is_some()) {
        grades.insert(Grade::DataAtRisk);
    }
    if let (Some(live), Some(planned)) = (live, planned)
        && !replace
        && pods::template(planned).is_some()
    {
        let restarts = restarts(live, planned);
        grades.insert(if restarts { Grade::RollingRestart } else { Grade::NoRestart });
    }
    if planned.is_some_and(|planned| permission::is_gained(live, planned)) {
        grades.insert(Grade::PermissionGained);
    }
    grades
}

/// Returns whether the controller of a workload makes its pods anew by itself.
fn restarts(live: &Value, planned: &Value) -> bool {
    let Ok(identity) = Identity::of(planned) else { return false };
    let text = |pointer| planned.pointer(pointer).and_then(Value::as_str);
    let follows = match (identity.group(), identity.kind) {
        ("apps", "Deployment") => {
            planned.pointer("/spec/paused").and_then(Value::as_bool) != Some(true)
        }
        ("apps", "StatefulSet" | "DaemonSet") => {
            text("/spec/updateStrategy/type") != Some("OnDelete")
        }
        ("apps.kusionstack.io", "CollaSet") => true,
        // Others take a new template for the pods that they make from then on.
        _ => false,
    };
    follows && template(live) != template(planned)
}

fn template(manifest: &Value) -> Option<&Value> {
    manifest.pointer(pods::template(manifest)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workload(kind: &str, spec: Value, image: &str) -> Value {
        let mut manifest = json!({
            "apiVersion": if kind == "Job" || kind == "CronJob" { "batch/v1" } else { "apps/v1" },
            "kind": kind, "metadata": {"name": "x"}, "spec": spec,
        });
        let template = json!({"spec": {"containers": [{"name": "main", "image": image}]}});
        if kind == "CronJob" {
            manifest["spec"]["jobTemplate"] = json!({"spec": {"template": template}});
        } else {
            manifest["spec"]["template"] = template;
        }
        manifest
    }

    fn list(live: Option<&Value>, planned: Option<&Value>, replace: bool) -> Vec<Grade> {
        grades(live, planned, replace).into_iter().collect()
    }

    #[test]
    fn a_new_pod_template_restarts_the_pods_of_those_who_follow_it() {
        let on_delete = json!({"updateStrategy": {"type": "OnDelete"}});
        let cases = [
            ("Deployment", json!({}), true),
            ("Deployment", json!({"strategy": {"type": "Recreate"}}), true),
            ("Deployment", json!({"paused": true}), false),
            ("StatefulSet", json!({}), true),
            ("StatefulSet", on_delete.clone(), false),
            ("DaemonSet", json!({"updateStrategy": {"type": "RollingUpdate"}}), true),
            ("DaemonSet", on_delete, false),
            ("ReplicaSet", json!({}), false),
            ("CronJob", json!({}), false),
            ("Job", json!({}), false),
        ];
        for (kind, spec, expected) in cases {
            let (old, new) = (workload(kind, spec.clone(), "a:1"), workload(kind, spec, "a:2"));
            let expected = if expected { Grade::RollingRestart } else { Grade::NoRestart };
            assert_eq!(list(Some(&old), Some(&new), false), [expected], "{new}");
            assert_eq!(list(Some(&old), Some(&old), false), [Grade::NoRestart]);
            assert!(list(None, Some(&new), false).is_empty());
            assert!(list(Some(&old), Some(&new), true).is_empty());
        }
        let (few, many) = (json!({"replicas": 1}), json!({"replicas": 2}));
        let (few, many) = (workload("Deployment", few, "a"), workload("Deployment", many, "a"));
        assert_eq!(list(Some(&few), Some(&many), false), [Grade::NoRestart]);
        let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}});
        assert!(list(Some(&service), Some(&service), false).is_empty());
    }

    #[test]
    fn data_is_at_risk_where_its_holder_goes_or_lets_claims_go() {
        let claim =
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "x"}});
        assert_eq!(list(Some(&claim), None, false), [Grade::DataAtRisk]);
        assert_eq!(list(Some(&claim), Some(&claim), true), [Grade::DataAtRisk]);
        assert!(list(Some(&claim), Some(&claim), false).is_empty());
        assert!(list(None, Some(&claim), false).is_empty());

        let set = |replicas: u64, when_scaled: &str| {
            let policy = json!({"whenScaled": when_scaled});
            let spec = json!({
                "replicas": replicas, "volumeClaimTemplates": [{}],
                "persistentVolumeClaimRetentionPolicy": policy,
            });
            workload("StatefulSet", spec, "a")
        };
        let smaller = |policy| list(Some(&set(3, policy)), Some(&set(2, policy)), false);
        assert_eq!(smaller("Delete"), [Grade::NoRestart, Grade::DataAtRisk]);
        assert_eq!(smaller("Retain"), [Grade::NoRestart]);
        let bigger = list(Some(&set(2, "Delete")), Some(&set(3, "Delete")), false);
        assert_eq!(bigger, [Grade::NoRestart]);
    }
}
