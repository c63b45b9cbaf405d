//! Who works on a record, so that nobody else does.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backend::BackendError;

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

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, pid, since, operation } = self;
        write!(f, "`{who}` (`{operation}`, process {pid}) since {since:.0}")
    }
}

/// The right to change what lies below a key; dropping it gives it back.
pub trait Lease: Send + Sync + fmt::Debug {
    /// Returns how often the lease was taken, this time included. A later holder has a higher number.
    fn generation(&self) -> u64;

    /// Makes sure that nobody took the lease over; to be asked before every write.
    ///
    /// # Errors
    ///
    /// The lease is lost, or whether it is cannot be found out.
    fn still_held(&self) -> Result<(), BackendError>;
}
