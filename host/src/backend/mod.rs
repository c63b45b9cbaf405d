//! Where records are stored: bytes under keys, with compare-and-swap and leases.
//!
//! A backend gives no meaning to what it stores; `release` and `ops` do.

use std::fmt;

use async_trait::async_trait;

/// A path-like name of a record: segments separated by `/`, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Says which version of a record a reader saw. Opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

/// What a conditional write expects to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// No record under this key.
    Absent,
    /// The version a reader saw.
    Tag(Tag),
}

/// Stores records.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Returns a record and its version.
    async fn get(&self, key: &Key) -> Result<Option<(Vec<u8>, Tag)>, BackendError>;
    /// Writes a record whole if the present version is the expected one.
    async fn put_if(&self, key: &Key, expected: Expected, bytes: &[u8]) -> Result<Tag, BackendError>;
    /// Appends one record to a log and makes it durable before it returns.
    async fn append(&self, key: &Key, bytes: &[u8]) -> Result<(), BackendError>;
    /// Lists the keys below a prefix, sorted.
    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError>;
    /// Deletes a record; deleting what does not exist is no error.
    async fn delete(&self, key: &Key) -> Result<(), BackendError>;
    /// Takes the lease of a key for as long as the guard lives.
    async fn lease(&self, key: &Key, holder: &Holder) -> Result<Box<dyn Lease>, BackendError>;
}
