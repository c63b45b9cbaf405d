//! What a developer and the platform team write for `service`.

use std::collections::BTreeMap;

use kusion_sdk::workload::Container;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An app that runs all the time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The containers, by name.
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
    /// How the pods spread over the cluster's nodes and zones, by any name.
    #[serde(default)]
    pub topology_spread_constraints: BTreeMap<String, TopologySpreadConstraint>,
}

/// A rule for spreading pods.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpreadConstraint {
    /// By how many pods two domains may differ.
    #[schemars(range(min = 1))]
    pub max_skew: u32,
    /// The label of nodes that tells domains apart, for example `topology.kubernetes.io/zone`.
    pub topology_key: String,
    /// What happens to a pod that cannot be placed by the rule.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// The pods that count.
    pub label_selector: Option<LabelSelector>,
    /// Labels of pods whose values are added to the selector.
    pub match_label_keys: Option<Vec<String>>,
    /// The fewest domains; only with `DoNotSchedule`.
    #[schemars(range(min = 1))]
    pub min_domains: Option<u32>,
    /// Whether the pod's node affinity limits the domains.
    pub node_affinity_policy: Option<NodePolicy>,
    /// Whether taints of nodes limit the domains.
    pub node_taints_policy: Option<NodePolicy>,
}

/// What happens to a pod that cannot be placed by the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum WhenUnsatisfiable {
    /// It waits.
    DoNotSchedule,
    /// It is placed where it does the least harm.
    ScheduleAnyway,
}

/// Whether something limits the domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum NodePolicy {
    /// It does.
    Honor,
    /// It does not.
    Ignore,
}

/// Chooses pods by their labels.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels and the values they must have.
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Further conditions.
    pub match_expressions: Option<Vec<LabelSelectorRequirement>>,
}

/// A condition on a label.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values for `In` and `NotIn`.
    pub values: Option<Vec<String>>,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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
}

/// A kind of object that runs pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum ServiceType {
    /// What every cluster has.
    #[default]
    Deployment,
    /// KusionStack's own, which updates pods in place.
    CollaSet,
}
