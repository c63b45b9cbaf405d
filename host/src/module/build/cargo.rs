//! Turns a Cargo package into a component.
//!
//! It is built twice. The code that derives the schemas of its configuration would be a third of it, and
//! every host would compile, hash and map that code to get the same two texts; so the second build is
//! handed the texts that the first one, which is quick and large, derived, and leaves the code out.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde::Deserialize;

use crate::module::build::package::{Package, module_name};
use crate::module::build::{BuildRequest, Component, Language, Schemas, run};
use crate::module::{BuildError, notes};

const TARGET: &str = "wasm32-unknown-unknown";
/// How a package is built.
struct Profile {
    /// Its name, which is also that of a folder: cargo keeps what it built apart by nothing else.
    name: &'static str,
    settings: &'static [&'static str],
}

/// How modules are built, so that an author need not know it: small, and without the machinery of unwinding.
const MODULE: Profile = Profile {
    name: "kusion-module",
    settings: &[
        r#"inherits="release""#,
        r#"opt-level="s""#,
        r#"lto="fat""#,
        r#"codegen-units=1"#,
        r#"panic="abort""#,
        r#"strip="symbols""#,
        r#"debug=false"#,
    ],
};

/// How what is only asked for its schemas is built: fast.
const SCHEMAS: Profile = Profile {
    name: "kusion-module-schemas",
    settings: &[
        r#"inherits="release""#,
        r#"opt-level=0"#,
        r#"lto="off""#,
        r#"panic="abort""#,
        r#"strip="symbols""#,
        r#"debug=false"#,
    ],
};

/// Variables in which the SDK's `export!` finds the schemas.
const DEVELOPER_SCHEMA: &str = "KUSION_DEVELOPER_SCHEMA";
const PLATFORM_SCHEMA: &str = "KUSION_PLATFORM_SCHEMA";

impl Schemas {
    /// The longest variable of the environment that Linux passes on is twice as long.
    const MAX_LENGTH: usize = 1 << 16;

    fn fit(&self) -> bool {
        self.developer.len().max(self.platform.len()) <= Self::MAX_LENGTH
    }
}

/// Builds the package of a folder.
///
/// `describe` is given the name and the bytes of a component that does the same but is larger, and returns the
/// schemas that it describes; `None` if it cannot be asked, and then the result derives them itself.
pub(super) fn build(
    request: &BuildRequest,
    describe: impl FnOnce(&str, &[u8]) -> Option<Schemas>,
) -> Result<Component, BuildError> {
    let manifest = Path::new(Language::Rust.manifest());
    let asked = compile(request, manifest, &SCHEMAS, None)?;
    let schemas = describe(&asked.package.name, &asked.bytes).filter(Schemas::fit);
    let mut component = compile(request, manifest, &MODULE, schemas.as_ref())?;
    notes::append(&mut component.bytes, &notes::of_package(request, manifest));
    Ok(component)
}

fn compile(
    request: &BuildRequest,
    manifest: &Path,
    profile: &Profile,
    schemas: Option<&Schemas>,
) -> Result<Component, BuildError> {
    let artifact = cargo_build(request, manifest, profile, schemas)?;
    let core = fs::read(&artifact.library).map_err(|source| BuildError::Read { source })?;
    let bytes = componentize(&core)
        .map_err(|source| BuildError::Componentize { package: artifact.name.clone(), source })?;
    let package = Package {
        name: module_name(&artifact.name).to_owned(),
        version: artifact.version,
        ..Package::default()
    };
    Ok(Component { package, bytes })
}

struct Artifact {
    name: String,
    version: Option<String>,
    library: PathBuf,
}

fn cargo_build(
    request: &BuildRequest,
    manifest: &Path,
    profile: &Profile,
    schemas: Option<&Schemas>,
) -> Result<Artifact, BuildError> {
    let mut command = Command::new(&request.tools.cargo);
    // Cargo optimises across crates only if nothing but the final artifact is made of the library.
    command.args(["rustc", "--crate-type", "cdylib", "--manifest-path"]).arg(manifest);
    // The toolchain and the settings are those of the module's folder, wherever kusion was started.
    command.current_dir(&request.folder);
    command.args(["--lib", "--target", TARGET, "--profile", profile.name]);
    command.env_remove(DEVELOPER_SCHEMA).env_remove(PLATFORM_SCHEMA);
    if let Some(Schemas { developer, platform }) = schemas {
        command.env(DEVELOPER_SCHEMA, developer).env(PLATFORM_SCHEMA, platform);
    }
    command.args(["--message-format", "json-render-diagnostics"]);
    for setting in profile.settings {
        command.arg("--config").arg(format!("profile.{}.{setting}", profile.name));
    }
    // Flags of the environment would replace those of the configuration.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command.arg("--config").arg(hide_folders(request));
    let stdout = run(request, "cargo build", command)?;
    let mut last = None;
    for line in stdout.lines() {
        if let Ok(message) = serde_json::from_str::<Message>(line)
            && message.reason == "compiler-artifact"
            && let Some(target) = message.target
        {
            let (name, version) = package_name(&message.package_id, &target.name);
            last = Some((name, version, message.filenames));
        }
    }
    // Dependencies come first, so the last artifact is the package's own.
    let (name, version, files) = last.unwrap_or_default();
    let library = files.into_iter().find(|file| file.extension().is_some_and(|ext| ext == "wasm"));
    library
        .map(|library| Artifact { name: name.clone(), version, library })
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

/// Reads name and version from a package id: `path+file:///folder/name#0.1.0` or `…#name@0.1.0`.
fn package_name(id: &str, library: &str) -> (String, Option<String>) {
    let (url, fragment) = id.rsplit_once('#').unwrap_or_default();
    if let Some((name, version)) = fragment.split_once('@') {
        return (name.to_owned(), Some(version.to_owned()));
    }
    let version = Some(fragment.to_owned()).filter(|version| !version.is_empty());
    match url.rsplit_once('/') {
        Some((_, folder)) => (folder.to_owned(), version),
        None => (library.replace('_', "-"), version),
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
    fn name_and_version_are_read_from_either_form_of_a_package_id() {
        let read = |id: &str, library: &str| {
            let (name, version) = package_name(id, library);
            format!("{name} {}", version.unwrap_or_default())
        };
        let id = "path+file:///a/mysql#kusion-module-mysql@0.1.0";
        assert_eq!(read(id, "x"), "kusion-module-mysql 0.1.0");
        assert_eq!(read("path+file:///a/mysql#0.1.0", "x"), "mysql 0.1.0");
        assert_eq!(read("", "my_lib"), "my-lib ");
    }
}
