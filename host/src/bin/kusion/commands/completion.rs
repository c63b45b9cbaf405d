//! `kusion completion`

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::context::World;
use crate::error::{CliError, Exit};

#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// Shell to complete for.
    shell: Shell,
}

pub(crate) fn run(world: &World, args: &CompletionArgs) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kusion", &mut script);
    world.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
