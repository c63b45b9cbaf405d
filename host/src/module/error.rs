//! Why a module's bytes cannot be had, and why one cannot be built.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Kind};
use crate::name::ModuleName;

/// Why a module's bytes cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModuleError {
    /// No catalog is known, so a module without `path` cannot be found.
    #[error("module `{module}` has no `path`, and there is no bundled catalog")]
    NoCatalog {
        /// The module.
        module: ModuleName,
    },
    /// The catalog does not hold the module.
    #[error("the bundled catalog `{catalog}` has no module `{module}`")]
    NotInCatalog {
        /// The module.
        module: ModuleName,
        /// The catalog's folder.
        catalog: PathBuf,
        /// The modules it holds.
        available: Vec<String>,
    },
    /// The folder holds no component of the module.
    #[error("folder `{folder}` holds no built module `{module}`")]
    NotBuilt {
        /// The module.
        module: ModuleName,
        /// The folder.
        folder: PathBuf,
    },
    /// The component cannot be read.
    #[error("cannot read module `{module}` from `{path}`")]
    Read {
        /// The module.
        module: ModuleName,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The module is in a registry, and was not fetched.
    #[error("module `{module}` is in a registry, and was not fetched: `{reference}`")]
    NotFetched {
        /// The module.
        module: ModuleName,
        /// The reference.
        reference: String,
    },
}

impl Diagnose for ModuleError {
    fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoCatalog { .. } => {
                vec![
                    "set KUSION_CATALOG to a folder of modules, or give the module a `path`"
                        .to_owned(),
                ]
            }
            Self::NotInCatalog { catalog, available, .. } if available.is_empty() => {
                vec![format!(
                    "`{}` holds no modules: does KUSION_CATALOG name the right folder?",
                    catalog.display()
                )]
            }
            Self::NotInCatalog { module, available, .. } => {
                crate::diagnostic::name_hints(module.as_str(), available.iter().map(String::as_str))
            }
            Self::NotBuilt { folder, .. } => {
                vec![format!("run `kusion mod build {}`", folder.display())]
            }
            Self::NotFetched { .. } | Self::Read { .. } => Vec::new(),
        }
    }
}

/// Why a module cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The folder is no package.
    #[error(
        "`{folder}` is not a package: it has no `Cargo.toml`, `package.json`, `pyproject.toml` or `go.mod`"
    )]
    NoPackage {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing says which language the folder is written in.
    #[error("`{folder}` is a package of several languages: {}", quoted(manifests))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The manifests in it.
        manifests: Vec<&'static str>,
    },
    /// The manifest has no name for the module.
    #[error("`{manifest}` does not name its package")]
    Unnamed {
        /// The manifest.
        manifest: PathBuf,
    },
    /// A program that builds modules is not there.
    #[error("cannot find the program `{program}`")]
    NoTool {
        /// The program.
        program: PathBuf,
    },
    /// A program that builds modules cannot be run.
    #[error("cannot run `{program}`")]
    Tool {
        /// The program.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A tool reports errors; it has shown them already.
    #[error("`{tool}` of `{folder}` ended with errors")]
    Failed {
        /// The tool.
        tool: &'static str,
        /// The folder.
        folder: PathBuf,
        /// What the tool wrote, if it was not shown to the user.
        output: String,
    },
    /// The package builds, but not to a module.
    #[error("package `{package}` has no library of the type `cdylib`")]
    NoLibrary {
        /// The package.
        package: String,
    },
    /// The built library is no component in waiting.
    #[error("cannot make a component from package `{package}`")]
    Componentize {
        /// The package.
        package: String,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file cannot be read.
    #[error("cannot read what the component is made of")]
    Read {
        /// The file and what the operating system says about it.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write the component")]
    Write {
        /// The file and what the operating system says about it.
        source: io::Error,
    },
    /// A manifest is not what its language says.
    #[error("`{}` cannot be read: {reason}", manifest.display())]
    Manifest {
        /// The manifest.
        manifest: PathBuf,
        /// What is wrong, in one line.
        reason: String,
    },
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Diagnose for BuildError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoTool { .. } | Self::Tool { .. } | Self::Read { .. } | Self::Write { .. } => {
                Kind::Environment
            }
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoPackage { .. } => {
                vec!["`kusion mod init NAME --lang rust` makes a module".to_owned()]
            }
            Self::Ambiguous { .. } => {
                vec!["keep what belongs to another language in a folder of its own".to_owned()]
            }
            Self::NoTool { program } => install_hint(program),
            Self::Failed { tool, folder, output } => failed_hint(tool, folder, output),
            Self::NoLibrary { .. } => {
                vec!["add `[lib] crate-type = [\"cdylib\", \"rlib\"]` to its Cargo.toml".to_owned()]
            }
            Self::Componentize { .. } => {
                vec!["does it export a module with the SDK's `export`?".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// Says where a program comes from.
fn install_hint(program: &Path) -> Vec<String> {
    let hint = match program.file_name().and_then(OsStr::to_str).unwrap_or_default() {
        "cargo" => "install Rust: https://rustup.rs",
        "node" => "install Node.js 20.10 or newer: https://nodejs.org",
        "python3" | "python" => "install Python 3.10 or newer: https://www.python.org",
        "go" => "install Go 1.24 or newer: https://go.dev/dl",
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}

/// Says what the usual reason is for which a tool fails before it has looked at the module.
///
/// What a tool printed for the user to read is not known here, so the folder is asked what it lacks.
fn failed_hint(tool: &str, folder: &Path, output: &str) -> Vec<String> {
    let lacks = |name: &str| !folder.join(name).exists();
    let hint = match tool {
        "cargo build" if output.contains("target may not be installed") => {
            "run `rustup target add wasm32-unknown-unknown`"
        }
        "componentize-js" if lacks("node_modules") => "run `npm install` in the folder first",
        "componentize-py" if lacks(".venv") => {
            "run `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` in the folder first, unless the \
             SDK is installed elsewhere"
        }
        "go build" if lacks("go.sum") => "run `go mod tidy` in the folder first",
        _ => return Vec::new(),
    };
    vec![hint.to_owned()]
}
