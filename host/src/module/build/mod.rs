//! Turns a folder of source code into a component, whatever language it is written in.
//!
//! Every language has its own tool; what all have in common is here: which language a folder is, where the result
//! goes, and how a tool is run.

mod adapter;
mod cargo;
mod go;
mod language;
mod package;
mod script;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::files;
use crate::module::BuildError;

pub use language::Language;
use package::Package;

/// The programs that build modules.
#[derive(Debug, Clone)]
pub struct Tools {
    /// `cargo`, for Rust.
    pub cargo: OsString,
    /// `node`, for JavaScript.
    pub node: OsString,
    /// `python3`, for Python; a virtual environment `.venv` in the module's folder goes before it.
    pub python: OsString,
    /// `go`.
    pub go: OsString,
}

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The folder of the package.
    pub folder: PathBuf,
    /// The folder for `<name>.wasm`; `None` for `dist` in the package's folder.
    pub output_dir: Option<PathBuf>,
    /// The programs that may be needed.
    pub tools: Tools,
    /// Folders of this machine that a Rust component shall not name, such as cargo's own: without them the
    /// same source gives the same bytes on every machine.
    pub hidden_folders: Vec<PathBuf>,
    /// Whether a tool may write its progress to this process's standard error.
    pub show_progress: bool,
}

/// What a module says its configuration looks like: two JSON Schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schemas {
    /// The schema of what a developer writes.
    pub developer: String,
    /// The schema of what the platform team writes.
    pub platform: String,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The module's name: the package's without the prefix `kusion-module-`.
    pub name: String,
    /// The version that the package has, where its language has one.
    pub version: Option<String>,
    /// The language it is written in.
    pub language: Language,
    /// The file of the component.
    pub path: PathBuf,
    /// The component.
    pub component: Vec<u8>,
}

/// A component and the package that it was made of.
struct Component {
    package: Package,
    bytes: Vec<u8>,
}

/// Builds the module of a folder and makes a component of it.
///
/// `describe` is given the name and the bytes of a component, and returns the schemas that it describes; `None` if
/// it cannot be asked. A Rust module gets smaller by being built again with them.
///
/// # Errors
///
/// The folder is no package, a tool is missing or reports errors, or the package is no module.
pub fn build(
    request: &BuildRequest,
    describe: impl FnOnce(&str, &[u8]) -> Option<Schemas>,
) -> Result<Built, BuildError> {
    let language = Language::of_folder(&request.folder)?;
    let component = match language {
        Language::Rust => cargo::build(request, describe)?,
        Language::JavaScript | Language::Python | Language::Go => {
            let component = match language {
                Language::Go => go::build(request)?,
                _ => script::build(request, language)?,
            };
            describe(&component.package.name, &component.bytes);
            component
        }
    };
    let Component { package: Package { name, version, .. }, bytes: component } = component;
    let folder = request.output_dir.clone().unwrap_or_else(|| request.folder.join("dist"));
    let path = folder.join(format!("{name}.wasm"));
    files::write_file(&path, &component).map_err(|source| BuildError::Write { source })?;
    Ok(Built { name, version, language, path, component })
}

/// Runs a tool to its end and returns what it wrote to standard output.
fn run(
    request: &BuildRequest,
    what: &'static str,
    mut command: Command,
) -> Result<String, BuildError> {
    let stderr = if request.show_progress { Stdio::inherit() } else { Stdio::piped() };
    let output = command.stdin(Stdio::null()).stderr(stderr).output().map_err(|source| {
        let program = PathBuf::from(command.get_program());
        match source.kind() {
            io::ErrorKind::NotFound => BuildError::NoTool { program },
            _ => BuildError::Tool { program, source },
        }
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let folder = request.folder.clone();
    let output = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(BuildError::Failed { tool: what, folder, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_manifest_is_no_package() {
        let folder = tempfile::tempdir().unwrap();
        let request = BuildRequest {
            folder: folder.path().to_owned(),
            output_dir: None,
            tools: Tools {
                cargo: "cargo".into(),
                node: "node".into(),
                python: "python3".into(),
                go: "go".into(),
            },
            hidden_folders: Vec::new(),
            show_progress: false,
        };
        assert!(matches!(build(&request, |_, _| None), Err(BuildError::NoPackage { .. })));
        fs_err::write(folder.path().join("Cargo.toml"), "").unwrap();
        fs_err::write(folder.path().join("go.mod"), "").unwrap();
        let error = build(&request, |_, _| None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` is a package of several languages: `Cargo.toml`, `go.mod`",
                folder.path().display()
            )
        );
    }
}
