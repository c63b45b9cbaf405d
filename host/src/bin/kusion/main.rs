//! The command line. It reads the world (arguments, environment, terminal), hands it to the library,
//! and shows what comes back.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;

mod cli;
mod commands;
mod context;
mod error;
mod fill;
mod log;
mod render;
mod session;
mod stderr;
mod templates;
mod watch;

use cli::Cli;
use context::World;
use error::{CliError, Exit};

fn main() -> ExitCode {
    let start = Instant::now();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell if standard output or error is closed.
            let _unheard = error.print();
            let usage = error.use_stderr();
            return if usage { Exit::Usage.into() } else { Exit::Success.into() };
        }
    };
    let world = World::read(cli.no_style, cli.logging.log_format);
    let witness = world.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let hint = "this is a defect of kusion; please report it with these lines";
        CliError::internal(panic.to_string()).hint(hint).report(&witness);
    }));
    let run = std::panic::AssertUnwindSafe(|| {
        log::start(&world, cli.logging.verbose)?;
        let exit = commands::run(&world, cli);
        tracing::info!(duration_ms = start.elapsed().as_secs_f64() * 1000.0, "total");
        exit
    });
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
