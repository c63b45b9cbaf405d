//! Compiling a component within bounds.
//!
//! Fuel and epochs do not cover compilation: half a megabyte of hostile code can keep a compiler busy
//! for minutes and take gigabytes. So compilation happens in a child process that limits itself before
//! it reads a byte, and that is killed when its time is up.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::engine::error::CompileLimit;
use crate::engine::{Limits, LoadError, config};
use crate::name::ModuleName;

/// How often the parent looks whether the child has ended.
const POLL: Duration = Duration::from_millis(2);
/// What an allocator prints before it gives up.
const OUT_OF_MEMORY: &str = "memory allocation of";
/// Bytes read of what the child reports.
const REPORT_BYTES: u64 = 64 << 10;
/// Bytes of compiled code that the parent takes from the child. Compiled code is about four times
/// the component.
const MAX_CODE: u64 = 1 << 30;

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a child process under the limits: `program` with `arguments`, which must call
    /// [`compile_child`].
    Child {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
    /// In this process, without bounds of time and memory. For modules that you trust, in a program
    /// that cannot start itself again.
    InProcess,
}

impl Compiler {
    /// Compiles a component for the engine that [`config::engine`] makes.
    #[tracing::instrument(level = "debug", name = "compile module", skip_all, fields(module = %module))]
    pub(super) fn compile(
        &self,
        module: &ModuleName,
        engine: &wasmtime::Engine,
        component: &[u8],
        limits: &Limits,
    ) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::InProcess => engine.precompile_component(component).map_err(|error| {
                LoadError::Invalid { module: module.clone(), source: error.into() }
            }),
            Self::Child { program, arguments } => {
                let mut command = Command::new(program);
                command.args(arguments).arg(limits.compile_memory.to_string());
                Run { module, limits }.run(command, component)
            }
        }
    }
}

struct Run<'a> {
    module: &'a ModuleName,
    limits: &'a Limits,
}

impl Run<'_> {
    fn run(&self, mut command: Command, component: &[u8]) -> Result<Vec<u8>, LoadError> {
        // The child's own environment is empty: nothing in it can change what the compiler does.
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(&error))?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (status, code, report) = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A child that ends early closes the pipe; its report says why.
                let _closed = stdin.map(|mut stdin| stdin.write_all(component));
            });
            let code = scope.spawn(move || read_all(stdout, MAX_CODE));
            let report = scope.spawn(move || read_all(stderr, REPORT_BYTES));
            let status = self.wait(&mut child);
            (status, code.join(), report.join())
        });
        let status = status?;
        let code = code.unwrap_or_default();
        let report = String::from_utf8_lossy(&report.unwrap_or_default()).trim().to_owned();
        if status.success() { Ok(code) } else { Err(self.explain(status, report)) }
    }

    fn wait(&self, child: &mut Child) -> Result<ExitStatus, LoadError> {
        // A time too far away for the clock never comes.
        let deadline = Instant::now().checked_add(self.limits.compile_time);
        loop {
            if let Some(status) = child.try_wait().map_err(|error| self.failed(&error))? {
                return Ok(status);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                child.kill().map_err(|error| self.failed(&error))?;
                child.wait().map_err(|error| self.failed(&error))?;
                return Err(self.over(CompileLimit::Time(self.limits.compile_time)));
            }
            std::thread::sleep(POLL);
        }
    }

    fn explain(&self, status: ExitStatus, report: String) -> LoadError {
        // Only a process that was aborted can have run out of memory; what else it says may quote the module.
        if status.code().is_none() && report.contains(OUT_OF_MEMORY) {
            return self.over(CompileLimit::Memory(self.limits.compile_memory));
        }
        if status.code() == Some(INVALID_COMPONENT) {
            return LoadError::Invalid { module: self.module.clone(), source: report.into() };
        }
        LoadError::Compiler { module: self.module.clone(), reason: format!("{status}: {report}") }
    }

    fn over(&self, limit: CompileLimit) -> LoadError {
        LoadError::CompileLimit { module: self.module.clone(), limit }
    }

    fn failed(&self, error: &std::io::Error) -> LoadError {
        LoadError::Compiler { module: self.module.clone(), reason: error.to_string() }
    }
}

fn read_all(pipe: Option<impl Read>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What was read before an error is what the child managed to send.
        let _broken = pipe.take(limit).read_to_end(&mut bytes);
    }
    bytes
}

/// The exit code of a child that was given an invalid component.
const INVALID_COMPONENT: i32 = 2;

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

/// What the child process of [`Compiler::Child`] does: limits itself to `memory_limit` bytes of address
/// space, reads a component from `input`, writes compiled code to `output` and what went wrong to
/// `report`.
///
/// The parent passes the limit as the last argument.
pub fn compile_child(
    memory_limit: u64,
    input: impl Read,
    mut output: impl Write,
    mut report: impl Write,
) -> CompileOutcome {
    let compiled = compile_limited(memory_limit, input);
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

fn compile_limited(memory_limit: u64, mut input: impl Read) -> Result<Vec<u8>, Failure> {
    let limit = Rlimit { current: Some(memory_limit), maximum: Some(memory_limit) };
    setrlimit(Resource::As, limit).map_err(Failure::environment)?;
    // A compiler that runs out of memory aborts; nobody wants its gigabytes on the disk.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(Failure::environment)?;
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(Failure::environment)?;
    let engine = wasmtime::Engine::new(&config::engine()).map_err(Failure::environment)?;
    engine.precompile_component(&component).map_err(|error| Failure {
        outcome: CompileOutcome::Invalid,
        message: format!("{error:#}"),
    })
}
