//! The process that compiles: what it gives up before it reads a byte.
//!
//! A compiler is a large program, and what it reads comes from a stranger. It runs no code of the guest,
//! so this is a second wall behind the compiler itself: a process that has neither files nor time nor
//! memory beyond its task, and that ends with whoever asked for it.

use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal, setrlimit,
};

use crate::engine::{Limits, config};

/// The exit code of a child that was given an invalid component.
pub(super) const INVALID_COMPONENT: i32 = 2;
/// Descriptors of the standard streams; a compiler needs no others.
const STREAMS: u64 = 3;

/// What one compiling process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileBounds {
    /// Bytes of address space.
    pub memory: u64,
    /// Seconds of processor time, all threads together. The parent watches the clock; this ends a child
    /// whose parent is stopped.
    pub cpu_seconds: u64,
    /// The process that asked; the child ends with it.
    pub parent: u32,
}

impl CompileBounds {
    /// Returns the bounds of a child of this process.
    pub(super) fn of(limits: &Limits) -> Self {
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = u64::try_from(threads).unwrap_or(u64::MAX);
        Self {
            memory: limits.compile_memory,
            cpu_seconds: limits.compile_time.as_secs().saturating_add(1).saturating_mul(threads),
            parent: std::process::id(),
        }
    }

    /// Returns the arguments that [`Compiler::Child`](crate::engine::Compiler::Child) passes last: memory,
    /// seconds of processor time, parent.
    pub fn arguments(&self) -> [String; 3] {
        [self.memory.to_string(), self.cpu_seconds.to_string(), self.parent.to_string()]
    }
}

/// How [`compile_child`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompileOutcome {
    /// The compiled code is written: the process ends with code 0.
    Compiled,
    /// The component is invalid: the process ends with code 2.
    Invalid,
    /// Something else went wrong: the process ends with code 1.
    Failed,
}

/// What the child process of [`Compiler::Child`](crate::engine::Compiler::Child) does: confines itself,
/// reads a component from `input`, writes compiled code to `output` and what went wrong to `report`.
///
/// It is the only thing that its process does: what bounds it cannot be lifted again. The standard streams must
/// be pipes, because it may not write to a file, nor open one.
pub fn compile_child(
    bounds: &CompileBounds,
    input: impl Read,
    mut output: impl Write,
    mut report: impl Write,
) -> CompileOutcome {
    let compiled = confine(bounds).and_then(|()| compile(input));
    let written = compiled.and_then(|code| output.write_all(&code).map_err(Failure::environment));
    match written {
        Ok(()) => CompileOutcome::Compiled,
        Err(Failure { outcome, message }) => {
            // Nobody is left to tell if this fails.
            let _unheard = writeln!(report, "{message}");
            outcome
        }
    }
}

struct Failure {
    outcome: CompileOutcome,
    message: String,
}

impl Failure {
    fn environment(error: impl std::fmt::Display) -> Self {
        Self { outcome: CompileOutcome::Failed, message: error.to_string() }
    }
}

fn confine(bounds: &CompileBounds) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(Failure::environment)?;
    // A parent that had ended before sends nothing any more.
    if getppid().map(Pid::as_raw_pid) != i32::try_from(bounds.parent).ok() {
        return Err(Failure::environment("the process that asked has ended"));
    }
    for (resource, soft, hard) in [
        (Resource::As, bounds.memory, bounds.memory),
        // The soft limit ends the process with a signal that says why.
        (Resource::Cpu, bounds.cpu_seconds, bounds.cpu_seconds.saturating_add(1)),
        // A compiler that runs out of memory aborts; nobody wants its gigabytes on the disk.
        (Resource::Core, 0, 0),
        (Resource::Fsize, 0, 0),
        (Resource::Nofile, STREAMS, STREAMS),
    ] {
        // Nobody but root can raise what an administrator has lowered.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(soft.min(most)), maximum: Some(hard.min(most)) };
        setrlimit(resource, limit).map_err(Failure::environment)?;
    }
    Ok(())
}

fn compile(mut input: impl Read) -> Result<Vec<u8>, Failure> {
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(Failure::environment)?;
    let engine = wasmtime::Engine::new(&config::engine()).map_err(Failure::environment)?;
    engine.precompile_component(&component).map_err(|error| Failure {
        outcome: CompileOutcome::Invalid,
        message: format!("{error:#}"),
    })
}
