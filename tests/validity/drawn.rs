//! The catalog's modules, to be asked what their schemas admit.

use std::path::{Path, PathBuf};

use fs_err as fs;
use kusion::engine::Limits;
use kusion::name::ModuleName;
use kusion::ops::TestedModule;
use kusion_tests::{catalog, repository};

use crate::engine::fixture::engine;

/// The components of all modules.
pub(super) fn components() -> Vec<PathBuf> {
    let modules = fs::read_dir(repository().join("plugins")).unwrap();
    let mut components: Vec<PathBuf> = modules
        .map(|module| catalog().join(module.unwrap().file_name()).with_extension("wasm"))
        .collect();
    components.sort();
    components
}

pub(super) fn load(component: &Path) -> TestedModule {
    let name = component.file_stem().unwrap().to_string_lossy();
    let name = ModuleName::parse(name).unwrap();
    let bytes = fs::read(component).unwrap();
    TestedModule::load(&engine(Limits::default()), &name, &bytes).unwrap()
}
