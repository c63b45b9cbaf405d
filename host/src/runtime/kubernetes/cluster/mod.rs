//! A cluster as the target.
//!
//! `wire` speaks to a server, `objects` and `refusals` know what is said and are pure, `look`, `change` and `ready`
//! do the work on one object, and `stack` keeps it together.

mod change;
mod error;
mod forward;
mod look;
mod objects;
mod ready;
mod refusals;
mod runtime;
mod stack;
mod store;
mod wire;

pub use error::ClusterError;
pub use ready::{Explanation, TroubledPod, Warning};
pub use refusals::{FieldConflict, FieldProblem};
pub use runtime::{KubernetesRuntime, Terms};
pub use store::KubernetesStore;
pub use wire::Access;
