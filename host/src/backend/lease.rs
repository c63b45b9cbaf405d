//! Who works on a record, so that nobody else does.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backend::{BackendError, Expected, Key, Tag};

/// Who holds a lease, as told to those who are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user and machine: `alice@build-7`.
    pub who: String,
    /// The process on that machine.
    pub pid: u32,
    /// When the lease was taken.
    pub since: Timestamp,
    /// What the holder does, as the user would type it: `apply`.
    pub operation: String,
}

impl Holder {
    /// Names a holder, also one that could not be read.
    pub(crate) fn describe(holder: Option<&Self>) -> String {
        holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, pid, since, operation } = self;
        write!(f, "`{who}` (`{operation}`, process {pid}) since {since:.0}")
    }
}

/// The right to change what lies below a key; dropping it gives it back.
///
/// Whoever holds one writes through it, so no record of a stack can be written without one. Each write is
/// conditional on the lease's generation: the backend compares it with the one on record in the same step
/// in which it writes, so a holder that was taken over while it slept changes nothing any more.
#[async_trait]
pub trait Lease: Send + Sync + fmt::Debug {
    /// Returns how often the lease was taken, this time included. A later holder has a higher number.
    fn generation(&self) -> u64;

    /// Returns a name of what the lease protects that stays the same from holder to holder, and that no other
    /// backend gives: whoever has the lease knows that no earlier holder of this name is at work.
    fn identity(&self) -> &str;

    /// Writes a record whole and durably if the present version is the expected one.
    ///
    /// # Errors
    ///
    /// [`BackendError::Lost`] if the lease is not held any more, [`BackendError::NotCovered`] if the record is
    /// none of what it protects, [`BackendError::Conflict`] if the version is another; the record stays as it
    /// is then.
    async fn put_if(
        &self,
        key: &Key,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError>;

    /// Appends lines to a log, in their order, and makes all of them durable before it returns.
    ///
    /// A line holds no line break; the backend adds one. A crash can leave the first of the lines and a part of
    /// the next at the end of the log, and nothing else. Without lines the log stays as it is.
    ///
    /// # Errors
    ///
    /// [`BackendError::Lost`] if the lease is not held any more, [`BackendError::NotCovered`] if the log is none
    /// of what it protects; the log stays as it is then. Otherwise the log cannot be written, and whether the lines are in it is
    /// not known.
    async fn append(&self, key: &Key, lines: &[Vec<u8>]) -> Result<(), BackendError>;

    /// Deletes a record; deleting what does not exist is no error.
    ///
    /// # Errors
    ///
    /// [`BackendError::Lost`] if the lease is not held any more, [`BackendError::NotCovered`] if the record is
    /// none of what it protects, or the record cannot be deleted.
    async fn delete(&self, key: &Key) -> Result<(), BackendError>;
}
