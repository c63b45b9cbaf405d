//! The graph of desired resources, as pure data.
//!
//! Modules contribute resources and patches ([`Contribution`]); [`assemble()`] makes one checked [`Spec`]
//! of them. Nothing here reads or writes anything, and nothing here knows a kind of target: what is
//! special about Kubernetes comes in through [`Semantics`].

mod assemble;
mod contribution;
mod document;
mod editor;
mod grade;
mod graph;
mod reference;
mod resource;
mod secret;
mod semantics;
mod state;
mod walk;

pub(crate) use assemble::variable_references;
pub use assemble::{AssembleError, AssembleInput, Assembled, Fault, assemble, workload_among};
pub use contribution::{Contribution, Origin, Patch};
pub use editor::Editor;
pub use grade::Grade;
pub use graph::Graph;
pub use reference::{PATH_PREFIX, path_reference, resolve_paths};
pub use resource::{Resource, ResourceId, ResourceIdError};
pub use secret::{
    SECRET_PREFIX, SecretRef, SecretSource, SecretText, SecretUse, replace_secrets, secret_uses,
};
pub use semantics::{IS_WORKLOAD_EXTENSION, SENSITIVE_EXTENSION, Semantics, sensitive_attributes};
pub use state::{Note, NoteKind, Observed, Spec, State, StateEntry};
pub(crate) use walk::{at_or_below, push_segment, visit_strings};
