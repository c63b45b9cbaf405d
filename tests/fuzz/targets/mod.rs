//! What is fuzzed. A target takes any bytes and panics if a promise does not hold for them.

mod assemble;
mod config;
mod home;
mod names;
mod place;
mod plan;
mod release;
mod schema;
mod workspace;
mod yaml;

use std::path::Path;

/// One reader of what somebody else wrote.
pub struct Target {
    /// The name, also of its corpus.
    pub name: &'static str,
    /// Feeds it with an input; the folder is empty or holds what the last input left.
    pub run: fn(&[u8], &Path),
    /// Makes inputs that are large rather than strange: work must grow with the input, not with its square.
    pub large: fn() -> Vec<(&'static str, Vec<u8>)>,
    /// How many random cases the short run has: fewer where a case costs more.
    pub cases: u64,
}

/// All targets, sorted by name.
pub const ALL: &[Target] = &[
    assemble::TARGET,
    config::TARGET,
    home::TARGET,
    names::TARGET,
    plan::TARGET,
    release::TARGET,
    schema::TARGET,
    workspace::TARGET,
    yaml::TARGET,
];

/// For targets whose inputs are short.
fn none() -> Vec<(&'static str, Vec<u8>)> {
    Vec::new()
}
