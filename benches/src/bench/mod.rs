//! One file per thing that is measured.

mod assembly;
mod calls;
mod compile;
mod fixture;
mod floor;
mod journal;
mod process;
mod report;
mod times;

pub(crate) use assembly::assembly;
pub(crate) use calls::{calls, calls_child, stack, stack_child};
pub(crate) use compile::compile;
pub(crate) use fixture::Fixture;
pub(crate) use floor::floor;
pub(crate) use journal::journal;
pub(crate) use process::process;
pub(crate) use report::Report;

use times::Times;

/// The first argument of a process that is the floor.
pub(crate) const FLOOR: &str = "--floor";
