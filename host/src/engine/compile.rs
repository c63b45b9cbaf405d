//! Compiling a component within bounds.
//!
//! Fuel and epochs do not cover compilation: half a megabyte of hostile code can keep a compiler busy
//! for minutes and take gigabytes. So compilation happens in a child process that limits itself before
//! it reads a byte, and that is killed when its time is up.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::num::NonZeroUsize;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::engine::confine::{CompileBounds, INVALID_COMPONENT};
use crate::engine::error::CompileLimit;
use crate::engine::{Limits, LoadError};
use crate::name::ModuleName;

/// How often the parent looks whether the child has ended.
const POLL: Duration = Duration::from_millis(2);
/// What an allocator prints before it gives up.
const OUT_OF_MEMORY: &str = "memory allocation of";
/// Bytes read of what the child reports.
const REPORT_BYTES: u64 = 64 << 10;
/// Bytes of compiled code for each byte of the largest component. What compilers make of real modules is
/// about four times as large.
const CODE_PER_BYTE: u64 = 8;
/// Arenas of the child's allocator. By default there are eight for each processor, and each takes 64 MiB
/// of the child's address space whether it is used or not.
const ARENAS: (&str, &str) = ("MALLOC_ARENA_MAX", "4");
/// Threads of the child, as the compiler's library reads them. Each has a stack in the child's address space, and
/// the modules of a workspace are compiled at the same time anyway.
const THREADS: &str = "RAYON_NUM_THREADS";
/// The most threads of one child.
const MAX_THREADS: usize = 8;

/// Where components are compiled.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// In a child process under the limits: `program` with `arguments` and those that
    /// [`CompileBounds::arguments`] adds, which must call [`compile_child`](crate::engine::compile_child).
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
    /// Compiles a component for the engine that `config::engine` makes.
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
                command.args(arguments).args(CompileBounds::of(limits).arguments());
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
        // Nothing of this process's environment can change what the compiler does.
        let threads = available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_THREADS);
        command.env_clear().env(ARENAS.0, ARENAS.1).env(THREADS, threads.to_string());
        hand_down_no_files(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| self.failed(&error))?;
        let max_code = u64::try_from(self.limits.component_size)
            .unwrap_or(u64::MAX)
            .saturating_mul(CODE_PER_BYTE);
        let (status, code, report) = std::thread::scope(|scope| {
            // Dropped before the threads are waited for, because killing the child is what ends them.
            let mut child = Ended(child);
            let (stdin, stdout, stderr) =
                (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take());
            scope.spawn(move || {
                // A child that ends early closes the pipe; its report says why.
                let _closed = stdin.map(|mut stdin| stdin.write_all(component));
            });
            let code = scope.spawn(move || read_all(stdout, max_code));
            let report = scope.spawn(move || read_all(stderr, REPORT_BYTES));
            let status = self.wait(&mut child.0);
            drop(child);
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
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            return self.over(CompileLimit::Time(self.limits.compile_time));
        }
        if status.code() == Some(INVALID_COMPONENT) {
            return LoadError::Invalid { module: self.module.clone(), source: report.into() };
        }
        LoadError::Compiler { module: self.module.clone(), reason: format!("{status}: {report}") }
    }

    fn over(&self, limit: CompileLimit) -> LoadError {
        LoadError::CompileLimit { module: self.module.clone(), limit }
    }

    fn failed(&self, error: &io::Error) -> LoadError {
        LoadError::Compiler { module: self.module.clone(), reason: error.to_string() }
    }
}

/// Keeps from a child what is open here, and what this process was handed down itself, such as the lock of a shell
/// script. The standard streams go to the child all the same.
fn hand_down_no_files(command: &mut Command) {
    let close_on_exec = || {
        #[expect(unsafe_code, reason = "the standard library has no such call")]
        // SAFETY: the call reads no memory, and it only marks descriptors.
        let marked = unsafe {
            libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
        };
        if marked == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    #[expect(
        unsafe_code,
        reason = "between fork and exec only what signal handlers may do is allowed"
    )]
    // SAFETY: the closure makes one system call; it neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(close_on_exec);
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

/// A child process that does not outlive this value, not even as a zombie.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Neither does anything to a child that has been waited for.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}
