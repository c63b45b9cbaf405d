//! The child process that compiles modules under limits. Not for users.

use clap::Args;
use kusion::engine::{CompileBounds, CompileOutcome, compile_child};

use crate::error::Exit;

/// The name under which the program calls itself.
pub(crate) const COMPILE: &str = "__compile";

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// Limit of the address space in bytes.
    memory: u64,
    /// Limit of the processor time in seconds.
    cpu_seconds: u64,
    /// The process that asks.
    parent: u32,
}

pub(crate) fn run(args: &CompileArgs) -> Exit {
    let CompileArgs { memory, cpu_seconds, parent } = *args;
    let bounds = CompileBounds { memory, cpu_seconds, parent };
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    match compile_child(&bounds, stdin.lock(), stdout.lock(), stderr.lock()) {
        CompileOutcome::Compiled => Exit::Success,
        CompileOutcome::Invalid => Exit::Changes,
        CompileOutcome::Failed => Exit::User,
    }
}
