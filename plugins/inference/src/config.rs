//! What a developer and the platform team write for `inference`.

use std::collections::BTreeMap;

use kusion_sdk::workload::PodSecurity;
use schemars::JsonSchema;
use serde::Deserialize;

/// A language model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Config {
    /// The model as the framework calls it, for example `llama3` or `qwen3:8b`.
    #[schemars(extend("examples" = ["llama3", "qwen3:8b"]))]
    pub model: String,
    /// What runs the model.
    pub framework: Framework,
    /// What the model is told before every conversation; the model's own text if absent or empty.
    #[serde(default)]
    pub system: String,
    /// The template of the whole prompt, in the language of templates of Go; the model's own if absent or empty.
    #[serde(default)]
    pub template: String,
    /// Among how many of the likeliest tokens the next one is chosen. More give more diverse answers.
    #[serde(default = "top_k")]
    #[schemars(range(min = 0, max = 2147483647))]
    pub top_k: u32,
    /// The share of probability that the tokens have together among which the next one is chosen.
    #[serde(default = "top_p")]
    #[schemars(range(min = 0, max = 1))]
    pub top_p: f64,
    /// How freely the next token is chosen; with 0 it is always the likeliest.
    #[serde(default = "temperature")]
    #[schemars(range(min = 0, max = 100))]
    pub temperature: f64,
    /// The most tokens of an answer; -1 for no end, -2 for as many as the context holds.
    #[serde(default = "num_predict")]
    #[schemars(range(min = -2, max = 2147483647))]
    pub num_predict: i32,
    /// How many tokens the model looks back at.
    #[serde(default = "num_ctx")]
    #[schemars(range(min = 1, max = 2147483647))]
    pub num_ctx: u32,
}

fn top_k() -> u32 {
    40
}

fn top_p() -> f64 {
    0.9
}

fn temperature() -> f64 {
    0.8
}

fn num_predict() -> i32 {
    128
}

fn num_ctx() -> u32 {
    2048
}

/// What runs a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Framework {
    /// One server beside the app.
    Ollama,
    /// A cluster of Ray; not available in this version.
    KubeRay,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The image of Ollama.
    pub image: String,
    /// The size of the storage for models in GiB.
    #[schemars(range(min = 1, max = 1000000))]
    pub size: u32,
    /// Resources of the server; `cpu: 500m-` and `memory: 2Gi-16Gi` for what is not named. `nvidia.com/gpu: "1"` gives
    /// it a graphics card.
    #[schemars(extend("examples" = [{"cpu": "2-", "memory": "8Gi", "nvidia.com/gpu": "1"}]))]
    pub resources: BTreeMap<String, String>,
    /// How much the pod may do.
    pub pod_security: PodSecurity,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            image: "ollama/ollama:0.14.3".to_owned(),
            size: 20,
            resources: BTreeMap::new(),
            pod_security: PodSecurity::default(),
        }
    }
}
