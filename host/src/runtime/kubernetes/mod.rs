//! What is special about Kubernetes objects, wherever they are applied.

mod canonical;
mod identity;
mod needs;
mod pods;
mod semantics;

pub use semantics::KubernetesSemantics;

/// The type of resources that are Kubernetes objects.
pub const KUBERNETES: &str = "Kubernetes";
