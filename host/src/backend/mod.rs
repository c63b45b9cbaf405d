//! Where records are stored: bytes under keys, with compare-and-swap and leases.
//!
//! A backend gives no meaning to what it stores; `release` and `ops` do.

mod error;
mod key;
mod lease;
mod local;
#[cfg(test)]
mod memory;

use std::fmt;

use async_trait::async_trait;

pub use error::BackendError;
pub use key::{Key, KeyError};
pub use lease::{Holder, Lease};
pub use local::LocalBackend;
#[cfg(test)]
pub(crate) use memory::MemoryBackend;

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

    /// Writes a record whole and durably if the present version is the expected one.
    ///
    /// # Errors
    ///
    /// [`BackendError::Conflict`] if it is another; the record stays as it is then.
    async fn put_if(
        &self,
        key: &Key,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError>;

    /// Appends a line to a log and makes it durable before it returns.
    ///
    /// `line` holds no line break; the backend adds one. A crash can leave a part of the line at the
    /// end of the log, never anywhere else.
    ///
    /// # Errors
    ///
    /// The log cannot be written; whether the line is in it is not known then.
    async fn append(&self, key: &Key, line: &[u8]) -> Result<(), BackendError>;

    /// Lists the keys below a prefix, at any depth, sorted.
    ///
    /// # Errors
    ///
    /// The place cannot be read.
    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError>;

    /// Deletes a record; deleting what does not exist is no error.
    ///
    /// # Errors
    ///
    /// The record cannot be deleted.
    async fn delete(&self, key: &Key) -> Result<(), BackendError>;

    /// Takes the lease of a key for as long as the guard lives; does not wait.
    ///
    /// # Errors
    ///
    /// [`BackendError::Held`] if somebody else has it.
    async fn lease(&self, key: &Key, holder: &Holder) -> Result<Box<dyn Lease>, BackendError>;
}
