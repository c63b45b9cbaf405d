//! One file per thing that is measured.

mod assembly;
mod calls;
mod cluster;
mod compile;
mod fixture;
mod floor;
mod journal;
mod process;
mod registry;
mod report;
mod times;

pub(crate) use assembly::assembly;
pub(crate) use calls::{calls, calls_child, stack, stack_child};
pub(crate) use cluster::{Sizes, cluster, parallelism};
pub(crate) use compile::compile;
pub(crate) use fixture::Fixture;
pub(crate) use floor::floor;
pub(crate) use journal::journal;
pub(crate) use process::process;
pub(crate) use registry::registry;
pub(crate) use report::Report;

use times::Times;

/// The first argument of a process that is the floor.
pub(crate) const FLOOR: &str = "--floor";
/// The first argument of a process that is the floor of a cluster.
pub(crate) const DRY_RUNS: &str = "--dry-runs";
