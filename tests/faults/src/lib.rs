//! Runs a program and makes one thing go wrong at any chosen change it makes to files.
//!
//! The program is the real one, without a hook for tests: this crate traces it (`ptrace`) and sees every
//! call by which it or a child of it changes a file below a root, whether the call comes from libc, from
//! a crate that calls the kernel itself, or from a thread. Each such call is a [`Point`]. A run without a
//! fault counts them; a later run is killed before, in the middle of, or after the N-th, or is told that
//! the disk is full, or that the time is another.
//!
//! It works on Linux on x86-64 with `ptrace` allowed; elsewhere [`is_supported`] says no.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod calls;
mod fault;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kernel;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod supervise;

pub use fault::{Fault, Point, Refusal, Run, Stop};

use std::io;
use std::path::Path;
use std::process::Command;

/// Returns whether programs can be traced here.
pub fn is_supported() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        run(Command::new("true"), Path::new("/"), None).is_ok_and(|run| run.output.status.success())
    })
}

/// Runs a program to its end, with at most one fault, and returns what it did to files below `root`.
///
/// `root` must not lead through symbolic links. Standard output and error are captured.
///
/// # Errors
///
/// The program cannot be started or traced.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub fn run(command: Command, root: &Path, fault: Option<Fault>) -> io::Result<Run> {
    supervise::run(command, root, fault, None)
}

/// Runs a program to its end, and stops it once on the way, before a change that it is about to make.
///
/// A program that is never stopped has not [hit](Run::hit) its fault.
///
/// # Errors
///
/// The program cannot be started or traced.
///
/// # Panics
///
/// Passes on a panic of what happens meanwhile; the program is killed then.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub fn run_stopping(command: Command, root: &Path, stop: Stop<'_>) -> io::Result<Run> {
    supervise::run(command, root, None, Some(stop))
}

/// Cannot trace programs here.
///
/// # Errors
///
/// Always.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub fn run_stopping(_: Command, _: &Path, _: Stop<'_>) -> io::Result<Run> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Cannot trace programs here.
///
/// # Errors
///
/// Always.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub fn run(_: Command, _: &Path, _: Option<Fault>) -> io::Result<Run> {
    Err(io::ErrorKind::Unsupported.into())
}
