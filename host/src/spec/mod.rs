//! The graph of desired resources, as pure data.

mod contribution;
mod resource;
mod secret;
mod state;

pub use contribution::{Contribution, Origin, Patch};
pub use resource::{Resource, ResourceId, ResourceIdError};
pub use secret::{SECRET_PREFIX, SecretRef, SecretSource, SecretText};
pub use state::{Observed, Spec, State, StateEntry};
