//! The `networkpolicy` module: an app's pods speak with those only that they need.
//!
//! One NetworkPolicy chooses the app's pods, which closes everything, and opens what the platform, the app's accessories
//! and the developer need.

mod cidr;
mod config;
mod peer;
mod rules;

use kusion_sdk::{Module, Output, Pointer, Problems, Rejection, Request, kubernetes};
use serde_json::json;

pub use crate::config::{
    Config, Dns, EgressRule, IngressRule, NumberOrName, Peer, Platform, Port, Protocol,
};

/// The `networkpolicy` module.
#[derive(Debug)]
pub struct NetworkPolicy;

type Call = Request<Config, Platform>;

impl Module for NetworkPolicy {
    const NAME: &'static str = "networkpolicy";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Lets an app's pods speak with those only that they need.";
    const RESOURCE_TYPES: &'static [&'static str] = &["networking.k8s.io/v1:NetworkPolicy"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        if request.workload.is_null() {
            problems.add(Pointer::config(), "is for the pods of a workload, and this app has none");
        }
        let ingress = rules::ingress(&request, &mut problems);
        let egress = rules::egress(&request, &mut problems);
        problems.finish()?;
        let policy = kubernetes::object(json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": request.accessory_name(Self::NAME, Self::NAME),
                "namespace": request.scope.namespace,
                "labels": request.object_labels(),
                "annotations": kubernetes::unless_empty(&request.annotations),
            },
            "spec": {
                "podSelector": {"matchLabels": request.selector()},
                // What has no rule is closed; without this list, egress would stay open if there were none for it.
                "policyTypes": ["Ingress", "Egress"],
                "ingress": kubernetes::unless_empty(&ingress),
                "egress": kubernetes::unless_empty(&egress),
            },
        }));
        Ok(Output::new().resource(policy))
    }
}

kusion_sdk::export!(NetworkPolicy);

#[cfg(test)]
mod tests;
