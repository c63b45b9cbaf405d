//! Where records are stored: bytes under keys, with compare-and-swap and leases.
//!
//! A backend gives no meaning to what it stores; `release` and `ops` do. It knows two kinds of records:
//! those of a stack, which only a [`Lease`] can write, and shared ones ([`SharedKey`]).

#[cfg(test)]
mod conformance;
mod error;
mod key;
mod lease;
mod local;
#[cfg(test)]
mod memory;

use std::fmt;

use async_trait::async_trait;

pub use error::BackendError;
pub use key::{Key, KeyError, SharedKey};
pub use lease::{Holder, Lease};
pub use local::LocalBackend;
#[cfg(test)]
pub(crate) use memory::MemoryBackend;

/// The largest record in bytes: a release of 10,000 resources has about 60 MB.
pub const MAX_RECORD: u64 = 256 << 20;

/// Says which version of a record a reader saw. Opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Wraps what a backend tells versions apart by.
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// Names a version by its content, for backends that have nothing better.
    pub fn of_content(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex().to_string())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a conditional write expects to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// No record under this key.
    Absent,
    /// The version a reader saw.
    Tag(Tag),
}

/// Stores records.
///
/// A record is private: nobody but its owner can read it where the place allows that.
#[async_trait]
pub trait Backend: Send + Sync + fmt::Debug {
    /// Returns a record and its version; `None` if there is none.
    ///
    /// # Errors
    ///
    /// The record cannot be read or is too large.
    async fn get(&self, key: &Key) -> Result<Option<(Vec<u8>, Tag)>, BackendError>;

    /// Writes a shared record whole and durably if the present version is the expected one.
    ///
    /// # Errors
    ///
    /// [`BackendError::Conflict`] if it is another; the record stays as it is then.
    async fn put_if(
        &self,
        key: &SharedKey,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError>;

    /// Deletes a shared record if the present version is the expected one; deleting what does not exist is no
    /// error.
    ///
    /// # Errors
    ///
    /// [`BackendError::Conflict`] if it is another, or the record cannot be deleted.
    async fn delete(&self, key: &SharedKey, expected: &Tag) -> Result<(), BackendError>;

    /// Lists the keys below a prefix, at any depth, sorted.
    ///
    /// # Errors
    ///
    /// The place cannot be read.
    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError>;

    /// Takes the lease of a key for as long as the guard lives; does not wait.
    ///
    /// Each taking raises the generation on record, and that step excludes every write under an earlier
    /// generation: one that is under way ends before it, and those after it are refused.
    ///
    /// # Errors
    ///
    /// [`BackendError::Held`] if somebody else has it.
    async fn lease(&self, key: &Key, holder: &Holder) -> Result<Box<dyn Lease>, BackendError>;
}
