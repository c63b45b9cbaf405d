//! Changes to what other modules make.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::texts::texts;

/// The kind of a patch that adds volumes to the workload's pods.
const VOLUMES: &str = "volumes";

/// A change to the app's workload or to any other resource.
///
/// The host applies patches by app and then accessory name; two different values at one place are
/// an error that names both modules.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Patch {
    /// Environment variables for every container of the workload, as made by
    /// [`kubernetes::env`](crate::kubernetes::env) and
    /// [`kubernetes::env_from_secret`](crate::kubernetes::env_from_secret).
    Env(Vec<Value>),
    /// Labels of the workload's own object.
    Labels(BTreeMap<String, String>),
    /// Annotations of the workload's own object.
    Annotations(BTreeMap<String, String>),
    /// Labels of the workload's pods.
    PodLabels(BTreeMap<String, String>),
    /// Annotations of the workload's pods.
    PodAnnotations(BTreeMap<String, String>),
    /// A JSON Patch (RFC 6902) for the resource with this id.
    Json {
        /// The resource.
        id: String,
        /// The list of operations.
        document: Value,
    },
    /// A JSON Merge Patch (RFC 7396) for the resource with this id.
    Merge {
        /// The resource.
        id: String,
        /// What to merge.
        document: Value,
    },
    /// A kind of patch that a later host knows.
    Other {
        /// The kind.
        kind: String,
        /// Its document.
        document: Value,
    },
}

impl Patch {
    /// Adds environment variables to every container of the workload.
    pub fn env(variables: impl IntoIterator<Item = Value>) -> Self {
        Self::Env(variables.into_iter().collect())
    }

    /// Adds labels to the workload's own object.
    pub fn labels<K: Into<String>, V: Into<String>>(
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Labels(texts(labels))
    }

    /// Adds annotations to the workload's own object.
    pub fn annotations<K: Into<String>, V: Into<String>>(
        annotations: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::Annotations(texts(annotations))
    }

    /// Adds labels to the workload's pods.
    pub fn pod_labels<K: Into<String>, V: Into<String>>(
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::PodLabels(texts(labels))
    }

    /// Adds annotations to the workload's pods.
    pub fn pod_annotations<K: Into<String>, V: Into<String>>(
        annotations: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self::PodAnnotations(texts(annotations))
    }

    /// Adds volumes to the workload's pods, and mounts them into its containers.
    ///
    /// `volumes` are core/v1 `Volume` objects, `mounts` core/v1 `VolumeMount` objects; a mount that has the name of a
    /// `container` beside is for that one only, any other for every container. Two mounts at one path of a container,
    /// and two volumes of one name, are an error unless they are the same.
    ///
    /// ```
    /// use kusion_sdk::Patch;
    /// use serde_json::json;
    ///
    /// let patch = Patch::volumes(
    ///     [json!({"name": "scratch", "emptyDir": {}})],
    ///     [json!({"container": "main", "name": "scratch", "mountPath": "/scratch"})],
    /// );
    /// # assert!(matches!(patch, Patch::Other { .. }));
    /// ```
    pub fn volumes(
        volumes: impl IntoIterator<Item = Value>,
        mounts: impl IntoIterator<Item = Value>,
    ) -> Self {
        let volumes: Vec<Value> = volumes.into_iter().collect();
        let mounts: Vec<Value> = mounts.into_iter().collect();
        Self::Other {
            kind: VOLUMES.to_owned(),
            document: json!({"volumes": volumes, "mounts": mounts}),
        }
    }

    /// Changes another resource by a JSON Patch (RFC 6902): a list of operations.
    pub fn json(id: impl Into<String>, operations: Value) -> Self {
        Self::Json { id: id.into(), document: operations }
    }

    /// Changes another resource by a JSON Merge Patch (RFC 7396).
    pub fn merge(id: impl Into<String>, document: Value) -> Self {
        Self::Merge { id: id.into(), document }
    }
}
