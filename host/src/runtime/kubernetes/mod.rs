//! What is special about Kubernetes objects, wherever they are applied.

mod canonical;
mod cluster;
mod data;
mod doorway;
mod grade;
mod health;
mod identity;
mod needs;
mod pods;
mod readiness;
mod semantics;

pub(super) use grade::grades;

pub use cluster::{
    Access, ClusterError, Explanation, FieldConflict, FieldProblem, KubernetesRuntime,
    KubernetesStore, Terms, TroubledPod, Warning,
};
pub use health::check_health_policy;
pub use readiness::{Readiness, ReportedCondition, Trouble};
pub use semantics::KubernetesSemantics;

/// The type of resources that are Kubernetes objects.
pub const KUBERNETES: &str = "Kubernetes";
