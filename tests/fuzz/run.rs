//! Runs cases in a child process and says what became of them.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use fs_err as fs;

use crate::case::Case;
use crate::child::{CURRENT, SECONDS};
use crate::targets::Target;

/// A case that failed, and how.
#[derive(Debug)]
pub struct Failure {
    pub case: Case,
    /// The first line tells failures apart.
    pub message: String,
}

/// Runs cases; the first failure ends the run.
pub fn run(target: &Target, cases: &[Case]) -> Result<(), Failure> {
    let scratch = tempfile::tempdir().unwrap();
    let list: Vec<String> = cases.iter().map(Case::to_string).collect();
    fs::write(scratch.path().join("cases"), list.join("\n")).unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--child", target.name])
        .arg(scratch.path())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if child.status.success() {
        return Ok(());
    }
    let current = fs::read_to_string(scratch.path().join(CURRENT)).unwrap_or_default();
    let Some(case) = Case::parse(&current) else {
        panic!("target `{}` died before its first case: {child:?}", target.name);
    };
    let message = match child.status.signal() {
        None => String::from_utf8_lossy(&child.stdout).into_owned(),
        Some(signal) if signal == rustix::process::Signal::XCPU.as_raw() => {
            format!("it takes more than {SECONDS} s of processor time")
        }
        Some(signal) => {
            let errors = String::from_utf8_lossy(&child.stderr);
            let said = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            format!("it ends the process by signal {signal}: {}", said.trim())
        }
    };
    Err(Failure { case, message })
}

/// Runs one input.
pub fn run_input(target: &Target, input: &[u8], scratch: &Path) -> Result<(), Failure> {
    let path = scratch.join("input");
    fs::write(&path, input).unwrap();
    run(target, &[Case::File(path)])
}
