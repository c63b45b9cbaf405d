//! Fuzzing of everything that reads what somebody else wrote.
//!
//! Without arguments, as in `make test`, each target replays its corpus and a fixed number of random
//! changes of it. `make fuzz` goes on for a given time from a new seed. See CONTRIBUTING.md.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program"
)]

mod archive;
mod case;
mod child;
mod long;
mod mutate;
mod options;
mod random;
mod run;
mod short;
mod shrink;
mod targets;

use std::path::Path;
use std::process::ExitCode;

use case::Case;
use options::Options;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, target, scratch] = arguments.as_slice()
        && flag == "--child"
    {
        return code(run_child(target, Path::new(scratch)));
    }
    let options = match Options::parse(&arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(64);
        }
    };
    code(match options.seconds {
        Some(seconds) => long::run(&options, seconds),
        None => short::run(&options),
    })
}

fn code(sound: bool) -> ExitCode {
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_child(target: &str, scratch: &Path) -> bool {
    let target = targets::ALL.iter().find(|known| known.name == target).unwrap();
    let cases = fs_err::read_to_string(scratch.join("cases")).unwrap();
    let cases = cases.lines().map(|line| Case::parse(line).unwrap()).collect();
    child::run(target, cases, scratch)
}
