//! The few calls to the kernel that tracing needs; all `unsafe` code is here.

#![expect(unsafe_code, reason = "`ptrace`, `seccomp` and `waitpid` have no safe form in std")]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::ptr::null_mut;

use libc::{c_int, c_long, c_uint, c_void, pid_t};

pub(crate) use libc::user_regs_struct as Registers;

/// The signal number of a stop at a system call, as `PTRACE_O_TRACESYSGOOD` marks it.
pub(crate) const STOP_AT_CALL: c_int = libc::SIGTRAP | 0x80;

/// What became of a traced thread.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    /// It ended; the number is the wait status.
    Ended(c_int),
    /// It stopped for a signal, or at a call.
    Stopped(c_int),
    /// It stopped for an event of tracing.
    Event(c_int),
}

fn check(result: c_long) -> io::Result<c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Makes a command's process stop for its parent at its start and at each of the calls.
///
/// The process gets a group of its own, so that it can be killed with its children.
pub(crate) fn trace(command: &mut Command, calls: &[c_long]) {
    let filter = filter(calls);
    command.process_group(0);
    let begin = move || {
        let program = libc::sock_fprog {
            len: u16::try_from(filter.len()).unwrap_or(0),
            filter: filter.as_ptr().cast_mut(),
        };
        // SAFETY: plain system calls; `program` and the filter it points to live until they return.
        unsafe {
            check(libc::ptrace(
                libc::PTRACE_TRACEME,
                0,
                null_mut::<c_void>(),
                null_mut::<c_void>(),
            ))?;
            check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
            let mode = libc::SECCOMP_MODE_FILTER;
            check(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program, 0, 0).into())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec `begin` makes system calls and neither allocates nor locks.
    unsafe { command.pre_exec(begin) };
}

/// Returns a filter of system calls that stops at the given ones and lets all others pass.
fn filter(calls: &[c_long]) -> Vec<libc::sock_filter> {
    let instruction = |code: c_uint, jump_true, k| libc::sock_filter {
        code: u16::try_from(code).unwrap_or(0),
        jt: jump_true,
        jf: 0,
        k,
    };
    // The number of the call is the first word of what a filter looks at.
    let mut filter = vec![instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    for (index, call) in calls.iter().enumerate() {
        let to_the_end = u8::try_from(calls.len() - index).unwrap_or(u8::MAX);
        let number = u32::try_from(*call).unwrap_or(u32::MAX);
        filter.push(instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, to_the_end, number));
    }
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_ALLOW));
    filter.push(instruction(libc::BPF_RET | libc::BPF_K, 0, libc::SECCOMP_RET_TRACE));
    filter
}

/// Waits for a change of any thread that this thread traces; `None` if none is left.
pub(crate) fn wait() -> io::Result<Option<(pid_t, Change)>> {
    loop {
        let mut status = 0;
        // SAFETY: `status` is a valid place for the result.
        let thread =
            unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
        if thread == -1 {
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EINTR) => continue,
                Some(libc::ECHILD) => return Ok(None),
                _ => return Err(error),
            }
        }
        let change = if !libc::WIFSTOPPED(status) {
            Change::Ended(status)
        } else if status >> 16 != 0 {
            Change::Event(status >> 16)
        } else {
            Change::Stopped(libc::WSTOPSIG(status))
        };
        return Ok(Some((thread, change)));
    }
}

/// Asks for the events that keep a program and its children traced, and ends them with this thread.
pub(crate) fn follow(thread: pid_t) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    // SAFETY: the request takes numbers only.
    let result = unsafe {
        libc::ptrace(libc::PTRACE_SETOPTIONS, thread, null_mut::<c_void>(), c_long::from(options))
    };
    check(result).map(drop)
}

/// Lets a stopped thread go on, with a signal or 0.
pub(crate) fn resume(thread: pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: the request takes numbers only.
    let result = unsafe {
        libc::ptrace(libc::PTRACE_CONT, thread, null_mut::<c_void>(), c_long::from(signal))
    };
    check(result).map(drop)
}

/// Lets a thread that stopped before a call go on to the end of the call.
pub(crate) fn finish_call(thread: pid_t) -> io::Result<()> {
    // SAFETY: the request takes numbers only.
    let result = unsafe {
        libc::ptrace(libc::PTRACE_SYSCALL, thread, null_mut::<c_void>(), null_mut::<c_void>())
    };
    check(result).map(drop)
}

/// Reads the registers of a stopped thread.
pub(crate) fn registers(thread: pid_t) -> io::Result<Registers> {
    // SAFETY: the structure is of numbers, for which zero is a value, and the kernel fills it whole.
    unsafe {
        let mut registers: Registers = std::mem::zeroed();
        let place = (&raw mut registers).cast::<c_void>();
        check(libc::ptrace(libc::PTRACE_GETREGS, thread, null_mut::<c_void>(), place))?;
        Ok(registers)
    }
}

/// Changes the registers of a stopped thread.
pub(crate) fn set_registers(thread: pid_t, registers: &Registers) -> io::Result<()> {
    let place = std::ptr::from_ref(registers).cast_mut().cast::<c_void>();
    // SAFETY: the kernel reads the structure and keeps no pointer to it.
    let result = unsafe { libc::ptrace(libc::PTRACE_SETREGS, thread, null_mut::<c_void>(), place) };
    check(result).map(drop)
}

/// Kills a process and all others of its group.
pub(crate) fn kill_group(process: pid_t) {
    // SAFETY: the call takes numbers only. Whoever is gone already needs no kill.
    let _gone = unsafe { libc::kill(-process, libc::SIGKILL) };
}
