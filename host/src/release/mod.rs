//! What was applied, by whom, from what: releases, and the journal that makes them survive a crash.
//!
//! A release is a transaction. [`Journal`] alone writes it: the record with the approved plan before
//! the first change, a line before and after each change, the result at the end. A run that dies in
//! between leaves the lines, and the next one folds them into the record ([`ReleaseStore::recover`]).

mod error;
mod fold;
mod intent;
mod journal;
mod log;
mod phase;
mod places;
mod prune;
mod record;
mod recovered;
mod source;
mod stack;
mod store;
mod target;

pub use error::ReleaseError;
pub use intent::{Change, Intent};
pub use journal::{Draft, Journal};
pub use phase::{Operation, Phase};
pub use record::{CallRecord, ModuleRecord, Release};
pub use recovered::Recovered;
pub use source::RecordedSource;
pub use stack::StackKey;
pub use store::{LatestState, ReleaseStore};
pub use target::TargetRecord;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
