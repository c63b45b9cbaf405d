//! What can go wrong with releases.

use std::error::Error;

use crate::backend::{BackendError, Key};
use crate::diagnostic::{Diagnose, Kind};
use crate::release::{Phase, StackKey};
use crate::spec::ResourceId;

type Source = Box<dyn Error + Send + Sync>;

/// Says why a release could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The backend refuses.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The stack has no such release.
    #[error("{stack} has no release {revision}")]
    NoRevision {
        /// The stack.
        stack: StackKey,
        /// The number asked for.
        revision: u64,
        /// The newest release, if there is any.
        latest: Option<u64>,
    },
    /// The record has a format this library does not know.
    #[error("release {revision} was written by a newer kusion")]
    Newer {
        /// The release.
        revision: u64,
        /// The version of its format.
        version: u64,
    },
    /// The record says no format.
    #[error("record `{key}` has no `formatVersion`")]
    NoFormat {
        /// The record.
        key: Key,
    },
    /// The record cannot be understood.
    #[error("record `{key}` is damaged")]
    Damaged {
        /// The record.
        key: Key,
        /// What is wrong with it.
        source: Source,
    },
    /// The record is of another release than its name says.
    #[error("record `{key}` holds release {revision} of {stack}")]
    Misplaced {
        /// The record.
        key: Key,
        /// The release it holds.
        revision: u64,
        /// Whose release that is.
        stack: StackKey,
    },
    /// The journal of an interrupted run cannot be understood.
    #[error("line {line} of journal `{key}` is damaged")]
    JournalDamaged {
        /// The journal.
        key: Key,
        /// The line, counted from 1.
        line: usize,
    },
    /// A record cannot be turned into text.
    #[error("cannot write record `{key}` as text")]
    Encode {
        /// The record.
        key: Key,
        /// The cause.
        source: Source,
    },
    /// The record would be too large or too deep to be read again, so nothing was changed.
    #[error("release record `{key}` could not be read again")]
    Unreadable {
        /// The record.
        key: Key,
        /// What the reader says.
        source: Source,
    },
    /// A new release was begun before the last one was finished or recovered.
    #[error("release {revision} is still {phase}")]
    Unfinished {
        /// The last release.
        revision: u64,
        /// Its phase.
        phase: Phase,
    },
    /// The release cannot go over to the phase.
    #[error("release {revision} is {from} and cannot become {to}")]
    Transition {
        /// The release.
        revision: u64,
        /// Its phase.
        from: Phase,
        /// The phase asked for.
        to: Phase,
    },
    /// A change was begun that nobody approved.
    #[error("the change of `{id}` is not part of release {revision}")]
    Unplanned {
        /// The release.
        revision: u64,
        /// The resource.
        id: ResourceId,
    },
    /// An earlier line may not have reached the journal, so none can follow it.
    #[error("the journal of release {revision} can no longer be written")]
    JournalBroken {
        /// The release.
        revision: u64,
    },
}

impl Diagnose for ReleaseError {
    fn kind(&self) -> Kind {
        match self {
            Self::Backend(error) => error.kind(),
            Self::NoRevision { .. } => Kind::User,
            Self::Newer { .. }
            | Self::NoFormat { .. }
            | Self::Damaged { .. }
            | Self::Misplaced { .. }
            | Self::JournalDamaged { .. }
            | Self::Unreadable { .. }
            | Self::Unfinished { .. }
            | Self::JournalBroken { .. } => Kind::Environment,
            Self::Encode { .. } | Self::Transition { .. } | Self::Unplanned { .. } => {
                Kind::Internal
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Backend(error) => return error.hints(),
            Self::NoRevision { latest: Some(latest), .. } => {
                format!("the newest release is {latest}")
            }
            Self::NoRevision { latest: None, .. } => "the stack was never applied".to_owned(),
            Self::Newer { .. } => "upgrade kusion".to_owned(),
            Self::NoFormat { .. } | Self::Damaged { .. } | Self::Misplaced { .. } => {
                "restore the record from a backup".to_owned()
            }
            Self::JournalDamaged { key, .. } => format!(
                "restore `{key}` from a backup; without it, what the interrupted run changed is not on record"
            ),
            Self::Unreadable { .. } => {
                "nothing was changed; make the stack or the resource smaller".to_owned()
            }
            Self::Unfinished { .. } => "somebody is at work; wait until it is done".to_owned(),
            _ => return Vec::new(),
        };
        vec![hint]
    }
}
