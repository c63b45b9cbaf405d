//! The `inference` module: a language model that an app asks over HTTP.
//!
//! Ollama serves it beside the app. The app finds it by `INFERENCE_URL`, an address that speaks the protocol of OpenAI,
//! and asks it for the model in `INFERENCE_MODEL`, which has the developer's settings.

mod config;
mod modelfile;
mod server;

use kusion_sdk::workload::{Resources, image_problem};
use kusion_sdk::{Module, Output, Pointer, Problems, Rejection, Request};

pub use crate::config::{Config, Framework, Platform};

/// What the server gets of a resource of which the platform says nothing.
const RESOURCES: [(&str, &str); 2] = [("cpu", "500m-"), ("memory", "2Gi-16Gi")];

/// The `inference` module.
#[derive(Debug)]
pub struct Inference;

impl Module for Inference {
    const NAME: &'static str = "inference";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app a language model and the way to it.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:PersistentVolumeClaim", "v1:Service", "apps/v1:Deployment"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let (config, platform) = (&request.config, &request.platform);
        let mut problems = Problems::default();
        if config.framework == Framework::KubeRay {
            problems.add(
                Pointer::config().key("framework"),
                "`KubeRay` is not available in this version: only `Ollama`",
            );
        }
        let modelfile = modelfile::modelfile(config, &mut problems);
        let own = server::model_name(&request);
        if config.model == own || config.model.strip_suffix(":latest") == Some(&own) {
            problems.add(
                Pointer::config().key("model"),
                format!("`{own}` is the name that the app's own model gets"),
            );
        }
        if let Some(problem) = image_problem(&platform.image) {
            problems.add(Pointer::platform().key("image"), format!("the image {problem}"));
        }
        if platform.size == 0 {
            problems.add(Pointer::platform().key("size"), "must be at least 1");
        }
        let resources = Resources::new()
            .layer(&platform.resources, &Pointer::platform().key("resources"), &mut problems)
            .defaults(RESOURCES)
            .to_json();
        problems.finish()?;
        Ok(server::server(&request, &modelfile, &resources))
    }
}

kusion_sdk::export!(Inference);

#[cfg(test)]
mod tests;
