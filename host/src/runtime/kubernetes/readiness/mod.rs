//! Whether a live object does what it is there for.
//!
//! The rules are those that `kubectl rollout status` and other tools agree on. They read nothing but the
//! object, so whoever watches it can ask again at each change.

mod conditions;
mod pod;
mod storage;
mod workload;

use serde_json::Value;

use self::conditions::Conditions;
use super::identity::Identity;

pub use conditions::ReportedCondition;
pub use pod::Trouble;

pub(super) use pod::trouble as pod_trouble;

const UNSEEN: &str = "its controller has not seen it yet";
const NO_OBJECT: &str = "it is no object yet";
const NO_ADDRESS: &str = "no address was assigned yet";
const UNSEEN_CHANGE: &str = "its controller has not seen the change yet";

/// How far a live object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It works.
    Ready,
    /// It is on its way.
    Waiting {
        /// What it waits for, for people; no full stop.
        reason: String,
    },
    /// It has given up, or nothing will change without somebody's doing.
    Failed {
        /// Why, for people; no full stop.
        reason: String,
    },
}

impl Readiness {
    /// Judges a live object.
    pub fn of(live: &Value) -> Self {
        if let Some(unsettled) = Self::unsettled(live) {
            return unsettled;
        }
        let Ok(identity) = Identity::of(live) else { return waiting(NO_OBJECT) };
        match (identity.group(), identity.kind) {
            ("apps", "Deployment") => workload::deployment(live),
            ("apps", "StatefulSet") => workload::stateful_set(live),
            ("apps", "DaemonSet") => workload::daemon_set(live),
            ("apps", "ReplicaSet") | ("", "ReplicationController") => workload::replica_set(live),
            ("batch", "Job") => workload::job(live),
            // A schedule may be months away; what it starts is not part of the stack.
            ("batch", "CronJob") => Self::Ready,
            ("", "Pod") => pod::pod(live),
            ("", "PersistentVolumeClaim") => storage::claim(live),
            ("", "PersistentVolume") => storage::volume(live),
            ("", "Service") => service(live),
            ("networking.k8s.io" | "extensions", "Ingress") => ingress(live),
            ("", "Namespace") => namespace(live),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(live),
            // Its conditions say whether it scales, which it may not do for good reasons.
            ("autoscaling", "HorizontalPodAutoscaler") | ("policy", "PodDisruptionBudget") => {
                Self::Ready
            }
            _ => Conditions::of(live).judge(),
        }
    }

    /// Says what keeps a live object from being judged at all: it goes, or its status is about the past.
    pub(super) fn unsettled(live: &Value) -> Option<Self> {
        if !live.is_object() {
            return Some(waiting(NO_OBJECT));
        }
        if text(live, "/metadata/deletionTimestamp").is_some() {
            return Some(waiting("it is being deleted"));
        }
        let seen = integer(live, "/status/observedGeneration");
        let generation = integer(live, "/metadata/generation");
        let is_old = seen.zip(generation).is_some_and(|(seen, generation)| seen < generation);
        is_old.then(|| waiting(UNSEEN_CHANGE))
    }

    /// Returns what it waits for, or why it failed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Waiting { reason } | Self::Failed { reason } => Some(reason),
        }
    }
}

/// Returns the condition of a live object that says most about why it does not work.
pub(super) fn telling_condition(live: &Value) -> Option<ReportedCondition> {
    Conditions::of(live).telling()
}

fn service(live: &Value) -> Readiness {
    let balanced = text(live, "/spec/type") == Some("LoadBalancer");
    // Whoever names addresses of their own does not wait for one to be assigned.
    if !balanced || has_items(live, "/spec/externalIPs") || has_address(live) {
        return Readiness::Ready;
    }
    waiting(NO_ADDRESS)
}

/// An Ingress works when its controller says where. Nothing in it tells whether there is a controller.
fn ingress(live: &Value) -> Readiness {
    if has_address(live) {
        return Readiness::Ready;
    }
    let annotation = "/metadata/annotations/kubernetes.io~1ingress.class";
    if text(live, "/spec/ingressClassName").or_else(|| text(live, annotation)).is_none() {
        return waiting(format!(
            "{NO_ADDRESS}; it has no class that says which controller serves it"
        ));
    }
    waiting(NO_ADDRESS)
}

fn has_address(live: &Value) -> bool {
    has_items(live, "/status/loadBalancer/ingress")
}

fn has_items(live: &Value, list: &str) -> bool {
    live.pointer(list).and_then(Value::as_array).is_some_and(|items| !items.is_empty())
}

fn namespace(live: &Value) -> Readiness {
    match text(live, "/status/phase") {
        Some("Active") => Readiness::Ready,
        Some(phase) => waiting(format!("its phase is {phase}")),
        None => waiting("it has no phase yet"),
    }
}

fn definition(live: &Value) -> Readiness {
    let conditions = Conditions::of(live);
    if let Some(refused) = conditions.get("NamesAccepted").filter(|names| names.is("False")) {
        return failed(refused.explain());
    }
    match conditions.get("Established") {
        Some(established) if established.is("True") => Readiness::Ready,
        Some(other) => waiting(other.explain()),
        None => waiting("the server does not serve it yet"),
    }
}

fn waiting(reason: impl Into<String>) -> Readiness {
    Readiness::Waiting { reason: reason.into() }
}

fn failed(reason: impl Into<String>) -> Readiness {
    Readiness::Failed { reason: reason.into() }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn integer(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer)?.as_i64()
}

/// Reads a count that controllers leave out when it is zero.
fn count(value: &Value, pointer: &str) -> i64 {
    integer(value, pointer).unwrap_or_default()
}

#[cfg(test)]
mod tests;
