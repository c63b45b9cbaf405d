//! The child process that compiles modules under limits. Not for users.

use clap::Args;

use crate::error::Exit;

/// The name under which the program calls itself.
pub(crate) const COMPILE: &str = "__compile";

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// Limit of the address space in bytes.
    memory: u64,
}

pub(crate) fn run(args: &CompileArgs) -> Exit {
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    match kusion::engine::compile_child(args.memory, stdin.lock(), stdout.lock(), stderr.lock()) {
        kusion::engine::CompileOutcome::Compiled => Exit::Success,
        kusion::engine::CompileOutcome::Invalid => Exit::Changes,
        kusion::engine::CompileOutcome::Failed => Exit::User,
    }
}
