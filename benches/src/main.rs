//! Measures kusion against its floors, in one run, and prints the table that `docs/benchmarks.md` keeps.
//!
//! What is compared is measured in turns: other work of the machine then slows both sides down, and the ratio
//! stays.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use kusion_benches::{DryRuns, Failure};

mod bench;

use bench::{Fixture, Report, Sizes};

/// Measure kusion against its floors.
#[derive(Debug, Parser)]
struct Arguments {
    /// Program to measure.
    #[arg(long, value_name = "FILE")]
    kusion: PathBuf,
    /// Folder of the first-party modules.
    #[arg(long, value_name = "FOLDER")]
    catalog: PathBuf,
    /// Folder on the disk that the journal is measured on; the working folder by default.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    disk: PathBuf,
    /// Do everything on small sizes, to see that it works; the numbers mean nothing.
    #[arg(long)]
    quick: bool,
    /// Measure only this part; may be repeated.
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// Measure calls for this many apps, in a process whose memory is its own.
    #[arg(long, value_name = "APPS", hide = true)]
    calls: Option<usize>,
    /// Generate one stack of this many apps, likewise.
    #[arg(long, value_name = "APPS", hide = true)]
    stack: Option<usize>,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    // Before anything else, because these are the floors of time.
    let result = match arguments.as_slice() {
        [first, folder] if first == bench::FLOOR => bench::floor(Path::new(folder)),
        [first, file, at_once] if first == bench::DRY_RUNS => {
            dry_runs(Path::new(file), &at_once.to_string_lossy())
        }
        _ => run(&Arguments::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]
fn say(text: &str) {
    println!("{text}");
}

fn dry_runs(file: &Path, at_once: &str) -> Result<(), Failure> {
    DryRuns::read(file)?.send(at_once.parse()?)
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let fixture = Fixture::new(&arguments.kusion, &arguments.catalog)?;
    if let Some(apps) = arguments.calls {
        return bench::calls_child(&fixture, apps).map(|result| say(&result));
    }
    if let Some(apps) = arguments.stack {
        return bench::stack_child(&fixture, apps).map(|result| say(&result));
    }
    let wanted =
        |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    let size = |quick: usize, full: usize| if arguments.quick { quick } else { full };
    let mut report = Report::default();
    if wanted("process") {
        bench::process(&fixture, size(2, 200), &mut report)?;
    }
    if wanted("calls") {
        for apps in [size(4, 1_000), size(8, 10_000)] {
            bench::calls(&fixture, apps, &mut report)?;
        }
        bench::stack(&fixture, size(2, 1_000), &mut report)?;
    }
    if wanted("assembly") {
        bench::assembly([size(40, 1_000), size(400, 10_000)], size(2, 20), &mut report)?;
    }
    if wanted("compile") {
        bench::compile(&fixture, size(1, 5), &mut report)?;
    }
    if wanted("journal") {
        bench::journal(&arguments.disk, size(3, 200), &mut report)?;
    }
    if wanted("registry") {
        bench::registry(&fixture, size(2, 50), &mut report)?;
    }
    let sizes = Sizes {
        objects: if arguments.quick { &[5] } else { &[100, 500] },
        many: size(10, 5_000),
        rounds: [size(1, 5), size(1, 2)],
        latency: Duration::from_millis(20),
        shared: arguments.quick,
    };
    if wanted("cluster") {
        bench::cluster(&fixture, sizes, &mut report)?;
    }
    if arguments.only.iter().any(|only| only == "parallelism") {
        bench::parallelism(&fixture, sizes, &mut report)?;
    }
    say(&format!("\n{}", report.markdown()));
    Ok(())
}
