//! Speaking to a server: the way to it, its kinds, one call, and what comes back instead of a result.
//!
//! Nothing in here knows a resource or a stack.

mod access;
mod failure;
mod kinds;
mod retry;
mod transport;

pub use access::Access;
pub(super) use access::Opened;
pub(super) use failure::{Cause, Failure, Refusal};
pub(super) use kinds::{Kind, Kinds, root, segment};
pub(super) use transport::{Call, METADATA_LIST, METADATA_ONLY, Seen, Transport};
