//! Replicas that a configuration no longer sets, because an autoscaler shall.
//!
//! Whoever applies an object without a field that only he set, removes it, and a workload without `replicas` has one
//! pod. So the value that is there is first given to a manager of its own, which nobody speaks for any more; the
//! autoscaler takes it from there, and until then it stays.

use serde_json::{Value, json};

use super::ownership::MANAGER;
use crate::runtime::kubernetes::identity::Identity;

/// The field manager that keeps what was handed over.
pub(crate) const HEIR: &str = "kusion-handed-over";

/// Returns whether a workload says nothing about how many replicas it has.
fn leaves_replicas(object: &Value) -> bool {
    let scales = Identity::of(object).is_ok_and(|identity| {
        matches!(
            (identity.group(), identity.kind),
            ("apps", "Deployment" | "StatefulSet" | "ReplicaSet")
                | ("apps.kusionstack.io", "CollaSet")
        )
    });
    scales && object.pointer("/spec/replicas").is_none()
}

/// Returns the replicas that a workload keeps though `before` set them and `object` does no longer; `would` is what
/// an apply makes of it.
pub(crate) fn replicas_kept(
    before: &Value,
    object: &Value,
    (live, would): (&Value, &Value),
) -> Option<u64> {
    let replicas = |object: &Value| object.pointer("/spec/replicas").and_then(Value::as_u64);
    let _ = replicas(before).filter(|_| leaves_replicas(object))?;
    replicas(would).filter(|kept| replicas(live) == Some(*kept))
}

/// Returns the replicas that an apply of `object` would take away though nobody asked for another number.
pub(crate) fn replicas_left(live: &Value, object: &Value) -> Option<u64> {
    if !leaves_replicas(object) {
        return None;
    }
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let sets = |entry: &&Value| entry.pointer("/fieldsV1/f:spec/f:replicas").is_some();
    let is_ours = |entry: &Value| entry["manager"] == MANAGER && entry["operation"] == "Apply";
    let mut setters = entries.iter().filter(sets);
    let only_we = setters.next().is_some_and(is_ours) && setters.next().is_none();
    live.pointer("/spec/replicas")?.as_u64().filter(|_| only_we)
}

/// Returns an object with the replicas that stay, for a dry run.
pub(crate) fn with_replicas(object: &Value, replicas: u64) -> Value {
    let mut object = object.clone();
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("replicas".to_owned(), replicas.into());
    }
    object
}

/// Returns what to apply as [`HEIR`], so that the replicas stay.
pub(crate) fn bequest(object: &Value, replicas: u64) -> Value {
    let mut metadata = json!({});
    for member in ["name", "namespace", "uid"] {
        if let Some(value) = object.pointer("/metadata").and_then(|given| given.get(member)) {
            metadata[member] = value.clone();
        }
    }
    json!({
        "apiVersion": object.get("apiVersion"), "kind": object.get("kind"),
        "metadata": metadata, "spec": {"replicas": replicas},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(managers: &[(&str, &str)]) -> Value {
        let entry = |(manager, operation): &(&str, &str)| json!({"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {"f:replicas": {}}}});
        let entries: Vec<Value> = managers.iter().map(entry).collect();
        json!({"metadata": {"managedFields": entries}, "spec": {"replicas": 4}})
    }

    #[test]
    fn replicas_that_others_set_are_told_when_they_are_configured_no_longer() {
        let object = |spec: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec});
        let (set, unset) = (object(json!({"replicas": 2})), object(json!({})));
        let (two, five) = (set.clone(), object(json!({"replicas": 5})));
        assert_eq!(replicas_kept(&set, &unset, (&five, &five)), Some(5));
        assert_eq!(replicas_kept(&set, &unset, (&five, &two)), None);
        assert_eq!(replicas_kept(&set, &set, (&five, &five)), None);
        assert_eq!(replicas_kept(&unset, &unset, (&five, &five)), None);
    }

    #[test]
    fn replicas_stay_if_we_alone_set_them_and_do_no_longer() {
        let object = |spec: Value| json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "n", "uid": "u", "labels": {}}, "spec": spec});
        let ours = [("kusion", "Apply")];
        assert_eq!(replicas_left(&live(&ours), &object(json!({}))), Some(4));
        assert_eq!(replicas_left(&live(&ours), &object(json!({"replicas": 2}))), None);
        assert_eq!(replicas_left(&live(&[("hpa", "Update")]), &object(json!({}))), None);
        assert_eq!(replicas_left(&live(&[ours[0], ("hpa", "Update")]), &object(json!({}))), None);
        assert_eq!(replicas_left(&live(&[]), &object(json!({}))), None);
        let other =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {}});
        assert_eq!(replicas_left(&live(&ours), &other), None);
        assert_eq!(with_replicas(&object(json!({})), 4), object(json!({"replicas": 4})));
        assert_eq!(
            bequest(&object(json!({"paused": true})), 4),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "x", "namespace": "n", "uid": "u"}, "spec": {"replicas": 4},
            })
        );
    }
}
