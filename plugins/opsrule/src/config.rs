//! What a developer and the platform team write for `opsrule`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What must hold while pods are taken away on purpose.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// How many of the app's pods may be down at once: a number, or a percentage such as `25%`. The platform's if
    /// absent, and `25%` if that is absent too.
    pub max_unavailable: Option<Amount>,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// How many pods may be down at once where the developer says nothing.
    pub max_unavailable: Option<Amount>,
    /// With a PodDisruptionBudget: whether pods that run but are not ready may be evicted. Whatever Kubernetes does if
    /// absent.
    pub unhealthy_pod_eviction_policy: Option<EvictionPolicy>,
}

/// A number of pods, or a part of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(example = "25%", example = 1)]
#[serde(untagged, expecting = "expected a number of pods, or a percentage as in `25%`")]
pub enum Amount {
    /// A number.
    Number(#[schemars(range(max = 2_147_483_647))] u32),
    /// A percentage, or a number as text.
    Text(#[schemars(regex(pattern = r"^([0-9]{1,2}%|100%|[0-9]{1,9})$"))] String),
}

/// Which pods that are not ready may be evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum EvictionPolicy {
    /// Only as long as enough others are ready.
    IfHealthyBudget,
    /// All: a node can be drained even if an app cannot start.
    AlwaysAllow,
}
