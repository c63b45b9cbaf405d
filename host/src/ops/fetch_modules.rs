//! Fetches the modules of a workspace that lie in registries, before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::config::{ModuleEntry, ModuleOrigin, Stack, Workspace};
use crate::diagnostic::Problem;
use crate::module::registry::{ContentStore, Repository, Requirement};
use crate::module::{
    FetchError, FetchedModule, Fetcher, Lock, LockError, Pin, Pinning, WantedModule,
};
use crate::name::ModuleName;
use crate::ops::{OpsError, signature_policy};

/// Modules that were fetched, and how their pins move.
#[derive(Debug, Clone, Default)]
pub struct FetchedModules {
    /// The modules, for a [`Resolver`](crate::module::Resolver).
    pub modules: BTreeMap<ModuleName, FetchedModule>,
    /// What the lock must say so that others get the same.
    pub changes: Vec<PinChange>,
}

/// A pin that is new or moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinChange {
    /// The module.
    pub module: ModuleName,
    /// What it was pinned to.
    pub from: Option<Pin>,
    /// What it is pinned to from now on.
    pub to: Pin,
}

/// Lists the modules that the apps of a stack use, sorted.
pub fn used_modules(stack: &Stack) -> BTreeSet<ModuleName> {
    let apps = stack.apps().iter();
    let components =
        apps.flat_map(|app| app.workload().into_iter().chain(app.accessories().values()));
    components.map(|component| component.module().clone()).collect()
}

/// Returns whether a workspace has a module in a registry.
pub fn is_in_registry(workspace: &Workspace, module: &ModuleName) -> bool {
    let entry = workspace.modules().get(module);
    entry.is_some_and(|entry| matches!(entry.origin(), ModuleOrigin::Oci { .. }))
}

/// Returns whether kusion.lock pins a module of a workspace; those from files are for development, and are not.
pub fn is_pinned(workspace: &Workspace, module: &ModuleName) -> bool {
    let entry = workspace.modules().get(module);
    entry.is_some_and(|entry| !matches!(entry.origin(), ModuleOrigin::File { .. }))
}

/// Fetches those of the named modules that lie in registries, and verifies the signatures that the workspace asks for.
/// The lock is not written.
///
/// # Errors
///
/// A registry, a version or a policy is written wrongly (all places at once), or a module cannot be had or trusted.
#[tracing::instrument(level = "info", name = "fetch modules", skip_all, fields(modules))]
pub async fn fetch_modules(
    fetcher: Fetcher,
    workspace: &Workspace,
    names: &BTreeSet<ModuleName>,
    (lock, pinning): (&Lock, Pinning),
) -> Result<FetchedModules, OpsError> {
    let mut wanted = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        let Some(entry) = workspace.modules().get(name) else { continue };
        match want(name, entry) {
            Ok(None) => {}
            Ok(Some(module)) => {
                let pin = lock.pin(workspace.name(), name).cloned();
                wanted.push((module, pin));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(OpsError::Invalid { problems });
    }
    tracing::Span::current().record("modules", wanted.len());
    let fetcher = fetcher.with_policy(signature_policy(workspace)?).with_known(lock);
    let answers = fetcher.fetch_all(&wanted, pinning).await;
    let mut fetched = FetchedModules::default();
    for ((WantedModule { module, .. }, pin), answer) in wanted.into_iter().zip(answers) {
        let answer = answer?;
        if pin.as_ref() != Some(&answer.pin) {
            let change = PinChange { module: module.clone(), from: pin, to: answer.pin.clone() };
            fetched.changes.push(change);
        }
        fetched.modules.insert(module, answer);
    }
    Ok(fetched)
}

/// Makes sure that everything that a lock pins is on this machine, with what is not needed to run it.
///
/// # Errors
///
/// A lock names a registry wrongly (all places at once), or something cannot be had.
pub async fn complete_modules(fetcher: &Fetcher, lock: &Lock) -> Result<(), OpsError> {
    let mut wanted = Vec::new();
    let mut problems = Vec::new();
    for (_, module, pin) in lock.pins().filter(|(_, _, pin)| !pin.is_of_catalog()) {
        match pin.source.parse::<Repository>() {
            Ok(repository) => {
                let (module, requirement) = (module.clone(), Requirement::only(&pin.version));
                wanted.push((WantedModule { module, repository, requirement }, pin.clone()));
            }
            Err(error) => problems.push(Problem::new(format!("kusion.lock: {error}"))),
        }
    }
    if !problems.is_empty() {
        return Err(OpsError::Invalid { problems });
    }
    for answer in fetcher.complete_all(&wanted).await {
        answer?;
    }
    Ok(())
}

impl FetchedModules {
    /// Returns the pins that a person should know of: what comes with the program is new in every new project.
    pub fn news(&self) -> impl Iterator<Item = &PinChange> {
        let is_news = |change: &&PinChange| !change.to.is_of_catalog() || change.from.is_some();
        self.changes.iter().filter(is_news)
    }

    /// Keeps the modules of the catalog, which a later program may not carry any more.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    pub fn keep(&self, store: &ContentStore) -> Result<(), FetchError> {
        for (name, module) in self.modules.iter().filter(|(_, one)| one.pin.is_of_catalog()) {
            let kept = store.put_of_catalog(&module.pin.layer, &module.bytes);
            kept.map_err(|source| FetchError::Store { module: name.clone(), source })?;
        }
        Ok(())
    }

    /// Writes down in a lock what changes, and forgets what the workspace has in no registry or catalog any more.
    ///
    /// # Errors
    ///
    /// The lock says something else than when the modules were chosen.
    pub fn pin(&self, workspace: &Workspace, lock: &mut Lock) -> Result<(), LockError> {
        for PinChange { module, from, to } in &self.changes {
            let now = lock.pin(workspace.name(), module);
            if now != from.as_ref() && now != Some(to) {
                return Err(LockError::Moved { module: module.clone() });
            }
            lock.set(workspace.name(), module, to.clone());
        }
        lock.retain(workspace.name(), |module| is_pinned(workspace, module));
        Ok(())
    }
}

/// Reads what an entry says about a registry; `None` if it names none.
fn want(name: &ModuleName, entry: &ModuleEntry) -> Result<Option<WantedModule>, Problem> {
    let ModuleOrigin::Oci { reference } = entry.origin() else { return Ok(None) };
    let place = entry.path_location().unwrap_or(entry.location()).clone();
    let repository: Repository =
        reference.parse().map_err(|error: crate::module::registry::RepositoryError| {
            Problem::at(place, error.to_string())
        })?;
    let Some((text, location)) = entry.version() else { return Ok(None) };
    let requirement: Requirement =
        text.parse().map_err(|error: crate::module::registry::RequirementError| {
            Problem::at(location.clone(), error.to_string())
                .hint("write a version such as `0.2.0`, or a range such as `^0.2` or `>=1, <3`")
        })?;
    Ok(Some(WantedModule { module: name.clone(), repository, requirement }))
}
