//! Where resources go, and where secrets come from.

use crate::source::{Location, Node};

/// The place of Kubernetes resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A cluster.
    Cluster {
        /// The path of the kubeconfig as written; the usual one if absent.
        kubeconfig: Option<String>,
        /// The context in it; the current one if absent.
        context: Option<String>,
    },
    /// A directory of manifests.
    Directory {
        /// The path as written; a relative one starts at the project's folder.
        path: String,
        /// What the manifests say of secrets.
        secrets: SecretsMode,
    },
}

/// How a Secret is written into a directory of manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretsMode {
    /// Without its data.
    Omit,
    /// As it is.
    Plain,
    /// Encrypted to an age recipient.
    Age {
        /// The recipient, beginning with `age1`.
        recipient: String,
    },
}

/// The store that external secrets are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretStore {
    pub(super) provider: String,
    pub(super) config: Node,
    pub(super) location: Location,
}

impl SecretStore {
    /// Returns the name of the provider: `alicloud`, `aws`, `azure`, `vault` or `viettelcloud`.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns the settings of the provider.
    pub fn config(&self) -> &Node {
        &self.config
    }

    /// Returns the key of the provider.
    pub fn location(&self) -> &Location {
        &self.location
    }
}
