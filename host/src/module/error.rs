//! Why a module's bytes cannot be had, and why one cannot be built.

use std::io;
use std::path::PathBuf;

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
    /// The folder is no Cargo package.
    #[error("`{folder}` is not a Cargo package: it has no `Cargo.toml`")]
    NoPackage {
        /// The folder.
        folder: PathBuf,
    },
    /// Cargo cannot be run.
    #[error("cannot run `{program}`")]
    Cargo {
        /// The program.
        program: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Cargo reports errors; it has shown them already.
    #[error("`cargo build` of `{folder}` ended with errors")]
    Failed {
        /// The folder.
        folder: PathBuf,
        /// What cargo wrote, if it was not shown to the user.
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
    /// A file cannot be read or written.
    #[error("cannot write the component")]
    Write {
        /// The file and what the operating system says about it.
        source: io::Error,
    },
}

impl Diagnose for BuildError {
    fn kind(&self) -> Kind {
        match self {
            Self::Cargo { .. } | Self::Write { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Failed { output, .. } if output.contains("target may not be installed") => {
                vec!["run `rustup target add wasm32-unknown-unknown`".to_owned()]
            }
            Self::NoLibrary { .. } => {
                vec!["add `[lib] crate-type = [\"cdylib\", \"rlib\"]` to its Cargo.toml".to_owned()]
            }
            Self::Componentize { .. } => {
                vec!["does its lib.rs call `kusion_sdk::export!`?".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}
