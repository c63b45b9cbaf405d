//! The floors: a bare wasmtime host for kusion modules, and a bare client of a cluster.

mod dry_runs;
mod raw;

pub use dry_runs::{DryRun, DryRuns};
pub use raw::{Failure, RawEngine, RawModule, RawRequest, load_sealed, seal};
