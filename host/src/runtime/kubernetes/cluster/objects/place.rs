//! Where an object is.

use serde_json::Value;

use crate::runtime::kubernetes::cluster::wire::group_of;
use crate::runtime::kubernetes::identity::Identity;

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl Place {
    /// Reads where the object of a manifest is; a sound Spec holds no other.
    pub(crate) fn of(manifest: &Value) -> Option<Self> {
        let identity = Identity::of(manifest).ok()?;
        Some(Self {
            api_version: identity.api_version.to_owned(),
            kind: identity.kind.to_owned(),
            namespace: identity.namespace.map(str::to_owned),
            name: identity.name.to_owned(),
        })
    }

    /// Returns the namespace in which an object of a namespaced kind is.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }

    pub(crate) fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// Returns whether it is a core/v1 Namespace.
    pub(crate) fn is_namespace(&self) -> bool {
        self.api_version == "v1" && self.kind == "Namespace"
    }
}
