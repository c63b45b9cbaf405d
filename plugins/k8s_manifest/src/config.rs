//! What a developer and the platform team write for `k8s_manifest`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which manifests belong to the app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Files (`.yaml`, `.yml` or `.json`) and folders with such files, below the stack's folder.
    #[serde(default)]
    #[schemars(inner(length(min = 1)))]
    pub paths: Vec<String>,
    /// Kinds of objects that lie in no namespace, as in `ClusterIssuer.cert-manager.io`; those of Kubernetes itself are
    /// known.
    #[serde(default)]
    #[schemars(inner(regex(pattern = KIND_PATTERN)))]
    pub cluster_scoped: Vec<String>,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// Further files and folders, for every app that has an accessory of this module.
    #[schemars(inner(length(min = 1)))]
    pub paths: Vec<String>,
    /// Kinds of objects that lie in no namespace, as in `ClusterIssuer.cert-manager.io`.
    #[schemars(inner(regex(pattern = KIND_PATTERN)))]
    pub cluster_scoped: Vec<String>,
}

const KIND_PATTERN: &str = r"^[A-Za-z][A-Za-z0-9]*\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
