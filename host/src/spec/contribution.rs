//! What one module call adds to the Spec, before assembly.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::{AppName, ModuleName};
use crate::spec::{Resource, ResourceId, SecretSource};

/// Who made a resource or a patch.
///
/// The order (app, then accessory name, the workload first) is the order in which patches apply.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// The app.
    pub app: AppName,
    /// The accessory's name in `app.yaml`; empty for the workload.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub accessory: String,
    /// The module.
    pub module: ModuleName,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app, accessory, module } = self;
        if accessory.is_empty() {
            write!(f, "workload of app `{app}` (module `{module}`)")
        } else {
            write!(f, "accessory `{accessory}` of app `{app}` (module `{module}`)")
        }
    }
}

/// What one module call adds.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Who made it.
    pub origin: Origin,
    /// Whether it comes from the module that runs the app's workload.
    pub workload: bool,
    /// What shall exist.
    pub resources: Vec<Resource>,
    /// Changes to resources of other modules.
    pub patches: Vec<Patch>,
    /// Secrets asked for, by name within the accessory.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// A change that one module makes to a resource of another.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// Environment variables (core/v1 `EnvVar` objects) for every container of the app's workload.
    Env(Vec<Value>),
    /// Labels of the workload's own object.
    Labels(BTreeMap<String, String>),
    /// Annotations of the workload's own object.
    Annotations(BTreeMap<String, String>),
    /// Labels of the workload's pods.
    PodLabels(BTreeMap<String, String>),
    /// Annotations of the workload's pods.
    PodAnnotations(BTreeMap<String, String>),
    /// Volumes (core/v1 `Volume` objects) for the pods of the app's workload, and where its containers see them.
    Volumes {
        /// The volumes.
        volumes: Vec<Value>,
        /// `VolumeMount` objects, each with the name of a `container` if it is not for all of them.
        mounts: Vec<Value>,
    },
    /// RFC 6902.
    Json {
        /// The resource to change.
        id: ResourceId,
        /// The list of operations.
        document: Value,
    },
    /// RFC 7396.
    Merge {
        /// The resource to change.
        id: ResourceId,
        /// The partial document.
        document: Value,
    },
}
