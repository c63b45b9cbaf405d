//! A module as a workspace lists it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::name::ProjectName;
use crate::source::{Location, Node};

/// A module that the platform offers.
#[derive(Debug, Clone)]
pub struct ModuleEntry {
    pub(super) origin: ModuleOrigin,
    pub(super) version: Option<(String, Location)>,
    pub(super) location: Location,
    pub(super) default: Node,
    pub(super) patchers: Vec<Patcher>,
}

/// Where the bytes of a module come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleOrigin {
    /// The catalog beside the executable.
    Bundled,
    /// A registry.
    Oci {
        /// The reference after `oci://`.
        reference: String,
    },
    /// A file or folder of this machine.
    File {
        /// The absolute path.
        path: PathBuf,
    },
}

/// A block that applies to chosen projects only.
#[derive(Debug, Clone)]
pub(super) struct Patcher {
    pub(super) name: String,
    pub(super) projects: BTreeSet<ProjectName>,
    pub(super) block: Node,
}

/// What the platform says to one module in one project.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The configuration that the module gets: a map.
    pub config: Node,
    /// The patcher block that applied.
    pub patcher: Option<String>,
    /// `importedResources`: cloud ids by resource id, for the host.
    pub imported_resources: Option<Node>,
    /// `healthPolicy`, for the host.
    pub health_policy: Option<Node>,
}

impl ModuleEntry {
    /// Returns where the bytes come from.
    pub fn origin(&self) -> &ModuleOrigin {
        &self.origin
    }

    /// Returns the version or requirement, with its place.
    pub fn version(&self) -> Option<(&str, &Location)> {
        self.version.as_ref().map(|(version, location)| (version.as_str(), location))
    }

    /// Returns the key of the module.
    pub fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn platform(&self, project: &ProjectName) -> Platform {
        let _ = (project, &self.patchers);
        Platform {
            config: self.default.clone(),
            patcher: None,
            imported_resources: None,
            health_policy: None,
        }
    }
}
