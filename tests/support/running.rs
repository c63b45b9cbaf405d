//! A run that a test begins and does not wait for.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use crate::{Output, Sandbox};

/// A program under way. It is killed with the test that began it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: BufReader<ChildStderr>,
    /// What was read of standard error.
    told: Vec<u8>,
}

impl Sandbox {
    /// Begins a run of the program in a folder below the working folder.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn start(&self, folder: &str, arguments: &[&str]) -> Running {
        let mut command = self.command(folder, arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("cannot start `kusion`: {error}"));
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            panic!("`kusion` has no streams");
        };
        let stdout = Some(std::thread::spawn(|| read(stdout)));
        Running { child, stdout, stderr: BufReader::new(stderr), told: Vec::new() }
    }
}

fn read(mut stdout: ChildStdout) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ended = stdout.read_to_end(&mut bytes);
    bytes
}

impl Running {
    /// Returns the number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Says whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits until it has told of so many changes, a line each, or has ended.
    pub fn wait_for_lines(&mut self, lines: usize) {
        for _ in 0..lines {
            let _ended = self.stderr.read_until(b'\n', &mut self.told);
        }
    }

    /// Waits until it has told a line with `part`, and returns that line.
    ///
    /// # Panics
    ///
    /// It ends before.
    pub fn wait_for(&mut self, part: &str) -> String {
        loop {
            let before = self.told.len();
            let _read = self.stderr.read_until(b'\n', &mut self.told);
            let line = String::from_utf8_lossy(self.told.get(before..).unwrap_or_default());
            if line.contains(part) {
                return line.into_owned();
            }
            let told = String::from_utf8_lossy(&self.told);
            assert!(!line.is_empty(), "it ended without `{part}`:\n{told}");
        }
    }

    /// Sends it a signal, such as `-TERM`.
    ///
    /// # Panics
    ///
    /// It has ended.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot send {signal}");
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// Its streams cannot be read.
    pub fn end(mut self, sandbox: &Sandbox) -> Output {
        let read = self.stderr.read_to_end(&mut self.told);
        let stdout = self.stdout.take().and_then(|stdout| stdout.join().ok());
        let (Ok(_), Some(stdout), Ok(status)) = (read, stdout, self.child.wait()) else {
            panic!("cannot read what `kusion` says");
        };
        let stderr = std::mem::take(&mut self.told);
        Output::of(&std::process::Output { status, stdout, stderr }, sandbox)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of a process that has ended and was waited for, both do nothing.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
