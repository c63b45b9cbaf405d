//! What a developer and the platform team write for `autoscaler`.

use std::collections::BTreeMap;

use kusion_sdk::syntax;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many pods run, by what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The fewest pods. If absent, the `replicas` of the workload; without them the platform's; without those one.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub min_replicas: Option<u32>,
    /// The most pods; the platform's number if absent.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub max_replicas: Option<u32>,
    /// How much CPU the pods use on average, in percent of what their containers ask for.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub cpu_utilization: Option<u32>,
    /// How much memory the pods use on average, in percent of what their containers ask for.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub memory_utilization: Option<u32>,
    /// Metrics that each pod has, such as requests in a second.
    #[serde(default)]
    pub pods: Vec<PodsMetric>,
    /// Metrics from outside the cluster, such as the length of a queue.
    #[serde(default)]
    pub external: Vec<ExternalMetric>,
    /// How fast pods come and go; the platform's if absent.
    pub behavior: Option<Behavior>,
}

/// A metric that each pod has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodsMetric {
    /// The name of the metric.
    #[schemars(length(min = 1))]
    pub metric: String,
    /// Labels of the metric, where its name alone is not enough.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What a pod has on average.
    pub average_value: Amount,
}

/// A metric from outside the cluster.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalMetric {
    /// The name of the metric.
    #[schemars(length(min = 1))]
    pub metric: String,
    /// Labels of the metric, where its name alone is not enough.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The value as it is; excludes `averageValue`.
    pub value: Option<Amount>,
    /// The value divided by the number of pods; excludes `value`.
    pub average_value: Option<Amount>,
}

/// A positive amount, as Kubernetes writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(example = 100, example = "500m")]
#[serde(untagged, expecting = "expected an amount, as in `100` or `500m`")]
pub enum Amount {
    /// A number.
    Number(#[schemars(range(min = 1))] u32),
    /// A number with a unit.
    Text(#[schemars(regex(pattern = syntax::AMOUNT_PATTERN))] String),
}

/// How fast pods come and go.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Behavior {
    /// How pods come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_up: Option<ScalingRules>,
    /// How pods go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down: Option<ScalingRules>,
}

/// How fast pods come or go.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingRules {
    /// Over how many seconds past recommendations count.
    #[schemars(range(max = 3600))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stabilization_window_seconds: Option<u32>,
    /// Which of the policies holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select_policy: Option<SelectPolicy>,
    /// How many pods may come or go in a time.
    #[schemars(length(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<ScalingPolicy>>,
}

/// Which of several policies holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum SelectPolicy {
    /// The one that changes most.
    Max,
    /// The one that changes least.
    Min,
    /// None: nothing changes in this direction.
    Disabled,
}

/// How many pods may come or go in a time.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// What `value` counts.
    #[serde(rename = "type")]
    pub type_: PolicyType,
    /// How many.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub value: u32,
    /// In how many seconds.
    #[schemars(range(min = 1, max = 1800))]
    pub period_seconds: u32,
}

/// What a policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PolicyType {
    /// Pods.
    Pods,
    /// Percent of the pods that run.
    Percent,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The fewest pods of an app that says nothing.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub min_replicas: Option<u32>,
    /// The most pods of an app that says nothing.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub max_replicas: Option<u32>,
    /// The highest `maxReplicas` that a developer may write.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub max_replicas_limit: Option<u32>,
    /// The utilization of CPU, in percent, of an app that names no metric; 80 if absent.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub cpu_utilization: Option<u32>,
    /// How fast the pods of an app come and go that says nothing.
    pub behavior: Option<Behavior>,
}
