//! What a platform team decides: which modules exist, what they default to, and where resources go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::written::{WorkspaceFile, Written};
use super::{Component, ConfigError, file};
use crate::diagnostic::{Problem, name_hints};
use crate::name::{ModuleName, ProjectName, WorkspaceName};
use crate::source::{Content, Location, Map, Node, SourceFile};

mod add;
mod limits;
mod module;
mod store;
mod target;
mod text;
mod verify;

pub use add::add_module;
pub use limits::ModuleLimits;
pub use module::{ModuleEntry, ModuleOrigin, Platform};
pub use store::{FakeSecret, SecretStore, StoreSettings};
pub use target::{SecretsMode, Target};
pub use verify::{IdentityEntry, TrustedText, VerifyEntry};

/// A checked workspace.
#[derive(Clone)]
pub struct Workspace {
    name: WorkspaceName,
    file: Arc<SourceFile>,
    modules: BTreeMap<ModuleName, ModuleEntry>,
    secret_store: Option<SecretStore>,
    context: Node,
    target: Option<Target>,
    limits: ModuleLimits,
    verify: Vec<VerifyEntry>,
}

impl Workspace {
    /// Reads and checks the text of a workspace.
    ///
    /// Relative paths of modules start at `base`, the folder of the file; without one they are refused.
    ///
    /// # Errors
    ///
    /// All problems of the text come in one error.
    pub fn parse(
        name: WorkspaceName,
        file: &Arc<SourceFile>,
        base: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut root = file::document(file, &mut problems)
            .unwrap_or_else(|| Node::empty_map(Location::new(Arc::clone(file), 1, 1, 1)));
        ConfigError::check(std::mem::take(&mut problems))?;
        fill_blanks(&mut root);
        let written = WorkspaceFile::take(&root, "", &mut problems);
        let mut modules = BTreeMap::new();
        for entry in root.get("modules").into_iter().flat_map(Node::entries) {
            let name = match ModuleName::parse(entry.key.text.clone()) {
                Ok(name) => name,
                Err(error) => {
                    problems.push(Problem::at(entry.key.location.clone(), error.to_string()));
                    continue;
                }
            };
            let Some(block) = written.modules.get(name.as_str()) else { continue };
            if let Some(module) = ModuleEntry::read(entry, block, base, &mut problems) {
                modules.insert(name, module);
            }
        }
        let secret_store = SecretStore::read(&root, written.secret_store, &mut problems);
        let limits = written.limits;
        let verify = VerifyEntry::read_all(&root, written.verify, base, &mut problems);
        let target = written
            .targets
            .kubernetes
            .and_then(|kubernetes| Target::read(&root, kubernetes, &mut problems));
        ConfigError::check(problems)?;
        let context = match root.get("context") {
            Some(context) => context.clone(),
            None => Node::empty_map(root.location().clone()),
        };
        let file = Arc::clone(file);
        Ok(Self { name, file, modules, secret_store, context, target, limits, verify })
    }

    /// Writes the text of a first workspace: the given modules of the bundled catalog, and manifests in
    /// the folder `manifests` of the project.
    pub fn default_text(modules: &[ModuleName]) -> String {
        text::default_text(modules)
    }

    /// Returns the text with each relative path of a module, key or trust root replaced by its absolute form, to be stored away from
    /// the place it was read from; comments and layout stay.
    pub fn absolutise(&self) -> String {
        text::absolutise(self.file.text(), &self.modules, &self.verify)
    }

    /// Returns the name.
    pub fn name(&self) -> &WorkspaceName {
        &self.name
    }

    /// Returns the modules by name.
    pub fn modules(&self) -> &BTreeMap<ModuleName, ModuleEntry> {
        &self.modules
    }

    /// Returns the names of the modules, sorted.
    pub fn module_names(&self) -> impl Iterator<Item = &ModuleName> {
        self.modules.keys()
    }

    /// Returns the module that a component of an app names.
    ///
    /// # Errors
    ///
    /// The workspace does not list the module; the problem points at where the app names it.
    pub fn module_of(&self, component: &Component) -> Result<&ModuleEntry, Problem> {
        self.modules.get(component.module()).ok_or_else(|| {
            let name = component.module().as_str();
            let message = format!("the workspace `{}` has no module `{name}`", self.name);
            let mut problem = Problem::at(component.module_location().clone(), message);
            problem.hints = name_hints(name, self.modules.keys().map(ModuleName::as_str));
            problem
        })
    }

    /// Returns what the platform says to a module in a project; `None` if the workspace does not list the module.
    pub fn platform(&self, module: &ModuleName, project: &ProjectName) -> Option<Platform> {
        self.modules.get(module).map(|module| module.platform(project))
    }

    /// Returns the store that external secrets are read from.
    pub fn secret_store(&self) -> Option<&SecretStore> {
        self.secret_store.as_ref()
    }

    /// Returns the map `context`: settings and credentials of providers, or references to them.
    pub fn context(&self) -> &Node {
        &self.context
    }

    /// Returns where Kubernetes resources go, if the workspace says so.
    pub fn target(&self) -> Option<&Target> {
        self.target.as_ref()
    }

    /// Returns whose signatures modules need, in the order of the file.
    pub fn verify(&self) -> &[VerifyEntry] {
        &self.verify
    }

    /// Returns what modules may use, where the workspace says so.
    pub fn limits(&self) -> &ModuleLimits {
        &self.limits
    }
}

/// Gives blocks that may be empty a value: `default:` without anything below it is an empty block.
fn fill_blanks(root: &mut Node) {
    let Some(root) = root.as_map_mut() else { return };
    for key in ["modules", "context", "targets", "limits"] {
        fill(root, key);
    }
    root.retain(|entry| entry.key.text != "secretStore" || !entry.value.is_nothing());
    let Some(modules) = root.get_mut("modules").and_then(Node::as_map_mut) else { return };
    for (_, module) in modules.values_mut() {
        fill_node(module);
        let Some(module) = module.as_map_mut() else { continue };
        fill(module, "configs");
        if let Some(configs) = module.get_mut("configs").and_then(Node::as_map_mut) {
            fill(configs, "default");
        }
    }
}

fn fill(map: &mut Map, key: &str) {
    map.get_mut(key).into_iter().for_each(fill_node);
}

fn fill_node(node: &mut Node) {
    if node.is_nothing() {
        *node.content_mut() = Content::Map(Map::default());
    }
}

impl std::fmt::Debug for Workspace {
    /// Leaves out the context and the text, which may hold credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workspace")
            .field("name", &self.name)
            .field("modules", &self.modules)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
