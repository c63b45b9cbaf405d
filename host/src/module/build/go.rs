//! Go: the standard toolchain makes a core module, which becomes a component here.
//!
//! Its runtime is written for WASI preview 1. A module has no world to look at, so the imports are answered inside the
//! component, by [`super::adapter`], and what is left is the log.

use std::process::Command;

use fs_err as fs;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::module::BuildError;
use crate::module::build::{BuildRequest, Component, Language, adapter, package, run};

/// The interface that the SDK for Go was written against.
const INTERFACE: [(&str, &str); 2] = [
    ("module.wit", include_str!("../../../wit/module.wit")),
    ("log.wit", include_str!("../../../wit/log.wit")),
];
const WORLD: &str = "module";

/// Without symbols, without paths of this machine, without a stamp of the repository: the same source gives the same
/// bytes.
const ARGUMENTS: [&str; 6] = [
    "build",
    "-buildmode=c-shared",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags=-s -w -buildid=",
    "-o",
];

pub(super) fn build(request: &BuildRequest) -> Result<Component, BuildError> {
    let package = package::read(request, Language::Go)?;
    let folder = tempfile::tempdir().map_err(|source| BuildError::Write { source })?;
    let target = folder.path().join("module.wasm");
    let mut command = Command::new(&request.tools.go);
    command.args(ARGUMENTS).arg(&target).arg(".").current_dir(&request.folder);
    command.envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("CGO_ENABLED", "0")]);
    command.env_remove("GOFLAGS").env_remove("GOWASM");
    run(request, "go build", command)?;
    let core = fs::read(&target).map_err(|source| BuildError::Read { source })?;
    let bytes = componentize(core)
        .map_err(|source| BuildError::Componentize { package: package.name.clone(), source })?;
    Ok(Component { package, bytes })
}

fn componentize(mut core: Vec<u8>) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut interface = wit_parser::SourceMap::default();
    for (name, text) in INTERFACE {
        interface.push_str(name, text);
    }
    let group = interface.parse().map_err(|(_, error)| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)?;
    let mut encoder = ComponentEncoder::default()
        .validate(true)
        .module(&core)?
        .adapter(adapter::NAME, &adapter::module())?;
    Ok(encoder.encode()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_without_the_exports_of_a_module_is_refused() {
        let empty = b"\0asm\x01\0\0\0".to_vec();
        let error = componentize(empty).unwrap_err();
        let mut chain = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        let text = chain.join(": ");
        assert!(text.contains("generator"), "{text}");
    }
}
