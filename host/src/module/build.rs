//! Turns a Cargo package into a component.
//!
//! A module is built twice. The code that derives the schemas of its configuration would be a third of it, and
//! every host would compile, hash and map that code to get the same two texts; so the second build is
//! handed the texts that the first one derived, and leaves the code out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err as fs;
use serde::Deserialize;

use crate::files;
use crate::module::{BuildError, notes};

/// What first-party packages prefix to their module's name.
const PACKAGE_PREFIX: &str = "kusion-module-";
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "kusion-module";

/// Settings under which modules are built, so that an author need not know them: small, and without
/// the machinery of unwinding.
const PROFILE_SETTINGS: [&str; 8] = [
    r#"inherits="release""#,
    r#"opt-level="s""#,
    r#"lto="fat""#,
    r#"codegen-units=1"#,
    r#"panic="abort""#,
    r#"strip="symbols""#,
    r#"debug=false"#,
    // The same for both builds, so that they share what the package depends on.
    r#"package."*".codegen-units=1"#,
];

/// Sets the first build of the package apart from the second: cargo would otherwise take both for one, and make it
/// anew each time.
const FIRST_BUILD: &str = "codegen-units=16";

/// How often the second build is made if its result is not there.
const ATTEMPTS: usize = 3;

/// Variables in which the SDK's `export!` finds the schemas.
const DEVELOPER_SCHEMA: &str = "KUSION_DEVELOPER_SCHEMA";
const PLATFORM_SCHEMA: &str = "KUSION_PLATFORM_SCHEMA";

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The folder of the package.
    pub folder: PathBuf,
    /// The folder for `<name>.wasm`; `None` for `dist` in the package's folder.
    pub output_dir: Option<PathBuf>,
    /// The program `cargo`.
    pub cargo: OsString,
    /// Folders of this machine that the component shall not name, such as cargo's own: without them the
    /// same source gives the same bytes on every machine.
    pub hidden_folders: Vec<PathBuf>,
    /// Whether cargo may write its progress to this process's standard error.
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

impl Schemas {
    /// The longest variable of the environment that Linux passes on is twice as long.
    const MAX_LENGTH: usize = 1 << 16;

    fn are_in(&self, component: &[u8]) -> bool {
        let text = self.developer.as_bytes();
        component.windows(text.len()).any(|part| part == text)
    }

    fn fit(&self) -> bool {
        self.developer.len().max(self.platform.len()) <= Self::MAX_LENGTH
    }
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The module's name: the package's without the prefix `kusion-module-`.
    pub name: String,
    /// The component.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: usize,
}

/// Builds a Cargo package for Wasm and makes a component of it.
///
/// `describe` is given the name and the bytes of a component that does the same but is larger, and returns the
/// schemas that it describes; `None` if it cannot be asked, and then it is the result.
///
/// # Errors
///
/// The folder is no package, cargo reports errors, or the library is no module.
pub fn build(
    request: &BuildRequest,
    describe: impl FnOnce(&str, &[u8]) -> Option<Schemas>,
) -> Result<Built, BuildError> {
    let manifest = request.folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(BuildError::NoPackage { folder: request.folder.clone() });
    }
    let (name, mut component) = compile(request, &manifest, None)?;
    if let Some(schemas) = describe(&name, &component).filter(Schemas::fit) {
        // Another build of the package may put its first result in the place of this one's second.
        for _ in 0..ATTEMPTS {
            (_, component) = compile(request, &manifest, Some(&schemas))?;
            if schemas.are_in(&component) {
                break;
            }
        }
    }
    notes::append(&mut component, &notes::of_package(request, &manifest));
    let folder = request.output_dir.clone().unwrap_or_else(|| request.folder.join("dist"));
    let path = folder.join(format!("{name}.wasm"));
    files::write_file(&path, &component).map_err(|source| BuildError::Write { source })?;
    Ok(Built { name, path, size: component.len() })
}

/// Builds a component and returns it after the module's name.
fn compile(
    request: &BuildRequest,
    manifest: &Path,
    schemas: Option<&Schemas>,
) -> Result<(String, Vec<u8>), BuildError> {
    let artifact = cargo_build(request, manifest, schemas)?;
    let core = fs::read(&artifact.library).map_err(|source| BuildError::Write { source })?;
    let component = componentize(&core)
        .map_err(|source| BuildError::Componentize { package: artifact.name.clone(), source })?;
    let name = artifact.name.strip_prefix(PACKAGE_PREFIX).unwrap_or(&artifact.name).to_owned();
    Ok((name, component))
}

struct Artifact {
    name: String,
    library: PathBuf,
}

fn cargo_build(
    request: &BuildRequest,
    manifest: &Path,
    schemas: Option<&Schemas>,
) -> Result<Artifact, BuildError> {
    let mut command = Command::new(&request.cargo);
    // Cargo optimises across crates only if nothing but the final artifact is made of the library.
    command.args(["rustc", "--crate-type", "cdylib", "--manifest-path"]).arg(manifest);
    command.args(["--lib", "--target", TARGET, "--profile", PROFILE]);
    command.env_remove(DEVELOPER_SCHEMA).env_remove(PLATFORM_SCHEMA);
    if let Some(Schemas { developer, platform }) = schemas {
        command.env(DEVELOPER_SCHEMA, developer).env(PLATFORM_SCHEMA, platform);
    }
    command.args(["--message-format", "json-render-diagnostics"]);
    let first_build = schemas.is_none().then_some(&FIRST_BUILD);
    for setting in PROFILE_SETTINGS.iter().chain(first_build) {
        command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
    }
    // Flags of the environment would replace those of the configuration.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.arg("--config").arg(hide_folders(request));
    let stderr = if request.show_progress { Stdio::inherit() } else { Stdio::piped() };
    let output =
        command.stdin(Stdio::null()).stderr(stderr).output().map_err(|source| {
            BuildError::Cargo { program: request.cargo.clone().into(), source }
        })?;
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(BuildError::Failed { folder: request.folder.clone(), output: report });
    }
    let mut last = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Ok(message) = serde_json::from_str::<Message>(line)
            && message.reason == "compiler-artifact"
            && let Some(target) = message.target
        {
            last = Some((package_name(&message.package_id, &target.name), message.filenames));
        }
    }
    // Dependencies come first, so the last artifact is the package's own.
    let (name, files) = last.unwrap_or_default();
    let library = files.into_iter().find(|file| file.extension().is_some_and(|ext| ext == "wasm"));
    library
        .map(|library| Artifact { name: name.clone(), library })
        .ok_or(BuildError::NoLibrary { package: name })
}

/// Keeps the names of folders out of panic messages.
fn hide_folders(request: &BuildRequest) -> String {
    let flags: Vec<String> = request
        .hidden_folders
        .iter()
        .map(|folder| {
            let flag = format!("--remap-path-prefix={}=.", folder.display());
            // A JSON text is a TOML text.
            serde_json::Value::String(flag).to_string()
        })
        .collect();
    format!("target.{TARGET}.rustflags=[{}]", flags.join(","))
}

/// One line of cargo's report.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Reads the name from a package id: `path+file:///folder/name#0.1.0` or `…#name@0.1.0`.
fn package_name(id: &str, library: &str) -> String {
    let fragment = id.rsplit_once('#').map_or("", |(_, fragment)| fragment);
    match fragment.split_once('@') {
        Some((name, _)) => name.to_owned(),
        None => id
            .rsplit_once('#')
            .and_then(|(url, _)| url.rsplit_once('/'))
            .map_or_else(|| library.replace('_', "-"), |(_, folder)| folder.to_owned()),
    }
}

fn componentize(core: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut encoder = wit_component::ComponentEncoder::default().validate(true).module(core)?;
    Ok(encoder.encode()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_name_is_read_from_either_form_of_its_id() {
        assert_eq!(
            package_name("path+file:///a/mysql#kusion-module-mysql@0.1.0", "x"),
            "kusion-module-mysql"
        );
        assert_eq!(package_name("path+file:///a/mysql#0.1.0", "x"), "mysql");
        assert_eq!(package_name("", "my_lib"), "my-lib");
    }

    #[test]
    fn a_folder_without_manifest_is_no_package() {
        let folder = tempfile::tempdir().unwrap();
        let request = BuildRequest {
            folder: folder.path().to_owned(),
            output_dir: None,
            cargo: "cargo".into(),
            hidden_folders: Vec::new(),
            show_progress: false,
        };
        assert!(matches!(build(&request, |_, _| None), Err(BuildError::NoPackage { .. })));
    }
}
