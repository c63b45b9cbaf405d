//! What a developer and the platform team write for `redis`.

use std::collections::BTreeMap;

use kusion_sdk::workload::PodSecurity;
use schemars::JsonSchema;
use serde::Deserialize;

/// A Redis server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Where the server runs.
    #[serde(rename = "type", default)]
    pub type_: RedisType,
    /// The version of Redis, in quotes: `"8.0"`.
    #[schemars(length(min = 1, max = 128), example = &"8.0")]
    pub version: String,
    /// Whether what is stored outlives the pod; otherwise it is a cache.
    #[serde(default)]
    pub persistent: bool,
}

/// Where a Redis server runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedisType {
    /// Beside the app, in the same namespace.
    #[default]
    Local,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The name the resources begin with; `<project>-<stack>-<app>-<accessory>` if absent.
    pub database_name: Option<String>,
    /// Only if it is persistent: the size of the storage in GiB.
    #[schemars(range(min = 1, max = 65536))]
    pub size: u32,
    /// How much the server's pod may do.
    pub pod_security: PodSecurity,
    /// Whether the server's pod gets a token for the API of Kubernetes.
    pub automount_service_account_token: bool,
    /// What the server's pod asks for and may use, by name: a limit (`500m`), a request and a limit (`250m-500m`), or a
    /// request (`250m-`).
    #[schemars(example = serde_json::json!({"cpu": "250m-", "memory": "1Gi-2Gi"}))]
    pub resources: BTreeMap<String, String>,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            database_name: None,
            size: 1,
            pod_security: PodSecurity::default(),
            automount_service_account_token: false,
            resources: BTreeMap::new(),
        }
    }
}
