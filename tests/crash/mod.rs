//! Runs that die, are refused or misled at any change they make to files.
//!
//! The program is the real one, traced from outside; see `tests/faults`. A test whose faults are random
//! prints the seed of a failure and the command that runs it again.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says which seeds it tries, and what it cannot try here"
)]

mod check;
pub(crate) mod seeds;
mod story;
mod test_apply;
mod test_clock;
mod test_damage;
mod test_home;
mod test_refusals;
