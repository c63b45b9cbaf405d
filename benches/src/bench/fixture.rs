//! A project to measure on, in a temporary folder with a KUSION_HOME of its own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use kusion::config::{Stack, Workspace};
use kusion::engine::{Compiler, Engine, Limits, Options};
use kusion::module::Resolver;
use kusion::name::WorkspaceName;
use kusion::ops::{Generation, Project, generate};
use kusion::source::SourceFile;
use kusion_benches::Failure;
use tempfile::TempDir;

/// The project below `benches/fixture`, ready to be run.
pub(crate) struct Fixture {
    root: TempDir,
    pub(crate) kusion: PathBuf,
    pub(crate) catalog: PathBuf,
}

impl Fixture {
    pub(crate) fn new(kusion: &Path, catalog: &Path) -> Result<Self, Failure> {
        let root = tempfile::tempdir()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixture");
        fs::create_dir(root.path().join("dev"))?;
        for file in ["project.yaml", "app.yaml", "workspace.yaml", "dev/stack.yaml"] {
            fs::copy(source.join(file), root.path().join(file))?;
        }
        let fixture =
            Self { root, kusion: fs::canonicalize(kusion)?, catalog: fs::canonicalize(catalog)? };
        fixture.succeed(&["workspace", "create", "default", "-f", "../workspace.yaml"])?;
        Ok(fixture)
    }

    /// Returns a path below the folder of the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Returns the folder of compiled code.
    pub(crate) fn code_cache(&self) -> PathBuf {
        self.path("home/cache/code")
    }

    /// Prepares a run of the program in the stack's folder.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("dev"))
            .env_clear()
            .env("KUSION_HOME", self.path("home"))
            .env("KUSION_CATALOG", &self.catalog)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs the program, which must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Result<(), Failure> {
        let output = self.command(&self.kusion).args(arguments).stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("kusion {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Makes an engine as the command line does.
    pub(crate) fn engine(&self) -> Result<Engine, Failure> {
        let compiler =
            Compiler::Child { program: self.kusion.clone(), arguments: vec!["__compile".into()] };
        let cache = Some(self.code_cache());
        Ok(Engine::new(Options { cache, compiler, limits: Limits::default() })?)
    }

    /// Generates the stack through the library.
    pub(crate) fn generate(&self, engine: &Engine) -> Result<Generation, Failure> {
        let stack = Stack::load(&self.path("dev"))?;
        let file = self.path("workspace.yaml");
        let text = SourceFile::new(&file, fs::read_to_string(&file)?);
        let workspace = Workspace::parse(WorkspaceName::parse("default")?, &text, None)?;
        let resolver = self.resolver();
        Ok(generate(&Project {
            stack: &stack,
            workspace: &workspace,
            engine,
            resolver: &resolver,
            parallelism: threads(),
        })?)
    }

    /// Returns how modules are found.
    pub(crate) fn resolver(&self) -> Resolver {
        Resolver::new(Some(self.catalog.clone()))
    }
}

/// Returns how many threads everything that is compared uses.
pub(crate) fn threads() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
