//! Walks a plan: does each step as soon as the steps before it are done, several at once.
//!
//! It knows nothing of releases. Whoever listens to its events may refuse to go on; each event is
//! heard before the next step begins, so a journal that listens is always ahead of the target.

mod event;
mod execution;
mod settle;
#[cfg(test)]
mod tests;
mod watching;

pub use event::{Event, Listener, Refused};
pub use execution::{Execution, Outcome};
pub use settle::Settling;
pub use watching::Watching;
