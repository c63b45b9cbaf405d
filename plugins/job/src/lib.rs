//! The `job` module: an app that runs to its end, once or by a schedule.

mod config;

use kusion_sdk::workload::{self, Pods};
use kusion_sdk::{Kind, Module, Output, Problems, Rejection, Request, kubernetes};
use serde_json::json;

pub use crate::config::{Config, Platform};

/// The `job` module.
#[derive(Debug)]
pub struct Job;

impl Module for Job {
    const NAME: &'static str = "job";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Runs an app's containers to their end, once or by a schedule.";
    const KIND: Kind = Kind::Workload;
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:ConfigMap", "batch/v1:Job", "batch/v1:CronJob"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let (config, platform) = (&request.config, &request.platform);
        let mut problems = Problems::default();
        let labels = workload::labels(&request, &platform.labels, &config.labels, &mut problems);
        let annotations =
            workload::annotations(&request, &platform.annotations, &config.annotations);
        let pods = Pods::new(&request, &config.containers, labels, annotations, &mut problems);
        problems.finish()?;

        let job = json!({"template": pods.template(json!({"restartPolicy": "Never"}))});
        let schedule = config.schedule.trim();
        let (kind, spec) = if schedule.is_empty() {
            ("Job", job)
        } else {
            let template = json!({
                "metadata": {
                    "labels": pods.labels,
                    "annotations": kubernetes::unless_empty(&pods.annotations),
                },
                "spec": job,
            });
            ("CronJob", json!({"schedule": schedule, "jobTemplate": template}))
        };
        let object = kubernetes::object(json!({
            "apiVersion": "batch/v1",
            "kind": kind,
            "metadata": pods.object_metadata(&request.unique_app_name()),
            "spec": spec,
        }));
        Ok(Output::new().resources(pods.config_maps).resource(object.workload()))
    }
}

kusion_sdk::export!(Job);

#[cfg(test)]
mod tests;
