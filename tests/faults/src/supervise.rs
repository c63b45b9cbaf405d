//! Follows a program from call to call, and brings the fault about.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;

use libc::{c_int, c_long, pid_t};

use crate::calls::{CALLS, Call, Effect, Names};
use crate::kernel::{self, Change, Registers, STOP_AT_CALL};
use crate::{Fault, Point, Refusal, Run, Stop};

/// The longest path that the kernel takes.
const MAX_PATH: usize = 4096;
/// What is read of a new program's stack to find what the kernel tells it: more than any test passes.
const MAX_STACK: usize = 1 << 18;

/// What is to be done when a call has ended.
#[derive(Debug, Clone, Copy)]
enum AtEnd {
    Kill,
    /// Adds seconds to the time that was written to an address.
    Shift(u64, i64),
}

struct Supervisor<'a, 's> {
    roots: [&'a Path; 2],
    fault: Option<Fault>,
    stop: Option<Stop<'s>>,
    leader: pid_t,
    known: BTreeSet<pid_t>,
    ends: BTreeMap<pid_t, AtEnd>,
    points: Vec<Point>,
    looks: usize,
    hit: bool,
}

pub(crate) fn run(
    command: Command,
    root: &Path,
    fault: Option<Fault>,
    stop: Option<Stop<'_>>,
) -> io::Result<Run> {
    // Who traces is a thread, not a process: with one of its own nobody else's children get in the way.
    thread::scope(|scope| {
        let tracer = scope.spawn(|| trace(command, root, fault, stop));
        tracer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Ends a program, also if whoever traces it panics.
struct Ended(pid_t);

impl Drop for Ended {
    fn drop(&mut self) {
        kernel::kill_group(self.0);
    }
}

fn trace(
    mut command: Command,
    root: &Path,
    fault: Option<Fault>,
    stop: Option<Stop<'_>>,
) -> io::Result<Run> {
    let mut calls: Vec<c_long> = CALLS.iter().map(|call| call.number).collect();
    if matches!(fault, Some(Fault::Clock(..))) {
        calls.push(libc::SYS_clock_gettime);
    }
    kernel::trace(&mut command, &calls);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let real = root.canonicalize()?;
    let mut supervisor = Supervisor {
        roots: [root, &real],
        fault,
        stop,
        leader: child.id().try_into().unwrap_or(0),
        known: BTreeSet::new(),
        ends: BTreeMap::new(),
        points: Vec::new(),
        looks: 0,
        hit: false,
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (status, stdout, stderr) = thread::scope(|scope| {
        let stdout = scope.spawn(|| read_all(stdout));
        let stderr = scope.spawn(|| read_all(stderr));
        let ended = Ended(supervisor.leader);
        let status = supervisor.follow_all();
        if status.is_ok() {
            // All have ended by themselves, and their group may soon be somebody else's.
            std::mem::forget(ended);
        }
        (status, stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default())
    });
    let output = Output { status: ExitStatus::from_raw(status?), stdout, stderr };
    let Supervisor { points, looks, hit, .. } = supervisor;
    Ok(Run { output, points, looks, hit })
}

fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ended = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    bytes
}

/// A thread that was killed meanwhile needs nothing any more.
fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT)) => Ok(()),
        result => result,
    }
}

impl Supervisor<'_, '_> {
    /// Follows the program and its children until all have ended; returns how the program did.
    fn follow_all(&mut self) -> io::Result<c_int> {
        let mut end = None;
        while let Some((thread, change)) = kernel::wait()? {
            match change {
                Change::Ended(status) if thread == self.leader => end = Some(status),
                Change::Ended(_) => {}
                Change::Event(event) => unless_gone(self.event(thread, event))?,
                Change::Stopped(signal) => unless_gone(self.stopped(thread, signal))?,
            }
        }
        end.ok_or_else(|| io::Error::other("the program did not end"))
    }

    fn event(&mut self, thread: pid_t, event: c_int) -> io::Result<()> {
        match event {
            libc::PTRACE_EVENT_SECCOMP => return self.call(thread),
            libc::PTRACE_EVENT_EXEC => self.prepare(thread)?,
            _ => {}
        }
        kernel::resume(thread, 0)
    }

    fn stopped(&mut self, thread: pid_t, signal: c_int) -> io::Result<()> {
        let is_new = self.known.insert(thread);
        match signal {
            STOP_AT_CALL => match self.ends.remove(&thread) {
                Some(AtEnd::Kill) => {
                    kernel::kill_group(self.leader);
                    Ok(())
                }
                Some(AtEnd::Shift(place, by)) => {
                    shift(thread, place, by)?;
                    kernel::resume(thread, 0)
                }
                None => kernel::resume(thread, 0),
            },
            libc::SIGTRAP if is_new && thread == self.leader => {
                kernel::follow(thread)?;
                self.prepare(thread)?;
                kernel::resume(thread, 0)
            }
            // A new thread or child begins with a stop that it does not know of.
            libc::SIGSTOP if is_new => kernel::resume(thread, 0),
            signal => kernel::resume(thread, signal),
        }
    }

    /// Hides from a new program that it could read the clock without a call.
    fn prepare(&self, thread: pid_t) -> io::Result<()> {
        if !matches!(self.fault, Some(Fault::Clock(..))) {
            return Ok(());
        }
        let stack = kernel::registers(thread)?.rsp;
        let memory = memory(thread)?;
        let mut bytes = vec![0; MAX_STACK];
        let length = memory.read_at(&mut bytes, stack)?;
        let words: Vec<u64> = bytes
            .get(..length)
            .unwrap_or_default()
            .chunks_exact(8)
            .filter_map(|word| Some(u64::from_ne_bytes(word.try_into().ok()?)))
            .collect();
        // The arguments end with a zero, then the environment does; pairs of kind and value follow.
        let zeros = words.iter().enumerate().skip(1).filter(|(_, word)| **word == 0);
        let Some((environment_end, _)) = zeros.into_iter().nth(1) else { return Ok(()) };
        for index in (environment_end + 1..words.len()).step_by(2) {
            match words.get(index) {
                Some(&libc::AT_SYSINFO_EHDR) => {
                    memory.write_at(&libc::AT_IGNORE.to_ne_bytes(), stack + 8 * index as u64)?;
                }
                Some(&libc::AT_NULL) | None => break,
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A thread is about to make a call.
    fn call(&mut self, thread: pid_t) -> io::Result<()> {
        let mut registers = kernel::registers(thread)?;
        let number = c_long::try_from(registers.orig_rax).unwrap_or(-1);
        if number == libc::SYS_clock_gettime {
            return self.look(thread, &registers);
        }
        let Some(call) = CALLS.iter().find(|call| call.number == number) else {
            return kernel::resume(thread, 0);
        };
        let flags = match call.effect {
            Effect::Open(index) => {
                let flags = c_int::try_from(argument(&registers, index) & 0xffff_ffff).unwrap_or(0);
                let changes = flags & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) != 0;
                if !changes {
                    return kernel::resume(thread, 0);
                }
                flags
            }
            _ => 0,
        };
        let path = match path(thread, &registers, call.names) {
            Some(path) if self.roots.iter().any(|root| path.starts_with(root)) => path,
            _ => return kernel::resume(thread, 0),
        };
        let is_made = flags & libc::O_CREAT != 0 && !path.exists();
        let point = Point { call: call.name, path };
        if let Some(stop) = self.stop.take() {
            if (stop.at)(&point) {
                self.hit = true;
                (stop.meanwhile)(self.leader.cast_unsigned());
            } else {
                self.stop = Some(stop);
            }
        }
        self.points.push(point);
        let point = self.points.len();
        match self.fault {
            Some(Fault::KillBefore(at)) if at == point => {
                self.hit = true;
                kernel::kill_group(self.leader);
                Ok(())
            }
            Some(Fault::KillAfter(at) | Fault::Tear(at)) if at == point => {
                self.hit = true;
                if let (Some(Fault::Tear(_)), Effect::Write(length)) = (self.fault, call.effect) {
                    halve(&mut registers, length);
                    kernel::set_registers(thread, &registers)?;
                }
                self.ends.insert(thread, AtEnd::Kill);
                kernel::finish_call(thread)
            }
            Some(Fault::Refuse(at, refusal)) if at <= point => {
                if let Some(error) = error(refusal, call, is_made) {
                    self.hit = true;
                    // A call of no number is not made, and the caller sees what stands in `rax`.
                    registers.orig_rax = u64::MAX;
                    registers.rax = i64::from(-error).cast_unsigned();
                    kernel::set_registers(thread, &registers)?;
                }
                kernel::resume(thread, 0)
            }
            _ => kernel::resume(thread, 0),
        }
    }

    /// A thread is about to look at the clock.
    fn look(&mut self, thread: pid_t, registers: &Registers) -> io::Result<()> {
        let clock = c_int::try_from(argument(registers, 0)).unwrap_or(-1);
        if !matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) {
            return kernel::resume(thread, 0);
        }
        self.looks += 1;
        match self.fault {
            Some(Fault::Clock(at, by)) if at <= self.looks => {
                self.hit = true;
                self.ends.insert(thread, AtEnd::Shift(argument(registers, 1), by));
                kernel::finish_call(thread)
            }
            _ => kernel::resume(thread, 0),
        }
    }
}

/// Returns how a call fails; `None` if it does not.
fn error(refusal: Refusal, call: &Call, is_made: bool) -> Option<c_int> {
    let by_path = !matches!(call.names, Names::Open(_));
    match (refusal, call.effect) {
        (_, Effect::Lock) => None,
        (Refusal::Full, Effect::Shrink) => None,
        (Refusal::Full, Effect::Open(_)) if !is_made => None,
        (Refusal::Full, _) => Some(libc::ENOSPC),
        (Refusal::ReadOnly, _) => Some(libc::EROFS),
        (Refusal::Denied, _) => by_path.then_some(libc::EACCES),
        (Refusal::Broken, _) => Some(libc::EIO),
    }
}

fn argument(registers: &Registers, index: usize) -> u64 {
    let Registers { rdi, rsi, rdx, r10, r8, r9, .. } = *registers;
    [rdi, rsi, rdx, r10, r8, r9].get(index).copied().unwrap_or_default()
}

fn halve(registers: &mut Registers, index: usize) {
    let place = match index {
        2 => &mut registers.rdx,
        3 => &mut registers.r10,
        _ => &mut registers.r8,
    };
    *place /= 2;
}

fn memory(thread: pid_t) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).write(true).open(format!("/proc/{thread}/mem"))
}

/// Returns the file that a call is about.
fn path(thread: pid_t, registers: &Registers, names: Names) -> Option<PathBuf> {
    let open = |index| {
        // The kernel looks at the lower half of the register only.
        let number = (argument(registers, index) & 0xffff_ffff) as u32;
        let link = match number.cast_signed() {
            libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
            number => format!("/proc/{thread}/fd/{number}"),
        };
        std::fs::read_link(link).ok()
    };
    let text = |index| {
        let mut bytes = vec![0; MAX_PATH];
        let length = memory(thread).ok()?.read_at(&mut bytes, argument(registers, index)).ok()?;
        let bytes = bytes.get(..length)?.split(|byte| *byte == 0).next()?;
        Some(PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
    };
    let path = match names {
        Names::Open(index) => open(index)?,
        Names::Path(index) => {
            std::fs::read_link(format!("/proc/{thread}/cwd")).ok()?.join(text(index)?)
        }
        Names::At(index) => {
            let text = text(index + 1)?;
            if text.is_absolute() { text } else { open(index)?.join(text) }
        }
    };
    Some(without_detours(&path))
}

fn without_detours(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                short.pop();
            }
            Component::CurDir => {}
            component => short.push(component),
        }
    }
    short
}

/// Adds seconds to a time in a thread's memory.
fn shift(thread: pid_t, place: u64, by: i64) -> io::Result<()> {
    let memory = memory(thread)?;
    let mut seconds = [0; 8];
    memory.read_exact_at(&mut seconds, place)?;
    let shifted = i64::from_ne_bytes(seconds).saturating_add(by);
    memory.write_all_at(&shifted.to_ne_bytes(), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder);
        command
    }

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("kusion-faults-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.canonicalize().unwrap()
    }

    fn calls(run: &Run) -> Vec<&'static str> {
        run.points.iter().map(|point| point.call).collect()
    }

    const SCRIPT: &str = "echo 12345678 > a; mv a b; mkdir d; echo done";

    #[test]
    fn every_change_below_the_root_is_seen_also_those_of_children() {
        let folder = folder("seen");
        let run = run(shell(SCRIPT, &folder), &folder, None, None).unwrap();
        assert_eq!(run.output.stdout, b"done\n");
        assert_eq!(calls(&run), ["open", "write", "rename", "mkdir"], "{:?}", run.points);
        assert!(!run.hit);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_kill_comes_before_in_the_middle_of_or_after_a_write() {
        for (fault, content) in [
            (Fault::KillBefore(2), &b""[..]),
            (Fault::Tear(2), b"1234"),
            (Fault::KillAfter(2), b"12345678\n"),
        ] {
            let folder = folder("kill");
            let run = run(shell(SCRIPT, &folder), &folder, Some(fault), None).unwrap();
            assert_eq!(run.output.status.signal(), Some(libc::SIGKILL), "{fault}");
            assert!(run.hit && run.points.len() == 2, "{fault}");
            assert_eq!(std::fs::read(folder.join("a")).unwrap(), content, "{fault}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn a_stopped_program_goes_on_where_it_was() {
        let folder = folder("stop");
        let mut seen = Vec::new();
        let stop = Stop {
            at: &mut |point| point.call == "rename",
            meanwhile: &mut |process| {
                let names = ["a", "b"].map(|name| folder.join(name).exists());
                seen.push((names, Path::new(&format!("/proc/{process}")).exists()));
            },
        };
        let run = run(shell(SCRIPT, &folder), &folder, None, Some(stop)).unwrap();
        assert_eq!((run.output.stdout.as_slice(), run.hit), (&b"done\n"[..], true));
        assert_eq!(seen, [([true, false], true)]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_panic_meanwhile_is_passed_on_and_ends_the_program() {
        let folder = folder("panic");
        let mut process = 0;
        let stop = Stop {
            at: &mut |_| true,
            meanwhile: &mut |number| {
                process = number;
                panic!("on purpose");
            },
        };
        let traced =
            std::panic::AssertUnwindSafe(|| run(shell(SCRIPT, &folder), &folder, None, Some(stop)));
        assert!(std::panic::catch_unwind(traced).is_err());
        // The kernel ends it with the thread that traced it, in its own time; who waited for that is gone.
        let status =
            || std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let has_ended = |status: String| status.is_empty() || status.contains(") Z ");
        let ended = (0..6_000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            has_ended(status())
        });
        assert!(ended, "{}", status());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_full_disk_refuses_what_grows_and_a_read_only_one_everything() {
        let folder = folder("full");
        let script = "echo 1 > a || echo no a; rm b || echo no b";
        let full = Some(Fault::Refuse(1, Refusal::Full));
        std::fs::write(folder.join("b"), "").unwrap();
        let refused = run(shell(script, &folder), &folder, full, None).unwrap();
        assert_eq!(refused.output.stdout, b"no a\n");
        assert!(!folder.join("a").exists() && !folder.join("b").exists());
        std::fs::write(folder.join("b"), "").unwrap();
        let read_only = Some(Fault::Refuse(1, Refusal::ReadOnly));
        let refused = run(shell(script, &folder), &folder, read_only, None).unwrap();
        assert_eq!(refused.output.stdout, b"no a\nno b\n");
        let text = String::from_utf8(refused.output.stderr).unwrap();
        assert!(text.contains("Read-only file system"), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_clock_jumps() {
        let folder = folder("clock");
        let back = Some(Fault::Clock(1, -1_000_000_000));
        let run = run(shell("date +%s", &folder), &folder, back, None).unwrap();
        let shown: i64 = String::from_utf8(run.output.stdout).unwrap().trim().parse().unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        assert!((now - shown - 1_000_000_000).abs() < 100_000, "{now} {shown}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
