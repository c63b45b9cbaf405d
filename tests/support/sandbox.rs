//! A place of its own for one test: an empty KUSION_HOME, a folder to work in, no inherited environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use tempfile::TempDir;

use crate::{catalog, kusion};

/// A place of its own for one test.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

/// What a run of the program left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "assert the exit code or the text"]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with the paths of the sandbox replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes an empty place.
    ///
    /// # Panics
    ///
    /// The temporary folder cannot be made.
    pub fn new() -> Self {
        match tempfile::Builder::new().prefix("kusion-test-").tempdir() {
            Ok(root) => Self { root },
            Err(error) => panic!("cannot make a temporary folder: {error}"),
        }
    }

    /// Returns a path in the working folder.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("work").join(path)
    }

    /// Returns a path in KUSION_HOME.
    pub fn home(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.path().join("home").join(path)
    }

    /// Writes a file in the working folder.
    ///
    /// # Panics
    ///
    /// It cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let written =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        assert!(written.is_ok(), "cannot write {}: {written:?}", path.display());
    }

    /// Reads a file in the working folder.
    ///
    /// # Panics
    ///
    /// It cannot be read.
    pub fn read(&self, path: &str) -> String {
        match fs::read_to_string(self.path(path)) {
            Ok(text) => text,
            Err(error) => panic!("{error}"),
        }
    }

    /// Prepares a run of the program in a folder below the working folder.
    pub fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let folder = self.path(folder);
        // A missing folder shows in the run itself.
        let _made = fs::create_dir_all(&folder);
        let mut command = Command::new(kusion());
        command
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("KUSION_HOME", self.home(""))
            .env("KUSION_CATALOG", catalog())
            .env("USER", "tester")
            .env("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program in a folder below the working folder.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    pub fn run(&self, folder: &str, arguments: &[&str]) -> Output {
        match self.command(folder, arguments).output() {
            Ok(output) => Output {
                code: output.status.code(),
                stdout: self.normalise(&output.stdout),
                stderr: self.normalise(&output.stderr),
            },
            Err(error) => panic!("cannot start `kusion`: {error}"),
        }
    }

    /// Replaces what differs from run to run: the sandbox's own paths.
    fn normalise(&self, bytes: &[u8]) -> String {
        let root = self.root.path().display().to_string();
        String::from_utf8_lossy(bytes).replace(&root, "[root]")
    }
}
