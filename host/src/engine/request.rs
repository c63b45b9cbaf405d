//! What goes into a module call and what comes out, free of any Wasm type.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::spec::{Patch, Resource, SecretSource};

/// Everything a module gets to know in one call. It holds no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Where the call belongs.
    pub scope: Scope,
    /// The accessory's name in `app.yaml`; empty for the workload.
    pub accessory: String,
    /// Labels of the app.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the app.
    pub annotations: BTreeMap<String, String>,
    /// What the developer wrote for the module.
    pub config: Value,
    /// What the platform team wrote for the module.
    pub platform: Value,
    /// The app's workload without secret values; null without one.
    pub workload: Value,
    /// Those keys of the workspace's context that the module named.
    pub context: Value,
    /// Answers to what earlier calls asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// What the module's description asks for beside all that.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extensions: Map<String, Value>,
}

/// Names that say where a call belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The project.
    pub project: String,
    /// The stack.
    pub stack: String,
    /// The workspace.
    pub workspace: String,
    /// The app.
    pub app: String,
    /// The Kubernetes namespace of the stack's resources.
    pub namespace: String,
}

/// Something a module asked the host to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// What it is: `file` or `folder`.
    pub kind: String,
    /// Which one, for example `{"path": "config/app.toml"}`.
    pub document: Value,
}

/// The answer to a [`Need`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// What was asked for.
    pub need: Need,
    /// What was read.
    pub answer: Value,
}

/// What a module says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The module's own name.
    pub name: String,
    /// The module's own version.
    pub version: String,
    /// `workload`, `accessory`, or a kind this host does not know.
    pub kind: String,
    /// One sentence.
    pub summary: String,
    /// Keys of the workspace's context that the module wants to see.
    pub context_keys: Vec<String>,
    /// JSON Schema of what a developer writes.
    pub developer_schema: Value,
    /// JSON Schema of what the platform team writes.
    pub platform_schema: Value,
    /// Types of resources the module can make.
    pub resource_types: Vec<String>,
    /// Whether the module wants to know which resource runs the app's containers.
    pub wants_workload_resource: bool,
}

impl Description {
    /// Returns whether the module runs an app's workload.
    pub fn is_workload(&self) -> bool {
        self.kind == "workload"
    }
}

/// What one call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// What shall exist.
    pub resources: Vec<Resource>,
    /// Changes to resources of other modules.
    pub patches: Vec<Patch>,
    /// Secrets asked for, by name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// What the host must read before it calls again; empty when the answer is complete.
    pub needs: Vec<Need>,
    /// What the module logged, in order.
    pub log: Vec<LogLine>,
    /// What the call used.
    pub usage: Usage,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The finest detail.
    Trace,
    /// Detail for the module's author.
    Debug,
    /// What happened.
    Info,
    /// Something the platform team should look at.
    Warn,
    /// Something went wrong.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// One line that a module logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub message: String,
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel, the same number on every machine.
    pub fuel: u64,
    /// The most linear memory the guest held, in bytes.
    pub peak_memory: usize,
    /// Wall-clock time.
    pub time: Duration,
}

/// Why a module does not serve a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The request is wrong at these places.
    Invalid(Vec<RejectedPlace>),
    /// The request is fine but this version of the module cannot serve it.
    Unsupported(String),
    /// Anything else.
    Failed(String),
}

/// One place of a request that a module rejects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedPlace {
    /// JSON Pointer beginning with `/config`, `/platform` or `/workload`.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}
