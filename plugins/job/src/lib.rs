//! The `job` module: an app that runs to its end, once or by a schedule.

mod config;
mod schedule;

use kusion_sdk::workload::{self, PodSettings, Pods, Security};
use kusion_sdk::{Kind, Module, Output, Pointer, Problems, Rejection, Request, kubernetes, names};
use serde_json::json;

pub use crate::config::{Config, Platform};

/// The longest name of a CronJob, so that its Jobs can have a longer one.
const MAX_CRON_NAME: usize = 52;

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
        let settings = PodSettings {
            labels: workload::labels(&request, &platform.labels, &config.labels, &mut problems),
            annotations: workload::annotations(
                &request,
                &platform.annotations,
                &config.annotations,
                &mut problems,
            ),
            security: Security::new(platform.pod_security)
                .service_account_token(platform.automount_service_account_token),
            resources: &platform.resources,
        };
        let pods = Pods::new(&request, &config.containers, settings, &mut problems);
        let spread = workload::spread(
            &config.topology_spread_constraints,
            &request.selector(),
            &Pointer::config().key("topologySpreadConstraints"),
            &mut problems,
        );
        let schedule = match schedule::parse(&config.schedule).transpose() {
            Ok(schedule) => schedule,
            Err(message) => {
                problems.add(Pointer::config().key("schedule"), message);
                None
            }
        };
        problems.finish()?;

        let job = json!({"template": pods.template(json!({
            "restartPolicy": "Never",
            "topologySpreadConstraints": kubernetes::unless_empty(&spread),
        }))});
        let name = request.unique_app_name();
        let (kind, name, spec) = if let Some(schedule) = schedule {
            let template = json!({
                "metadata": {
                    "labels": pods.labels,
                    "annotations": kubernetes::unless_empty(&pods.annotations),
                },
                "spec": job,
            });
            let spec = json!({"schedule": schedule, "jobTemplate": template});
            ("CronJob", names::cut(&name, MAX_CRON_NAME), spec)
        } else {
            ("Job", name, job)
        };
        let object = kubernetes::object(json!({
            "apiVersion": "batch/v1",
            "kind": kind,
            "metadata": pods.object_metadata(&name),
            "spec": spec,
        }));
        Ok(Output::new().resources(pods.config_maps).resource(object.workload()))
    }
}

kusion_sdk::export!(Job);

#[cfg(test)]
mod tests;
