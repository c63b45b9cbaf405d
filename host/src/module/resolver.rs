//! Finds the bytes of a module.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use fs_err as fs;

use crate::digest::Digest;
use crate::module::{FetchedModule, ModuleError, ModuleLocation};
use crate::name::ModuleName;

/// The most bytes read of a module, above every limit of the engine, which refuses the rest by its size.
const MAX_SIZE: u64 = 1 << 30;

/// The bytes of a module, and what they are called.
#[derive(Debug, Clone)]
pub struct ResolvedModule {
    /// The name under which the workspace lists it.
    pub name: ModuleName,
    /// Where it was found, for listings.
    pub location: ModuleLocation,
    /// The digest of the bytes.
    pub digest: Digest,
    /// The component.
    pub bytes: Bytes,
}

/// Finds modules in the bundled catalog, on disk, and among those that were fetched.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    catalog: Option<PathBuf>,
    fetched: BTreeMap<ModuleName, FetchedModule>,
}

impl Resolver {
    /// Uses a folder of `<name>.wasm` files as the bundled catalog.
    pub fn new(catalog: Option<PathBuf>) -> Self {
        Self { catalog, fetched: BTreeMap::new() }
    }

    /// Adds modules that were fetched from registries, and those of the catalog that are pinned.
    #[must_use]
    pub fn with_fetched(mut self, fetched: BTreeMap<ModuleName, FetchedModule>) -> Self {
        self.fetched.extend(fetched);
        self
    }

    /// Returns a module that was fetched.
    pub fn fetched(&self, name: &ModuleName) -> Option<&FetchedModule> {
        self.fetched.get(name)
    }

    /// Reads a module.
    ///
    /// # Errors
    ///
    /// It is not where the workspace says, or cannot be read.
    pub fn resolve(
        &self,
        name: &ModuleName,
        location: &ModuleLocation,
    ) -> Result<ResolvedModule, ModuleError> {
        let path = match location {
            ModuleLocation::Catalog => match self.fetched.get(name) {
                Some(pinned) => return Ok(had(name, location, pinned)),
                None => self.in_catalog(name)?,
            },
            ModuleLocation::Path(path) => on_disk(name, path)?,
            ModuleLocation::Registry(reference) => {
                let fetched = self.fetched.get(name).ok_or_else(|| ModuleError::NotFetched {
                    module: name.clone(),
                    reference: reference.clone(),
                })?;
                return Ok(had(name, location, fetched));
            }
        };
        let bytes = read(&path).map_err(|source| ModuleError::Read {
            module: name.clone(),
            path: path.clone(),
            source,
        })?;
        let digest = Digest::of(&bytes);
        tracing::debug!(module = %name, path = %path.display(), bytes = bytes.len(), "read module");
        let (location, bytes) = (location.clone(), bytes.into());
        Ok(ResolvedModule { name: name.clone(), location, digest, bytes })
    }

    /// Lists the modules of the bundled catalog, sorted.
    pub fn catalog(&self) -> Vec<ModuleName> {
        let Some(folder) = &self.catalog else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<ModuleName> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let wasm = path.extension().is_some_and(|extension| extension == "wasm");
                let stem = path.file_stem()?.to_str()?;
                wasm.then(|| ModuleName::parse(stem).ok()).flatten()
            })
            .collect();
        names.sort();
        names
    }

    fn in_catalog(&self, name: &ModuleName) -> Result<PathBuf, ModuleError> {
        let catalog =
            self.catalog.as_ref().ok_or_else(|| ModuleError::NoCatalog { module: name.clone() })?;
        let path = component_file(catalog, name);
        if path.is_file() {
            return Ok(path);
        }
        Err(ModuleError::NotInCatalog {
            module: name.clone(),
            catalog: catalog.clone(),
            available: self.catalog().into_iter().map(String::from).collect(),
        })
    }
}

/// Describes a module that needs no looking for.
fn had(name: &ModuleName, location: &ModuleLocation, module: &FetchedModule) -> ResolvedModule {
    ResolvedModule {
        name: name.clone(),
        location: location.clone(),
        digest: module.pin.layer,
        bytes: module.bytes.clone(),
    }
}

/// Reads a component; nothing larger than any component is taken into memory.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("not a file"));
    }
    // One more, so that the end is seen without growing.
    let size = usize::try_from(metadata.len().min(MAX_SIZE)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    fs::File::open(path)?.take(MAX_SIZE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn on_disk(name: &ModuleName, path: &Path) -> Result<PathBuf, ModuleError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    [component_file(path, name), component_file(&path.join("dist"), name)]
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| ModuleError::NotBuilt { module: name.clone(), folder: path.to_owned() })
}

fn component_file(folder: &Path, name: &ModuleName) -> PathBuf {
    folder.join(format!("{name}.wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> ModuleName {
        ModuleName::parse(name).unwrap()
    }

    #[test]
    fn the_catalog_is_a_folder_of_components() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mysql.wasm"), b"bytes").unwrap();
        fs::write(folder.path().join("README.md"), b"").unwrap();
        let resolver = Resolver::new(Some(folder.path().to_owned()));
        assert_eq!(resolver.catalog(), [name("mysql")]);
        let module = resolver.resolve(&name("mysql"), &ModuleLocation::Catalog).unwrap();
        assert_eq!(module.digest, Digest::of(b"bytes"));
    }

    #[test]
    fn a_missing_catalog_module_is_reported_with_the_near_miss() {
        use crate::diagnostic::Diagnose as _;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mysql.wasm"), b"bytes").unwrap();
        let resolver = Resolver::new(Some(folder.path().to_owned()));
        let error = resolver.resolve(&name("mysq"), &ModuleLocation::Catalog).unwrap_err();
        assert!(matches!(error, ModuleError::NotInCatalog { .. }));
        assert_eq!(error.hints(), ["did you mean `mysql`?", "valid names: mysql"]);
    }

    #[test]
    fn a_folder_stands_for_what_was_built_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let location = ModuleLocation::Path(folder.path().to_owned());
        let resolver = Resolver::default();
        let error = resolver.resolve(&name("db"), &location).unwrap_err();
        assert!(matches!(error, ModuleError::NotBuilt { .. }));
        fs::create_dir(folder.path().join("dist")).unwrap();
        fs::write(folder.path().join("dist/db.wasm"), b"built").unwrap();
        assert_eq!(resolver.resolve(&name("db"), &location).unwrap().bytes, b"built"[..]);
    }
}
