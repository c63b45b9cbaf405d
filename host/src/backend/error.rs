//! What can go wrong with records.

use std::io;

use crate::backend::{Holder, Key};
use crate::diagnostic::{Diagnose, Kind};

/// Says why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// A record cannot be read.
    #[error("cannot read record `{key}` in {place}")]
    Read {
        /// The record.
        key: Key,
        /// The file or address.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// A record cannot be written or deleted.
    #[error("cannot write record `{key}` in {place}")]
    Write {
        /// The record.
        key: Key,
        /// The file or address.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// The record is not the one that was read before.
    #[error("record `{key}` was changed by somebody else meanwhile")]
    Conflict {
        /// The record.
        key: Key,
    },
    /// Somebody else works below the key.
    #[error("`{key}` is in use by {}", Holder::describe(holder.as_deref()))]
    Held {
        /// What the lease protects.
        key: Key,
        /// Who holds it, if the holder could be read.
        holder: Option<Box<Holder>>,
    },
    /// The lease this process held is not its own any more.
    #[error("the lease of `{key}` was lost{}", taken_over(holder.as_deref()))]
    Lost {
        /// What the lease protects.
        key: Key,
        /// Who holds it now, if the holder could be read.
        holder: Option<Box<Holder>>,
    },
    /// The lease this process holds protects other records.
    #[error("record `{key}` is not covered by the lease of `{leased}`")]
    NotCovered {
        /// The record.
        key: Key,
        /// What the lease protects.
        leased: Key,
    },
    /// Another process keeps the record locked for an unusual time.
    #[error("record `{key}` stayed locked for {seconds} seconds")]
    Busy {
        /// The record.
        key: Key,
        /// How long this process waited.
        seconds: u64,
    },
    /// The lease file has a format this library does not know.
    #[error("the lease of `{key}` was written by a newer kusion")]
    Newer {
        /// What the lease protects.
        key: Key,
        /// The version of its format.
        version: u64,
    },
    /// A record is larger than any we write.
    #[error("record `{key}` has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The record.
        key: Key,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

fn taken_over(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| format!(" to {holder}"))
}

impl Diagnose for BackendError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotCovered { .. } => Kind::Internal,
            _ => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Read { source, place, .. } | Self::Write { source, place, .. } => {
                match source.kind() {
                    io::ErrorKind::PermissionDenied => {
                        format!("check the owner and the mode of {place} and of its folders")
                    }
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        "free some space and run the command again; what was recorded is kept"
                            .to_owned()
                    }
                    io::ErrorKind::ReadOnlyFilesystem => {
                        "choose a backend that can be written".to_owned()
                    }
                    _ => return Vec::new(),
                }
            }
            Self::Conflict { .. } | Self::Busy { .. } => "run the command again".to_owned(),
            Self::Held { .. } => "wait until it is done, then run the command again".to_owned(),
            Self::Lost { .. } => {
                "run the command again; it goes on from what is recorded".to_owned()
            }
            Self::Newer { .. } => "upgrade kusion".to_owned(),
            Self::TooLarge { .. } | Self::NotCovered { .. } => return Vec::new(),
        };
        vec![hint]
    }
}
