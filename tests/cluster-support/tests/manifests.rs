//! Objects for the tests.

use kusion_cluster::{AFTER, POD, PodFate};
use serde_json::{Value, json};

/// Returns a Deployment of two pods with a fate, as JSON.
pub(crate) fn deployment(name: &str, fate: PodFate) -> String {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": pod(name, "Always", fate)},
    })
    .to_string()
}

/// Returns a Job of one pod with a fate, as JSON.
pub(crate) fn job(name: &str, fate: PodFate) -> String {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": pod(name, "Never", fate)},
    })
    .to_string()
}

/// Returns a ConfigMap, as JSON.
pub(crate) fn config_map(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}).to_string()
}

fn pod(name: &str, restart: &str, fate: PodFate) -> Value {
    json!({
        "metadata": {"labels": {"app": name}, "annotations": {POD: fate.annotation(), AFTER: "20ms"}},
        "spec": {"restartPolicy": restart, "containers": [{"name": "main", "image": "shop:1"}]},
    })
}
