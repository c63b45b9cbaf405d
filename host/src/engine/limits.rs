//! What a module may use. Nothing a module does is unbounded.

use std::time::Duration;

/// The largest component that anybody can allow, in bytes: the whole of it is read into memory.
const LARGEST_COMPONENT: usize = 1 << 30;

/// Bounds of one module: of its bytes, of compiling it, and of each call.
///
/// Fuel is the verdict: it is the same number on every machine. The other bounds of a call are
/// backstops that a module reaches only when fuel cannot see what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Wasm instructions of one call, roughly. A generator of ten resources uses about 200,000, one
    /// in JavaScript 3 million; a billion takes about a quarter of a second.
    pub fuel: u64,
    /// Wall-clock time of one call. Far above what the fuel allows on a slow machine, because
    /// passing it depends on the machine.
    pub deadline: Duration,
    /// Bytes of linear memory of one instance, all memories together. A Rust module needs 1.2 MB, a
    /// JavaScript module 10 MB, a Python module 13 MB.
    pub memory: usize,
    /// Bytes that the host copies out of the guest at once: its answer, or one log line. 10,000
    /// resources of 1 KiB fit.
    pub output: usize,
    /// Elements of all tables. JavaScript modules use 8,000.
    pub table_elements: usize,
    /// Core instances, memories and tables, each. What `wit-component` writes needs fewer than ten.
    pub instances: usize,
    /// Log lines of one call.
    pub log_lines: usize,
    /// Bytes of all log lines of one call.
    pub log_bytes: usize,
    /// WASI handles that a guest holds at once. A language runtime holds about ten.
    pub handles: usize,
    /// Bytes of a component. A Python module has 18 MB.
    pub component_size: usize,
    /// Instances that a component's nested components come to when all are expanded. Compilers
    /// expand them, so 600 bytes of nesting can ask for gigabytes.
    pub expanded_instances: u64,
    /// Wall-clock time of compiling one module. A Python module takes 24 s of two cores.
    pub compile_time: Duration,
    /// Address space of the compiling process in bytes. A JavaScript module takes 440 MB.
    pub compile_memory: u64,
}

impl Limits {
    /// Returns limits for whoever only carries components, of which others say how large they may be.
    pub fn for_carrying() -> Self {
        Self { component_size: LARGEST_COMPONENT, ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 1_000_000_000,
            deadline: Duration::from_secs(10),
            memory: 128 << 20,
            output: 16 << 20,
            table_elements: 100_000,
            instances: 64,
            log_lines: 1_000,
            log_bytes: 1 << 20,
            handles: 1_000,
            component_size: 64 << 20,
            expanded_instances: 1_000,
            compile_time: Duration::from_secs(120),
            compile_memory: 2 << 30,
        }
    }
}
