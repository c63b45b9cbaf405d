//! What a module author imports; the text below is the crate's README.
//!
#![doc = include_str!("../README.md")]

mod decode;
mod description;
mod export;
#[cfg(target_family = "wasm")]
mod guest;
pub mod kubernetes;
mod located;
pub mod log;
mod module;
pub mod names;
mod output;
mod patch;
mod pointer;
mod rejection;
mod request;
mod resource;
mod schema;
mod secret;
pub mod syntax;
pub mod terraform;
pub mod testing;
mod texts;
pub mod workload;
mod workload_resource;

pub use crate::description::Description;
pub use crate::module::{Kind, Module, Nothing};
pub use crate::output::{Need, Output};
pub use crate::patch::Patch;
pub use crate::pointer::Pointer;
pub use crate::rejection::{Problem, Problems, Rejection};
pub use crate::request::{Input, Request, Scope};
pub use crate::resource::{Resource, path_reference};
pub use crate::secret::{Secret, SecretSource};
pub use crate::workload_resource::WorkloadResource;

/// What [`export!`] expands to; not for authors, and free to change.
#[doc(hidden)]
pub mod plumbing {
    pub use crate::export::check;
    #[cfg(target_family = "wasm")]
    pub use crate::guest::{Guest, Schemas, bindings};
}
