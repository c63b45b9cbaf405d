//! The `service` module: an app that runs all the time.
//!
//! Its containers become one Deployment, or one CollaSet where the platform says so, and a ConfigMap
//! for each file with a text.

mod config;

use kusion_sdk::workload::{self, PodSettings, Pods, Security};
use kusion_sdk::{Kind, Module, Output, Pointer, Problems, Rejection, Request, kubernetes};
use serde_json::json;

pub use crate::config::{Config, Platform, ServiceType};

/// The `service` module.
#[derive(Debug)]
pub struct Service;

impl Module for Service {
    const NAME: &'static str = "service";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Runs an app's containers all the time.";
    const KIND: Kind = Kind::Workload;
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:ConfigMap", "apps/v1:Deployment", "apps.kusionstack.io/v1alpha1:CollaSet"];

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
        let selector = request.selector();
        let spread = if config.topology_spread_constraints.is_empty() && platform.topology_spread {
            workload::spread_everywhere(&selector)
        } else {
            let at = Pointer::config().key("topologySpreadConstraints");
            workload::spread(&config.topology_spread_constraints, &selector, &at, &mut problems)
        };
        problems.finish()?;

        let (api_version, kind) = match platform.type_ {
            ServiceType::Deployment => ("apps/v1", "Deployment"),
            ServiceType::CollaSet => ("apps.kusionstack.io/v1alpha1", "CollaSet"),
        };
        // A Deployment without a number has one pod, a CollaSet none.
        let usual = (kind == "CollaSet").then_some(1);
        let object = kubernetes::object(json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": pods.object_metadata(&request.unique_app_name()),
            "spec": {
                "replicas": config.replicas.or(platform.replicas).or(usual),
                "selector": {"matchLabels": selector},
                "template": pods.template(json!({
                    "topologySpreadConstraints": kubernetes::unless_empty(&spread),
                })),
            },
        }));
        Ok(Output::new().resources(pods.config_maps).resource(object.workload()))
    }
}

kusion_sdk::export!(Service);

#[cfg(test)]
mod tests;
