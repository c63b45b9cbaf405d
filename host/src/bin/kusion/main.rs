//! The command line. It reads the world (arguments, environment, terminal), hands it to the library,
//! and shows what comes back.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

mod cli;
mod commands;
mod context;
mod error;
mod render;
mod session;

use cli::Cli;
use context::World;
use error::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if standard output or error is closed.
            let _unheard = error.print();
            let usage = error.use_stderr();
            return if usage { Exit::Usage.into() } else { Exit::Success.into() };
        }
    };
    let world = World::read(cli.no_style);
    std::panic::set_hook(Box::new(|panic| {
        let hint = "this is a defect of kusion; please report it with these lines";
        // Nobody is left to tell if standard error is closed.
        let _unheard = writeln!(std::io::stderr(), "error: {panic}\nhint: {hint}");
    }));
    let run = std::panic::AssertUnwindSafe(|| commands::run(&world, cli));
    let exit = match std::panic::catch_unwind(run) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            error.report(&world);
            error.exit()
        }
        Err(_reported) => Exit::Internal,
    };
    exit.into()
}
