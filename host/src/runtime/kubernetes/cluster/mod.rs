//! A cluster as the target.
//!
//! Everything that does not talk to a server is a file of its own and pure.

mod access;
mod change;
mod claim;
mod claims;
mod conflict;
mod error;
mod events;
mod explain;
mod explanation;
mod failure;
mod forward;
mod handover;
mod homes;
mod invalid;
mod judge;
mod kinds;
mod lease;
mod managed;
mod members;
mod normalise;
mod object;
mod observe;
mod overlay;
mod ownership;
mod parent;
mod pods_behind;
mod record;
mod remove;
mod residents;
mod retry;
mod runtime;
mod survey;
mod transport;
mod verdict;
mod wait;
mod watches;

pub use access::Access;
pub use conflict::FieldConflict;
pub use error::ClusterError;
pub use explanation::{Explanation, TroubledPod, Warning};
pub use invalid::FieldProblem;
pub use runtime::{KubernetesRuntime, Terms};
