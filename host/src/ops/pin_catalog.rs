//! Pins the modules of the bundled catalog, so that a new program changes nothing by itself.

use std::collections::BTreeSet;

use semver::Version;

use crate::config::{ModuleOrigin, Workspace};
use crate::engine::Engine;
use crate::module::registry::ContentStore;
use crate::module::{
    FetchError, FetchedModule, Lock, ModuleLocation, Pin, Pinning, ResolvedModule, Resolver,
};
use crate::name::ModuleName;
use crate::ops::{FetchedModules, OpsError, PinChange};

/// Where modules of the catalog are, and where those stay that were.
#[derive(Clone, Copy)]
pub struct CatalogPlaces<'a> {
    /// Finds the modules that the program carries.
    pub resolver: &'a Resolver,
    /// Asks a module for its version.
    pub engine: &'a Engine,
    /// Keeps the bytes of what is pinned.
    pub store: &'a ContentStore,
}

/// Returns whether a workspace has a module from the bundled catalog.
fn is_in_catalog(workspace: &Workspace, module: &ModuleName) -> bool {
    let entry = workspace.modules().get(module);
    entry.is_some_and(|entry| matches!(entry.origin(), ModuleOrigin::Bundled))
}

/// Adds those of the named modules that are of the bundled catalog: what the lock pins, also where the program carries
/// something else by now.
///
/// What cannot be found or loaded is left out; whoever uses it tells why.
///
/// # Errors
///
/// What is pinned is neither in the catalog nor on this machine any more, nothing is pinned and nothing may be, or the
/// store cannot be read.
pub fn pin_catalog(
    places: CatalogPlaces<'_>,
    workspace: &Workspace,
    names: &BTreeSet<ModuleName>,
    (lock, pinning): (&Lock, Pinning),
    fetched: &mut FetchedModules,
) -> Result<(), OpsError> {
    for name in names.iter().filter(|name| is_in_catalog(workspace, name)) {
        let recorded = lock.pin(workspace.name(), name);
        let pinned = recorded.filter(|pin| pin.is_of_catalog() && pinning != Pinning::Update);
        let carried = places.resolver.resolve(name, &ModuleLocation::Catalog).ok();
        let module = match (pinned, carried) {
            (Some(pin), carried) => Some(places.pinned(name, pin, carried)?),
            (None, _) if pinning == Pinning::Locked => {
                return Err(FetchError::NotPinned { module: name.clone() }.into());
            }
            (None, Some(carried)) => places.new_pin(name, carried),
            (None, None) => None,
        };
        let Some(module) = module else { continue };
        if recorded != Some(&module.pin) {
            let (from, to) = (recorded.cloned(), module.pin.clone());
            fetched.changes.push(PinChange { module: name.clone(), from, to });
        }
        fetched.modules.insert(name.clone(), module);
    }
    Ok(())
}

impl CatalogPlaces<'_> {
    /// Finds what is pinned: in the catalog, or where it was kept.
    fn pinned(
        &self,
        name: &ModuleName,
        pin: &Pin,
        carried: Option<ResolvedModule>,
    ) -> Result<FetchedModule, FetchError> {
        if let Some(carried) = carried.filter(|carried| carried.digest == pin.layer) {
            return Ok(FetchedModule { pin: pin.clone(), bytes: carried.bytes });
        }
        let kept = self.store.get_of_catalog(&pin.layer);
        match kept.map_err(|source| FetchError::Store { module: name.clone(), source })? {
            Some(bytes) => Ok(FetchedModule { pin: pin.clone(), bytes: bytes.into() }),
            None => Err(FetchError::CatalogMoved {
                module: name.clone(),
                version: pin.version.clone(),
                digest: pin.layer,
            }),
        }
    }

    /// Pins what the program carries; `None` if it is no module.
    fn new_pin(&self, name: &ModuleName, carried: ResolvedModule) -> Option<FetchedModule> {
        let ResolvedModule { digest, bytes, .. } = carried;
        let module = self.engine.load(name, &digest, &bytes).ok()?;
        let version = module.description().version.parse::<Version>().ok()?;
        Some(FetchedModule { pin: Pin::of_catalog(version, digest), bytes })
    }
}
