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
