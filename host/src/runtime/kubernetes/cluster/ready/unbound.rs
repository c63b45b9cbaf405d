//! Claims on volumes that nobody binds before a pod needs them.

use std::sync::Arc;

use serde_json::Value;

use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::wire::segment;
use crate::runtime::kubernetes::identity::Identity;
use crate::runtime::kubernetes::readiness::Readiness;

const OLD_ANNOTATION: &str = "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

impl KubernetesRuntime {
    /// Returns whether an object is a claim that is bound only once a pod uses it. To wait for it would be to
    /// wait for ever if none does, and a pod that does waits for it itself.
    pub(super) async fn waits_for_a_pod(&self, live: &Value) -> bool {
        let Some(class) = unbound_class(live) else { return false };
        let path = format!("/apis/storage.k8s.io/v1/storageclasses/{}", segment(class));
        // Who may not read it waits as for any other claim.
        let class = self.link.find(&path).await.ok().flatten();
        let mode = class.as_ref().and_then(|class| class.get("volumeBindingMode")?.as_str());
        mode == Some("WaitForFirstConsumer")
    }
}

/// Judges a claim that need not be bound.
pub(super) fn judge_unbound(live: &Arc<Value>) -> Readiness {
    match Readiness::of(live) {
        Readiness::Waiting { .. } if unbound_class(live).is_some() => Readiness::Ready,
        readiness => readiness,
    }
}

/// Returns the class of a claim that is not bound.
fn unbound_class(live: &Value) -> Option<&str> {
    let identity = Identity::of(live).ok()?;
    if (identity.api_version, identity.kind) != ("v1", "PersistentVolumeClaim") {
        return None;
    }
    let text = |pointer| live.pointer(pointer).and_then(Value::as_str);
    let leaving = text("/metadata/deletionTimestamp").is_some();
    if leaving || text("/status/phase").is_some_and(|phase| phase != "Pending") {
        return None;
    }
    let class = text("/spec/storageClassName").or_else(|| text(OLD_ANNOTATION));
    class.filter(|class| !class.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claim(class: &str, phase: &str) -> Arc<Value> {
        Arc::new(json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"},
            "spec": {"storageClassName": class}, "status": {"phase": phase},
        }))
    }

    #[test]
    fn only_a_claim_that_is_not_bound_has_a_class_to_look_at() {
        assert_eq!(unbound_class(&claim("fast", "Pending")), Some("fast"));
        assert_eq!(unbound_class(&claim("fast", "Bound")), None);
        assert_eq!(unbound_class(&claim("", "Pending")), None);
        assert_eq!(unbound_class(&json!({"apiVersion": "v1", "kind": "Pod"})), None);
    }

    #[test]
    fn a_claim_that_waits_for_a_pod_is_ready_and_a_lost_one_is_not() {
        assert_eq!(judge_unbound(&claim("fast", "Pending")), Readiness::Ready);
        assert_eq!(judge_unbound(&claim("fast", "Bound")), Readiness::Ready);
        let lost = Readiness::Failed { reason: "its volume is lost".to_owned() };
        assert_eq!(judge_unbound(&claim("fast", "Lost")), lost);
    }
}
