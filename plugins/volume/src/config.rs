//! What a developer and the platform team write for `volume`.

use std::collections::BTreeMap;

use kusion_sdk::syntax;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The volumes of an app, by name; no name may stand in two of the maps.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Volumes that keep their data, made for this app.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": syntax::DNS_LABEL_PATTERN}))]
    pub claims: BTreeMap<String, Claim>,
    /// Volumes that keep their data, made by somebody else.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": syntax::DNS_LABEL_PATTERN}))]
    pub existing_claims: BTreeMap<String, ExistingClaim>,
    /// Folders that live as long as a pod and begin empty.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"pattern": syntax::DNS_LABEL_PATTERN}))]
    pub empty_dirs: BTreeMap<String, EmptyDir>,
    /// The group that the volumes belong to, for images whose user is not root.
    #[schemars(range(max = 2_147_483_647))]
    pub fs_group: Option<u32>,
}

/// A volume that keeps its data, made for this app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// How large it is, for example `10Gi`.
    #[schemars(regex(pattern = syntax::AMOUNT_PATTERN), example = "10Gi")]
    pub size: String,
    /// Who can use it at once.
    #[serde(default = "one_node")]
    #[schemars(length(min = 1))]
    pub access_modes: Vec<AccessMode>,
    /// The StorageClass; the platform's if absent, and the cluster's default if that is absent too. An empty text is for
    /// a volume that somebody made by hand.
    pub storage_class: Option<String>,
    /// The folder in the containers, from the root.
    #[schemars(regex(pattern = MOUNT_PATH_PATTERN), example = "/var/lib/app")]
    pub mount_path: String,
    /// The container that sees it; every container if absent.
    pub container: Option<String>,
    /// Whether the containers can only read it.
    #[serde(default)]
    pub read_only: bool,
    /// The folder of the volume that is seen, instead of the whole.
    #[schemars(length(min = 1))]
    pub sub_path: Option<String>,
}

/// A volume that keeps its data, made by somebody else.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExistingClaim {
    /// The name of the PersistentVolumeClaim, in the app's namespace.
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"))]
    pub claim_name: String,
    /// Who can use it at once, as far as whoever made it knows.
    #[serde(default = "one_node")]
    #[schemars(length(min = 1))]
    pub access_modes: Vec<AccessMode>,
    /// The folder in the containers, from the root.
    #[schemars(regex(pattern = MOUNT_PATH_PATTERN), example = "/var/lib/app")]
    pub mount_path: String,
    /// The container that sees it; every container if absent.
    pub container: Option<String>,
    /// Whether the containers can only read it.
    #[serde(default)]
    pub read_only: bool,
    /// The folder of the volume that is seen, instead of the whole.
    #[schemars(length(min = 1))]
    pub sub_path: Option<String>,
}

/// A folder that lives as long as a pod and begins empty.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmptyDir {
    /// How large it may grow; a pod that writes more is evicted.
    #[schemars(regex(pattern = syntax::AMOUNT_PATTERN), example = "1Gi")]
    pub size_limit: Option<String>,
    /// Where it lies; on the node's disk if absent.
    pub medium: Option<Medium>,
    /// The folder in the containers, from the root.
    #[schemars(regex(pattern = MOUNT_PATH_PATTERN), example = "/var/lib/app")]
    pub mount_path: String,
    /// The container that sees it; every container if absent.
    pub container: Option<String>,
    /// Whether the containers can only read it.
    #[serde(default)]
    pub read_only: bool,
    /// The folder of the volume that is seen, instead of the whole.
    #[schemars(length(min = 1))]
    pub sub_path: Option<String>,
}

const MOUNT_PATH_PATTERN: &str = r"^/[^:]*[^:/][^:]*$";

fn one_node() -> Vec<AccessMode> {
    vec![AccessMode::ReadWriteOnce]
}

/// Who can use a volume at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum AccessMode {
    /// The pods of one node, for reading and writing.
    ReadWriteOnce,
    /// All pods, for reading.
    ReadOnlyMany,
    /// All pods, for reading and writing.
    ReadWriteMany,
    /// One pod, for reading and writing.
    ReadWriteOncePod,
}

impl AccessMode {
    /// Whether the volume is tied to one node while it is used so.
    pub(crate) fn is_of_one_node(self) -> bool {
        matches!(self, Self::ReadWriteOnce | Self::ReadWriteOncePod)
    }
}

/// Where an empty folder lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Medium {
    /// In memory, which counts towards the memory of the containers.
    Memory,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The StorageClass of claims that name none.
    pub storage_class: Option<String>,
    /// Labels of every claim.
    pub labels: BTreeMap<String, String>,
    /// Annotations of every claim.
    pub annotations: BTreeMap<String, String>,
}
