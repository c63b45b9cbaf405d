//! What no `kusion generate` can avoid: an engine, compiled code that is verified, and the calls themselves
//! with requests that were recorded.
//!
//! It runs as a process of this very program, which is about as large as kusion: what the system needs to
//! start such a file is on both sides.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use kusion_benches::{Failure, RawEngine, RawRequest, load_sealed, seal};

use super::Fixture;

const CALLS: &str = "calls.json";

/// Writes what the floor reads: compiled code, sealed, and the requests of the stack.
pub(super) fn record(fixture: &Fixture, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let engine = RawEngine::new()?;
    let generation = fixture.generate(&fixture.engine()?)?;
    for name in generation.modules.keys() {
        let component = fs::read(fixture.catalog.join(format!("{name}.wasm")))?;
        seal(&folder.join(name.as_str()), &engine.compile(&component)?)?;
    }
    let calls: Vec<_> = (generation.calls.iter())
        .map(|call| (call.origin.module.as_str(), RawRequest::new(&call.request)))
        .collect();
    fs::write(folder.join(CALLS), serde_json::to_vec(&calls)?)?;
    Ok(())
}

/// Does the work of the floor with what was recorded in a folder.
pub(crate) fn floor(folder: &Path) -> Result<(), Failure> {
    let calls: Vec<(String, RawRequest)> = serde_json::from_slice(&fs::read(folder.join(CALLS))?)?;
    let engine = RawEngine::new()?;
    let mut modules = BTreeMap::new();
    for (name, request) in &calls {
        if !modules.contains_key(name) {
            modules.insert(name, load_sealed(&engine, &folder.join(name))?);
        }
        if let Some(module) = modules.get(name) {
            std::hint::black_box(module.call(request)?);
        }
    }
    Ok(())
}
