//! The `gateway` module: leads requests from outside the cluster to an app, by the Gateway API.
//!
//! The platform team runs the gateways; a developer says which hosts and paths are the app's, and to which port of the
//! `network` module they lead.

mod check;
mod config;

use kusion_sdk::{Module, Output, Problems, Rejection, Request, kubernetes, names};
use serde_json::{Value, json};

pub use crate::config::{
    Backend, Config, HeaderMatch, HeaderType, Match, Method, ParentRef, PathMatch, PathType,
    Platform, Rule,
};

/// The module that makes the app's Services, and how its accessory is called unless it has another name.
const NETWORK: &str = "network";

/// The `gateway` module.
#[derive(Debug)]
pub struct Gateway;

type Call = Request<Config, Platform>;

impl Module for Gateway {
    const NAME: &'static str = "gateway";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Leads requests from outside the cluster to an app, by the Gateway API.";
    const RESOURCE_TYPES: &'static [&'static str] = &["gateway.networking.k8s.io/v1:HTTPRoute"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        check::check(&request, &mut problems);
        problems.finish()?;
        let (config, platform) = (&request.config, &request.platform);
        let mut labels = platform.labels.clone();
        labels.extend(request.object_labels());
        let mut annotations = platform.annotations.clone();
        annotations.extend(request.annotations.clone());
        let route = kubernetes::object(json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {
                "name": request.accessory_name(Self::NAME, "route"),
                "namespace": request.scope.namespace,
                "labels": labels,
                "annotations": kubernetes::unless_empty(&annotations),
            },
            "spec": {
                "parentRefs": platform.parent_refs,
                "hostnames": kubernetes::unless_empty(&config.hostnames),
                "rules": rules(&request),
            },
        }));
        Ok(Output::new().resource(route))
    }
}

fn rules(request: &Call) -> Vec<Value> {
    let config = &request.config;
    if config.rules.is_empty() {
        return vec![json!({"backendRefs": [backend(request, &config.backend)]})];
    }
    let rule = |rule: &Rule| {
        let matches: Vec<Value> = rule.matches.iter().map(match_of).collect();
        let backend = backend(request, rule.backend.as_ref().unwrap_or(&config.backend));
        json!({"matches": kubernetes::unless_empty(&matches), "backendRefs": [backend]})
    };
    config.rules.iter().map(rule).collect()
}

fn match_of(wanted: &Match) -> Value {
    json!({
        "path": wanted.path,
        "headers": kubernetes::unless_empty(&wanted.headers),
        "method": wanted.method,
    })
}

fn backend(request: &Call, backend: &Backend) -> Value {
    let name = match &backend.service {
        Some(name) => name.clone(),
        None => service_name(request, backend),
    };
    json!({"name": name, "port": backend.port})
}

/// The name of the Service that an accessory of the module `network` makes.
fn service_name(request: &Call, backend: &Backend) -> String {
    let suffix = if backend.public { "public" } else { "private" };
    names::service_name(&if backend.network == NETWORK {
        request.unique_name(suffix)
    } else {
        request.unique_name(&format!("{}-{suffix}", backend.network))
    })
}

kusion_sdk::export!(Gateway);

#[cfg(test)]
mod tests;
