//! A guest for tests: makes the manifests that its configuration holds, through the SDK.

use kusion_sdk::{Module, Nothing, Output, Rejection, Request, kubernetes};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// What a test asks for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Whole Kubernetes objects.
    #[serde(default)]
    pub manifests: Vec<Value>,
    /// Ports of a Service with the app's name, each as it stands there.
    #[serde(default)]
    pub ports: Vec<Value>,
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
        let Config { manifests, ports } = request.config;
        let mut output = Output::new().resources(manifests.into_iter().map(kubernetes::object));
        if !ports.is_empty() {
            output = output.resource(kubernetes::object(serde_json::json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": request.scope.app, "namespace": request.scope.namespace},
                "spec": {"ports": ports},
            })));
        }
        Ok(output)
    }
}

kusion_sdk::export!(Raw);
