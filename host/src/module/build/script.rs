//! JavaScript and Python: their SDKs know how to make a component, and are asked to.
//!
//! What an SDK brings (the interface, the tool, its version) fits together, and an author can do the same without
//! kusion. Both make components that import nothing but the log.

use std::ffi::OsString;
use std::process::Command;

use fs_err as fs;

use crate::module::build::{BuildRequest, Component, Language, package, run};
use crate::module::{BuildError, notes};

/// Resolved as if the module itself imported the SDK. Nothing but the file is told, because standard output may be
/// somebody else's.
const JAVASCRIPT: &str =
    "const { build } = await import('kusion-sdk/build'); await build(process.argv[1]);";

/// The Python of a virtual environment in the module's folder.
const VIRTUAL: &str = ".venv/bin/python";

pub(super) fn build(request: &BuildRequest, language: Language) -> Result<Component, BuildError> {
    let package = package::read(request, language)?;
    let folder = tempfile::tempdir().map_err(|source| BuildError::Write { source })?;
    let target = folder.path().join("module.wasm");
    let (tool, mut command) = match language {
        Language::JavaScript => {
            let mut command = Command::new(&request.tools.node);
            command.args(["--input-type=module", "--eval", JAVASCRIPT, "--"]);
            ("componentize-js", command)
        }
        _ => {
            let mut command = Command::new(python(request));
            command.args(["-m", "kusion_sdk.build"]);
            ("componentize-py", command)
        }
    };
    command.arg(&target).current_dir(&request.folder);
    run(request, tool, command)?;
    let mut bytes = fs::read(&target).map_err(|source| BuildError::Read { source })?;
    notes::append(&mut bytes, &package.notes);
    Ok(Component { package, bytes })
}

fn python(request: &BuildRequest) -> OsString {
    let own = request.folder.join(VIRTUAL);
    if own.exists() { own.into_os_string() } else { request.tools.python.clone() }
}
