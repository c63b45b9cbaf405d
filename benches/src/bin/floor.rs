//! A process that does what no `kusion generate` can avoid: an engine, compiled code that is verified, and
//! the calls themselves with requests that were recorded. Its time is the floor.

use std::path::PathBuf;
use std::process::ExitCode;

use kusion_benches::{Failure, RawEngine, RawRequest, load_sealed};

fn main() -> ExitCode {
    match run() {
        Ok(resources) if resources > 0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Reads `calls.json` of the folder that is the only argument: pairs of a file of code and a request.
fn run() -> Result<usize, Failure> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("expected a folder")?);
    let calls: Vec<(String, RawRequest)> =
        serde_json::from_slice(&fs_err::read(folder.join("calls.json"))?)?;
    let engine = RawEngine::new()?;
    let mut modules = std::collections::BTreeMap::new();
    let mut resources = 0;
    for (code, request) in &calls {
        if !modules.contains_key(code) {
            modules.insert(code, load_sealed(&engine, &folder.join(code))?);
        }
        if let Some(module) = modules.get(code) {
            resources += module.call(request)?;
        }
    }
    Ok(resources)
}
