//! Walks a plan: does each step as soon as the steps before it are done, several at once.
//!
//! It knows nothing of releases. Whoever listens to its events may refuse to go on; each event is
//! heard before the next step begins, so a journal that listens is always ahead of the target.

mod event;
mod execution;
mod outcome;
mod pending;
mod settle;
#[cfg(test)]
mod tests;
mod watching;

pub use event::{Event, Listener, Refused};
pub use execution::Execution;
pub use outcome::Outcome;
pub use pending::{Awaits, Pending};
pub use settle::Settling;
pub use watching::Watching;
