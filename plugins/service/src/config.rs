//! What a developer and the platform team write for `service`.

use std::collections::BTreeMap;

use kusion_sdk::workload::{Container, PodSecurity, TopologySpreadConstraint};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An app that runs all the time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The containers, by name.
    #[schemars(extend("examples" = [{"main": {"image": "ghcr.io/acme/shop:1.4.2"}}]))]
    pub containers: BTreeMap<String, Container>,
    /// How many copies run; the platform's number if absent.
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
    /// How the pods spread over the cluster's nodes and zones, by any name; as the platform says if there is none.
    #[serde(default)]
    pub topology_spread_constraints: BTreeMap<String, TopologySpreadConstraint>,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The kind of object that runs the pods.
    #[serde(rename = "type")]
    pub type_: ServiceType,
    /// How many copies run unless the developer says so.
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
    /// Whether pods of which nobody says how they spread do so over nodes and zones, as well as it goes.
    pub topology_spread: bool,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            type_: ServiceType::default(),
            replicas: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            pod_security: PodSecurity::default(),
            automount_service_account_token: false,
            resources: BTreeMap::new(),
            topology_spread: true,
        }
    }
}

/// A kind of object that runs pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ServiceType {
    /// What every cluster has.
    #[default]
    Deployment,
    /// KusionStack's own, which updates pods in place.
    CollaSet,
}
