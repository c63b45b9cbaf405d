//! The `networkpolicy` module: an app's pods speak with those only that they need.
//!
//! One NetworkPolicy chooses the app's pods, which closes everything, and opens what the platform, the app's accessories
//! and the developer need. Another one lets nobody but the app reach the pods of its accessories.

mod cidr;
mod config;
mod peer;
mod rules;

use kusion_sdk::{
    Module, Output, Pointer, Problems, Rejection, Request, Resource, kubernetes, names,
};
use serde_json::{Value, json};

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
        let of_app = json!({
            "podSelector": {"matchLabels": request.selector()},
            // What has no rule is closed; without this list, egress would stay open if there were none for it.
            "policyTypes": ["Ingress", "Egress"],
            "ingress": kubernetes::unless_empty(&ingress),
            "egress": kubernetes::unless_empty(&egress),
        });
        let output = Output::new().resource(policy(&request, Self::NAME, of_app));
        if !request.platform.to_accessories {
            return Ok(output);
        }
        let app = names::label_value(&request.unique_app_name());
        let of_accessories = json!({
            "podSelector": {"matchLabels": {names::ACCESSORY_OF_LABEL: app}},
            // Whom they reach themselves is theirs: a language model comes from elsewhere.
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": request.selector()}}]}],
        });
        Ok(output.resource(policy(&request, "accessories", of_accessories)))
    }
}

fn policy(request: &Call, name: &str, spec: Value) -> Resource {
    kubernetes::object(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": request.accessory_name(NetworkPolicy::NAME, name),
            "namespace": request.scope.namespace,
            "labels": request.object_labels(),
            "annotations": kubernetes::unless_empty(&request.annotations),
        },
        "spec": spec,
    }))
}

kusion_sdk::export!(NetworkPolicy);

#[cfg(test)]
mod tests;
