//! Speaking to a server: the way to it, its kinds, one call, and what comes back instead of a result.
//!
//! Nothing in here knows a resource or a stack.

mod access;
mod events;
mod failure;
mod kinds;
mod pages;
mod retry;
#[cfg(test)]
pub(super) mod scripted;
mod transport;

pub use access::Access;
pub(super) use access::Opened;
pub(super) use failure::{Cause, Failure, Refusal, shortened};
pub(super) use kinds::{Kind, Kinds, group_of, root, segment};
pub(super) use pages::Pages;
pub(super) use transport::{Call, METADATA_LIST, METADATA_ONLY, Seen, Transport};
