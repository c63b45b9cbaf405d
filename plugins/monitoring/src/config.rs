//! What a developer and the platform team write for `monitoring`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the app offers its metrics.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The path of the metrics.
    #[serde(default = "default_path")]
    pub path: String,
    /// The port of the metrics: the number of the container's port, or the name of a port. Every port
    /// if absent.
    pub port: Option<Port>,
}

fn default_path() -> String {
    "/metrics".to_owned()
}

/// A port by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected the number or the name of a port")]
pub enum Port {
    /// The number.
    Number(u16),
    /// The name, or the number as text.
    Name(String),
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// Whether the cluster runs the Prometheus operator.
    pub operator_mode: bool,
    /// With the operator: what is watched.
    pub monitor_type: MonitorType,
    /// With the operator: the time between two collections, for example `30s`.
    pub interval: String,
    /// With the operator: the time after which a collection counts as failed, at most `interval`.
    pub timeout: String,
    /// How the metrics are fetched.
    pub scheme: Scheme,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            operator_mode: false,
            monitor_type: MonitorType::default(),
            interval: "30s".to_owned(),
            timeout: "15s".to_owned(),
            scheme: Scheme::default(),
        }
    }
}

/// What the operator watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MonitorType {
    /// The app's Services, by a ServiceMonitor.
    #[default]
    Service,
    /// The app's pods, by a PodMonitor.
    Pod,
}

/// How metrics are fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// In the clear.
    #[default]
    Http,
    /// Encrypted.
    Https,
}
