//! One file per command: its arguments, and one call of the library.

mod compile;
mod completion;
mod module;
mod version;

use crate::cli::Cli;
use crate::context::World;
use crate::error::{CliError, Exit};

pub(crate) use compile::COMPILE;

/// What the user asks for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List, inspect and build modules.
    #[command(subcommand)]
    Mod(module::ModCommand),
    /// Print a completion script for a shell.
    Completion(completion::CompletionArgs),
    /// Print the version.
    Version(version::VersionArgs),
    #[command(name = compile::COMPILE, hide = true)]
    Compile(compile::CompileArgs),
}

/// Runs a command.
pub(crate) fn run(world: &World, cli: Cli) -> Result<Exit, CliError> {
    match cli.command {
        Command::Mod(command) => module::run(world, command),
        Command::Completion(args) => completion::run(world, &args),
        Command::Version(args) => version::run(world, &args),
        Command::Compile(args) => Ok(compile::run(&args)),
    }
}
