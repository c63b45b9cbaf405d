//! A place of its own for one test: a KUSION_HOME, a folder to work in, no inherited environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use fs_err as fs;
use kusion_faults::{Fault, Point, Run, Stop};
use tempfile::TempDir;

use crate::build::{code_cache, profile_folder};
use crate::{catalog, kusion};

/// The user who runs the program in tests.
const USER: &str = "tester";

/// A place of its own for one test.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
}

/// What a run of the program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with what differs from run to run replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// What a run left that was watched from call to call.
#[derive(Debug)]
pub struct Traced {
    /// The exit code and both streams.
    pub output: Output,
    /// The calls that changed files below the root of the sandbox.
    pub points: Vec<Point>,
    /// How often it looked at the clock, if the fault is one of the clock.
    pub looks: usize,
    /// Whether the fault came to pass.
    pub hit: bool,
}

impl fmt::Display for Output {
    /// Writes the exit code and both streams, for snapshots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => writeln!(f, "exit {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        for (title, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "--- {title}\n{text}")?;
            }
        }
        Ok(())
    }
}

impl Output {
    /// Returns what `output` left, with what differs from run to run replaced.
    pub fn of(output: &std::process::Output, sandbox: &Sandbox) -> Self {
        Self {
            code: output.status.code(),
            stdout: sandbox.normalise(&output.stdout),
            stderr: sandbox.normalise(&output.stderr),
        }
    }

    /// Returns the run if it ended with 0.
    ///
    /// # Panics
    ///
    /// It did not; the test fails and shows the run.
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Returns standard output as the one JSON document that it is.
    ///
    /// # Panics
    ///
    /// It is anything else; the test fails and shows the run.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(document) => document,
            Err(error) => panic!("stdout is not one JSON document: {error}\n{self}"),
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes a place that has nothing but compiled modules, which all tests share.
    ///
    /// # Panics
    ///
    /// The temporary folder cannot be made.
    pub fn new() -> Self {
        let sandbox = Self::without_cache();
        let shared = code_cache();
        let linked = fs::create_dir_all(sandbox.home(""))
            .and_then(|()| fs::create_dir_all(shared))
            .and_then(|()| fs::os::unix::fs::symlink(shared, sandbox.home("cache")));
        assert!(linked.is_ok(), "cannot share {}: {linked:?}", shared.display());
        sandbox
    }

    /// Makes a place that has nothing at all, not even KUSION_HOME.
    ///
    /// # Panics
    ///
    /// The temporary folder cannot be made.
    pub fn without_cache() -> Self {
        let folder = profile_folder().join("tests-sandboxes");
        static SWEPT: OnceLock<()> = OnceLock::new();
        SWEPT.get_or_init(|| remove_left_behind(&folder));
        let prefix = format!("test-{}-", std::process::id());
        let root = fs::create_dir_all(&folder)
            .and_then(|()| tempfile::Builder::new().prefix(&prefix).tempdir_in(&folder));
        match root {
            Ok(root) => Self { root },
            Err(error) => panic!("cannot make a temporary folder: {error}"),
        }
    }

    /// Makes a place with the same files as this one.
    ///
    /// # Panics
    ///
    /// A file cannot be copied.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::without_cache();
        let copied = copy_below(self.root.path(), copy.root.path());
        assert!(copied.is_ok(), "{copied:?}");
        copy
    }

    /// Returns the folder that holds KUSION_HOME and the working folder.
    pub fn root(&self) -> &Path {
        self.root.path()
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

    /// Copies a folder from elsewhere to a folder below the working folder.
    ///
    /// # Panics
    ///
    /// A file cannot be copied.
    pub fn copy_from(&self, from: &Path, folder: &str) {
        let to = self.path(folder);
        let copied = fs::create_dir_all(&to).and_then(|()| copy_below(from, &to));
        assert!(copied.is_ok(), "cannot copy {}: {copied:?}", from.display());
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

    /// Replaces a text in a file of the working folder.
    ///
    /// # Panics
    ///
    /// The file cannot be read or written, or does not contain the text.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} does not contain `{old}`:\n{text}");
        self.write(path, &text.replace(old, new));
    }

    /// Returns every file below a folder of the working folder, with its content and when it was written.
    ///
    /// # Panics
    ///
    /// One cannot be read.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
        match files_below(&self.path(folder)) {
            Ok(files) => files,
            Err(error) => panic!("{error}"),
        }
    }

    /// Says whether a text occurs in any file below KUSION_HOME or the working folder, and in which.
    ///
    /// # Panics
    ///
    /// A file cannot be read.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let folders = ["work", "home"].map(|name| self.root.path().join(name));
        let files = folders.iter().flat_map(|folder| match files_below(folder) {
            Ok(files) => files,
            Err(error) => panic!("{error}"),
        });
        let contains = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        files.filter(|(_, (bytes, _))| contains(bytes)).map(|(path, _)| path).collect()
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
            .env("USER", USER)
            .env("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program in a folder below the working folder.
    ///
    /// # Panics
    ///
    /// It cannot be started.
    #[must_use = "assert the exit code or the text"]
    pub fn run(&self, folder: &str, arguments: &[&str]) -> Output {
        match self.command(folder, arguments).output() {
            Ok(output) => Output::of(&output, self),
            Err(error) => panic!("cannot start `kusion`: {error}"),
        }
    }

    /// Runs the program in a folder below the working folder, and lets one thing go wrong.
    ///
    /// # Panics
    ///
    /// It cannot be started or traced.
    pub fn run_with(&self, fault: Option<Fault>, folder: &str, arguments: &[&str]) -> Traced {
        let command = self.command(folder, arguments);
        match kusion_faults::run(command, self.root(), fault) {
            Ok(Run { output, points, looks, hit }) => {
                Traced { output: Output::of(&output, self), points, looks, hit }
            }
            Err(error) => panic!("cannot trace `kusion`: {error}"),
        }
    }

    /// Runs the program in a folder below the working folder, and stops it once on the way.
    ///
    /// # Panics
    ///
    /// It cannot be started or traced, it was never stopped, or `meanwhile` panics.
    pub fn run_stopping(&self, stop: Stop<'_>, folder: &str, arguments: &[&str]) -> Output {
        let command = self.command(folder, arguments);
        match kusion_faults::run_stopping(command, self.root(), stop) {
            Ok(Run { output, hit, .. }) => {
                let output = Output::of(&output, self);
                assert!(hit, "the run was not stopped: {output}");
                output
            }
            Err(error) => panic!("cannot trace `kusion`: {error}"),
        }
    }

    /// Applies a stack one change at a time, and stops the run when it is about to write the manifest of this
    /// number. No record is being written then.
    ///
    /// # Panics
    ///
    /// As [`Sandbox::run_stopping`].
    pub fn apply_stopping(
        &self,
        manifest: usize,
        meanwhile: &mut (dyn FnMut(u32) + Send),
    ) -> Output {
        let mut renamed = 0;
        let is_manifest = |point: &Point| point.call == "rename" && below(&point.path, "manifests");
        let mut at = |point: &Point| {
            renamed += usize::from(is_manifest(point));
            renamed == manifest
        };
        let arguments = ["apply", "--yes", "--parallelism", "1"];
        self.run_stopping(Stop { at: &mut at, meanwhile }, "dev", &arguments)
    }

    /// Returns the paths of everything below the root, folders with a slash at the end, sorted. Links are
    /// not followed.
    ///
    /// # Panics
    ///
    /// A folder cannot be read.
    pub fn everything(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        let mut folders = vec![self.root.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => panic!("{error}"),
            };
            for entry in entries.flatten() {
                let path = entry.path();
                let below = path.strip_prefix(self.root.path()).unwrap_or(&path).display();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    paths.insert(format!("{below}/"));
                    folders.push(path);
                } else {
                    paths.insert(below.to_string());
                }
            }
        }
        paths
    }

    /// Replaces what differs from run to run and from machine to machine.
    pub(crate) fn normalise(&self, bytes: &[u8]) -> String {
        let root = self.root.path().display().to_string();
        let catalog = catalog().display().to_string();
        let text =
            String::from_utf8_lossy(bytes).replace(&root, "[root]").replace(&catalog, "[catalog]");
        let text = text.replace(&format!("{USER}@{}", host_name()), &format!("{USER}@[host]"));
        without_durations(&times(&text))
    }
}

/// Removes the places of test programs that have ended: one that lives as long as its program, or whose
/// program was killed, is removed by nobody else.
fn remove_left_behind(folder: &Path) {
    let lives = |process: u32| Path::new("/proc").join(process.to_string()).exists();
    if !lives(std::process::id()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.split('-').nth(1).and_then(|process| process.parse().ok());
        if process.is_none_or(|process| !lives(process)) {
            // Another test program may be removing it too.
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

fn below(path: &Path, folder: &str) -> bool {
    path.iter().any(|name| name == folder)
}

/// Copies all files, folders and links below a folder.
fn copy_below(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir(&to)?;
            fs::set_permissions(&to, entry.metadata()?.permissions())?;
            copy_below(&from, &to)?;
        } else if kind.is_symlink() {
            fs::os::unix::fs::symlink(fs::read_link(&from)?, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Reads all files below a folder; none if there is no such folder. Links are not followed.
fn files_below(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, (Vec<u8>, SystemTime)>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            files.insert(entry.path(), (fs::read(entry.path())?, entry.metadata()?.modified()?));
        }
    }
    Ok(files)
}

/// Replaces points in time, as in `2026-01-31T12:00:00.5Z`, by one of the same width.
fn times(text: &str) -> String {
    const SHAPE: &str = "0000-00-00T00:00:00";
    const TIME: &str = "2000-01-01T00:00:00Z";
    let begins = |text: &str| {
        let mut characters = text.chars();
        SHAPE.chars().all(|shape| match characters.next() {
            Some(found) => {
                if shape == '0' {
                    found.is_ascii_digit()
                } else {
                    found == shape
                }
            }
            None => false,
        })
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if begins(rest) {
            let after = rest.split_at(SHAPE.len()).1;
            rest = after
                .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())
                .trim_start_matches('Z');
            result.push_str(TIME);
        } else {
            result.push(character);
            rest = rest.split_at(character.len_utf8()).1;
        }
    }
    result
}

/// Removes how long a change took, as in `(0.1s)` at the end of a line; a short time is not said at all.
fn without_durations(text: &str) -> String {
    let is_duration =
        |text: &str| text.strip_suffix("s)").is_some_and(|time| time.parse::<f64>().is_ok());
    let line = |line: &str| match line.trim_end().rsplit_once(" (") {
        Some((before, time)) if is_duration(time) => format!("{before}\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Returns the name of this machine, which records name beside the user.
fn host_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let output = Command::new("uname").arg("-n").output().map(|output| output.stdout);
        String::from_utf8_lossy(&output.unwrap_or_default()).trim().to_owned()
    })
}
