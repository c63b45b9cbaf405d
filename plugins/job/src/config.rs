//! What a developer and the platform team write for `job`.

use std::collections::BTreeMap;

use kusion_sdk::workload::{Container, PodSecurity, TopologySpreadConstraint};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// An app that runs to its end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The containers, by name.
    #[schemars(extend("examples" = [{"main": {"image": "ghcr.io/acme/shop:1.4.2"}}]))]
    pub containers: BTreeMap<String, Container>,
    /// When it runs: the five fields of cron, for example `0 3 * * *`, or `@daily` and the like; once if absent or empty.
    #[serde(default)]
    #[schemars(extend("examples" = ["0 3 * * *", "@daily"]))]
    pub schedule: String,
    /// Accepted for the sake of what all workloads share; a job has no copies.
    #[schemars(range(max = 2147483647))]
    pub replicas: Option<u32>,
    /// Labels of the workload and its pods.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the workload and its pods.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Secrets of the app, by name; kusion makes them itself.
    #[serde(default)]
    pub secrets: BTreeMap<String, Map<String, Value>>,
    /// How the pods spread over the cluster's nodes and zones, by any name.
    #[serde(default)]
    pub topology_spread_constraints: BTreeMap<String, TopologySpreadConstraint>,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// Accepted for the sake of what all workloads share; a job has no copies.
    #[schemars(range(max = 2147483647))]
    pub replicas: Option<u32>,
    /// Labels of every workload.
    pub labels: BTreeMap<String, String>,
    /// Annotations of every workload.
    pub annotations: BTreeMap<String, String>,
    /// How much the pods may do.
    pub pod_security: PodSecurity,
    /// Whether the pods get a token for the API of Kubernetes.
    pub automount_service_account_token: bool,
    /// Resources of containers, for the names of which the developer says nothing; `cpu: 100m-` and
    /// `memory: 128Mi-1Gi` if absent.
    #[schemars(extend("examples" = [{"cpu": "250m-1", "memory": "512Mi"}]))]
    pub resources: BTreeMap<String, String>,
}
