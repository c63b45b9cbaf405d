//! What the workload must do for its volumes: let go of those of one node before it takes them again, and let a group
//! write to them.

use kusion_sdk::{Patch, Pointer, Problems, WorkloadResource, log};
use serde_json::{Value, json};

use crate::Call;
use crate::config::AccessMode;

/// The highest group that Kubernetes takes.
const MAX_GROUP: u32 = i32::MAX.unsigned_abs();

/// Changes the workload's own object, if it has to change.
pub(crate) fn patch(request: &Call, problems: &mut Problems) -> Option<Patch> {
    let workload = request.workload_resource()?;
    let is_of_one_node = check_replicas(request, problems);
    let mut document = json!({});
    if is_of_one_node && workload.group_kind() == ("apps", "Deployment") {
        // With a surge, which is the default, the new pod waits for a volume that the old one keeps until the new one is
        // ready. `Recreate` would do too, but an existing Deployment cannot change to it: the server keeps the parameters
        // that it filled in for a rolling update, and refuses them beside `Recreate`.
        document["spec"]["strategy"] =
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    }
    if let Some(group) = request.config.fs_group {
        let at = Pointer::config().key("fsGroup");
        if group > MAX_GROUP {
            problems.add(at.clone(), format!("must be at most {MAX_GROUP}"));
        }
        match pod_spec(&mut document, workload) {
            None => {
                problems.add(at, format!("it is unknown where a {} has its pods", workload.kind));
            }
            Some(spec) => {
                spec["securityContext"] =
                    json!({"fsGroup": group, "fsGroupChangePolicy": "OnRootMismatch"});
            }
        }
    }
    let is_empty = document.as_object().is_none_or(|document| document.is_empty());
    (!is_empty).then(|| Patch::merge(workload.id, document))
}

fn pod_spec<'v>(document: &'v mut Value, workload: WorkloadResource<'_>) -> Option<&'v mut Value> {
    let spec = &mut document["spec"];
    match workload.group_kind() {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("apps.kusionstack.io", "CollaSet") => Some(&mut spec["template"]["spec"]),
        ("batch", "CronJob") => Some(&mut spec["jobTemplate"]["spec"]["template"]["spec"]),
        _ => None,
    }
}

/// Tells whether there is a volume of one node or pod, and notes where more pods than that would use it.
fn check_replicas(request: &Call, problems: &mut Problems) -> bool {
    let config = &request.config;
    let own = config.claims.iter().map(|(name, claim)| ("claims", name, &claim.access_modes));
    let existing = config.existing_claims.iter();
    let existing = existing.map(|(name, claim)| ("existingClaims", name, &claim.access_modes));
    let replicas = request.workload.get("replicas").and_then(Value::as_u64).unwrap_or(1);
    let mut found = false;
    for (map, name, modes) in own.chain(existing) {
        if !modes.iter().all(|mode| mode.is_of_one_node()) {
            continue;
        }
        found = true;
        if replicas <= 1 {
            continue;
        }
        if modes.contains(&AccessMode::ReadWriteOncePod) {
            problems.add(
                Pointer::config().key(map).key(name).key("accessModes"),
                format!("is for one pod, and the workload has {replicas} replicas"),
            );
        } else {
            log::warn(format!(
                "volume `{name}` can be used on one node at a time (`ReadWriteOnce`), and the workload has {replicas} replicas: pods on other nodes do not start"
            ));
        }
    }
    found
}
