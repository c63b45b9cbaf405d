//! What decides whether the object of a resource is ready.

use std::sync::Arc;

use serde_json::Value;

use super::unbound::judge_unbound;
use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::health::HealthPolicy;
use crate::runtime::kubernetes::readiness::Readiness;
use crate::spec::Resource;

/// How the object of one resource is judged: as its module says, otherwise by the rules of its kind.
pub(super) enum Judge {
    Policy(Box<HealthPolicy>),
    /// A claim that is bound once a pod uses it.
    Unbound,
    Kind,
}

impl Judge {
    /// Judges an object; `None` if it does not exist.
    pub(super) fn judge(&self, live: Option<&Arc<Value>>) -> Readiness {
        let Some(live) = live else {
            return Readiness::Failed { reason: "it was deleted".to_owned() };
        };
        match self {
            Self::Policy(policy) => policy.judge(live),
            Self::Unbound => judge_unbound(live),
            Self::Kind => Readiness::of(live),
        }
    }
}

impl KubernetesRuntime {
    /// Finds out how the object of a resource is judged.
    pub(super) async fn judge_of(
        &self,
        resource: &Resource,
        live: Option<&Value>,
    ) -> Result<Judge, RuntimeError> {
        let policy = HealthPolicy::of(resource).map_err(|reason| {
            // It was checked when it was made; a record of another version may hold it all the same.
            RuntimeError::Refused { id: resource.id.clone(), reason }
        })?;
        Ok(match (policy, live) {
            (Some(policy), _) => Judge::Policy(Box::new(policy)),
            (None, Some(live)) if self.waits_for_a_pod(live).await => Judge::Unbound,
            (None, _) => Judge::Kind,
        })
    }
}

/// Judges an object that works for what it is told to be: somebody may have told it to be something else than the
/// configuration says.
pub(super) fn as_configured(desired: &Value, live: Option<&Value>) -> Readiness {
    let replicas = |object: &Value| object.pointer("/spec/replicas").and_then(Value::as_u64);
    match (replicas(desired), live.and_then(replicas)) {
        (Some(configured), Some(live)) if configured != live => {
            let reason = format!("it works with {live} replicas, and {configured} are configured");
            Readiness::Waiting { reason }
        }
        _ => Readiness::Ready,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_scaled_by_hand_works_and_is_not_as_configured() {
        let of = |replicas: u64| json!({"spec": {"replicas": replicas}});
        let reason = "it works with 1 replicas, and 3 are configured".to_owned();
        assert_eq!(as_configured(&of(3), Some(&of(1))), Readiness::Waiting { reason });
        assert_eq!(as_configured(&of(3), Some(&of(3))), Readiness::Ready);
        // Without a number of its own, an autoscaler has the say.
        assert_eq!(as_configured(&json!({"spec": {}}), Some(&of(1))), Readiness::Ready);
    }
}
