//! A guest for tests: makes the manifests that its configuration holds, through the SDK.

use std::collections::BTreeMap;

use kusion_sdk::{Module, Nothing, Output, Rejection, Request, kubernetes};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a test asks for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Whole Kubernetes objects.
    #[serde(default)]
    pub manifests: Vec<Value>,
    /// Containers of a Deployment with the app's name, each with `image` and `env` as they stand there.
    #[serde(default)]
    pub containers: BTreeMap<String, Container>,
    /// Ports of a Service with the app's name, each as it stands there.
    #[serde(default)]
    pub ports: Vec<Value>,
}

/// A container that nobody checks.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Container {
    /// The image.
    pub image: String,
    /// The variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// The module.
#[derive(Debug)]
pub struct Raw;

impl Module for Raw {
    const NAME: &'static str = "raw";
    const VERSION: &'static str = "0.1.0";
    const SUMMARY: &'static str = "Makes the manifests that it is given.";
    type Config = Config;
    type Platform = Nothing;

    fn generate(request: Request<Config, Nothing>) -> Result<Output, Rejection> {
        let Config { manifests, containers, ports } = request.config;
        let mut output = Output::new().resources(manifests.into_iter().map(kubernetes::object));
        let metadata = json!({"name": request.scope.app, "namespace": request.scope.namespace});
        if !containers.is_empty() {
            let container = |(name, Container { image, env }): (&String, &Container)| {
                let env: Vec<Value> =
                    env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
                json!({"name": name, "image": image, "env": env})
            };
            let containers: Vec<Value> = containers.iter().map(container).collect();
            let labels = json!({"app": request.scope.app});
            output = output.resource(kubernetes::object(json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
                },
            })));
        }
        if !ports.is_empty() {
            output = output.resource(kubernetes::object(json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"ports": ports},
            })));
        }
        Ok(output)
    }
}

kusion_sdk::export!(Raw);
