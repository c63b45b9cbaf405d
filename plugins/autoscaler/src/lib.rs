//! The `autoscaler` module: runs as many pods of an app as its load needs.
//!
//! It makes a HorizontalPodAutoscaler, and takes the number of replicas out of the workload's own object, because two who
//! set one number undo each other's work.

mod config;
mod metrics;
mod replicas;
mod rules;

use kusion_sdk::{
    Module, Output, Patch, Pointer, Problems, Rejection, Request, WorkloadResource, kubernetes,
};
use serde_json::{Value, json};

pub use crate::config::{
    Amount, Behavior, Config, ExternalMetric, Platform, PodsMetric, PolicyType, ScalingPolicy,
    ScalingRules, SelectPolicy,
};

/// The `autoscaler` module.
#[derive(Debug)]
pub struct Autoscaler;

impl Module for Autoscaler {
    const NAME: &'static str = "autoscaler";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Runs as many pods of an app as its load needs.";
    const RESOURCE_TYPES: &'static [&'static str] = &["autoscaling/v2:HorizontalPodAutoscaler"];
    const NEEDS_WORKLOAD_RESOURCE: bool = true;

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        let workload = scalable(request.workload_resource(), &mut problems);
        let replicas = replicas::replicas(&request, &mut problems);
        let metrics = metrics::metrics(&request, &mut problems);
        let behavior = rules::behavior(&request, &mut problems);
        problems.finish()?;
        let Some(workload) = workload else { return Ok(Output::new()) };

        // The name is the app's whatever the accessory is called: two autoscalers of one workload would undo each
        // other's work, so two accessories of one app must not get along.
        let autoscaler = kubernetes::object(json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": request.unique_app_name(),
                "namespace": request.scope.namespace,
                "labels": request.object_labels(),
                "annotations": kubernetes::unless_empty(&request.annotations),
            },
            "spec": {
                "scaleTargetRef": {
                    "apiVersion": workload.api_version,
                    "kind": workload.kind,
                    "name": workload.name,
                },
                "minReplicas": replicas.min,
                "maxReplicas": replicas.max,
                "metrics": metrics,
                "behavior": behavior,
            },
        }));
        let output = Output::new().resource(autoscaler);
        if replicas.is_stopped {
            return Ok(output);
        }
        let without_replicas = json!({"spec": {"replicas": Value::Null}});
        Ok(output.patch(Patch::merge(workload.id, without_replicas)))
    }
}

/// The workload's object, if an autoscaler can change how many pods it has.
fn scalable<'a>(
    workload: Option<WorkloadResource<'a>>,
    problems: &mut Problems,
) -> Option<WorkloadResource<'a>> {
    let Some(workload) = workload else {
        problems.add(Pointer::config(), "scales a workload, and this app has none");
        return None;
    };
    match workload.group_kind() {
        ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") => Some(workload),
        (_, kind) => {
            problems.add(
                Pointer::config(),
                format!("scales a Deployment or StatefulSet; no autoscaler can scale a {kind}"),
            );
            None
        }
    }
}

kusion_sdk::export!(Autoscaler);

#[cfg(test)]
mod tests;
