//! One run of a program.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use kusion_benches::Failure;

use crate::bench::Times;

/// Runs a program that must succeed, and keeps how long it took.
pub(super) fn timed(times: &mut Times, mut command: Command) -> Result<(), Failure> {
    let output = times.take(|| command.stderr(Stdio::piped()).output())?;
    check(&command, output.status, &output.stderr)
}

/// Runs a program that must succeed, and returns the most memory that it had, in bytes.
pub(super) fn peak_memory(mut command: Command) -> Result<u64, Failure> {
    /// It only grows, so the last look before the end tells it.
    const LOOK: Duration = Duration::from_millis(2);
    let mut child = command.spawn()?;
    let file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let status = fs_err::read_to_string(&file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kibibytes) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            peak = kibibytes.trim().parse::<u64>()? << 10;
        }
        if let Some(status) = child.try_wait()? {
            return check(&command, status, &[]).map(|()| peak);
        }
        std::thread::sleep(LOOK);
    }
}

fn check(command: &Command, status: ExitStatus, said: &[u8]) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {status}: {}", String::from_utf8_lossy(said)).into())
}
