//! The world the command line runs in, read once.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use kusion::engine::{Compiler, Engine, Limits, Options};
use kusion::module::Resolver;

use crate::commands::COMPILE;
use crate::error::CliError;
use crate::render::Paint;

/// Arguments, environment and terminal. Nothing else in the program reads them.
#[derive(Debug)]
pub(crate) struct World {
    home: Option<PathBuf>,
    catalog: Option<PathBuf>,
    executable: Option<PathBuf>,
    folder: PathBuf,
    no_color: bool,
    terminal: Terminal,
    user: String,
    host: String,
    cargo: OsString,
}

/// Which standard streams are terminals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    pub(crate) stdin: bool,
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

impl World {
    /// Reads the world.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("KUSION_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".kusion")));
        let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let uname = rustix::system::uname();
        Self {
            home,
            catalog: variable("KUSION_CATALOG").map(PathBuf::from),
            executable: std::env::current_exe().ok(),
            folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            no_color: variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb"),
            terminal: Terminal {
                stdin: std::io::stdin().is_terminal(),
                stdout: std::io::stdout().is_terminal(),
                stderr: std::io::stderr().is_terminal(),
            },
            user: text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| "unknown".to_owned()),
            host: uname.nodename().to_string_lossy().into_owned(),
            cargo: variable("CARGO").unwrap_or_else(|| "cargo".into()),
        }
    }

    /// Returns the folder in which the command was started.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a path as the user meant it.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Returns KUSION_HOME.
    pub(crate) fn home(&self) -> Result<&Path, CliError> {
        self.home.as_deref().ok_or_else(|| {
            CliError::user("cannot tell where kusion keeps its files")
                .hint("set KUSION_HOME, or HOME, to a folder")
        })
    }

    /// Returns who acts, for records and leases.
    pub(crate) fn actor(&self) -> String {
        format!("{}@{}", self.user, self.host)
    }

    /// Returns the program that builds Rust modules.
    pub(crate) fn cargo(&self) -> OsString {
        self.cargo.clone()
    }

    /// Returns which streams are terminals.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Returns whether standard output is coloured.
    pub(crate) fn stdout_paint(&self) -> Paint {
        Paint(self.terminal.stdout && !self.no_color)
    }

    /// Returns whether standard error is coloured.
    pub(crate) fn stderr_paint(&self) -> Paint {
        Paint(self.terminal.stderr && !self.no_color)
    }

    /// Writes data to standard output.
    ///
    /// A reader that has seen enough (`kusion … | head`) is no error.
    pub(crate) fn print(&self, text: &str) -> Result<(), CliError> {
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(|error| CliError::environment("cannot write to standard output", &error)),
        }
    }

    /// Writes one document to standard output.
    pub(crate) fn print_json(&self, document: &serde_json::Value) -> Result<(), CliError> {
        self.print(&format!("{document:#}\n"))
    }

    /// Writes a message to standard error. Nobody is left to tell if that fails.
    pub(crate) fn eprint(&self, text: &str) {
        let _unheard = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Returns how modules are found.
    pub(crate) fn resolver(&self) -> Resolver {
        let beside = self.executable.as_ref().and_then(|path| Some(path.parent()?.join("catalog")));
        Resolver::new(self.catalog.clone().or_else(|| beside.filter(|folder| folder.is_dir())))
    }

    /// Sets up the engine, with compiled code kept in KUSION_HOME.
    pub(crate) fn engine(&self, limits: Limits) -> Result<Engine, CliError> {
        let compiler = match &self.executable {
            Some(program) => {
                Compiler::Child { program: program.clone(), arguments: vec![COMPILE.into()] }
            }
            None => Compiler::InProcess,
        };
        let cache = Some(self.home()?.join("cache").join("code"));
        Ok(Engine::new(Options { cache, compiler, limits })?)
    }
}
