//! One container, as a developer writes it and as Kubernetes wants it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::FileSpec;
use super::image;
use super::probe::{self, Lifecycle, Probe};
use super::resources::Resources;
use super::secret_ref::{self, SecretRef};
use crate::kubernetes::{self, unless_empty};
use crate::pointer::Pointer;
use crate::rejection::Problems;

/// A container.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The image, for example `ghcr.io/acme/shop:1.4.2`.
    pub image: String,
    /// The program, instead of the image's entry point.
    #[serde(default)]
    pub command: Vec<String>,
    /// The program's arguments, instead of the image's.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables. A value may refer to another variable (`$(OTHER)`) or be one key of a
    /// Secret (`secret://name/key`).
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The folder in which the program starts.
    pub working_dir: Option<String>,
    /// Limits (`cpu: 500m`), or requests and limits (`cpu: 250m-500m`), of `cpu`, `memory` and others.
    #[serde(default)]
    pub resources: BTreeMap<String, String>,
    /// Files, by their path in the container.
    #[serde(default)]
    pub files: BTreeMap<String, FileSpec>,
    /// Folders with all keys of a Secret (`secret://name`), by their path in the container.
    #[serde(default)]
    pub dirs: BTreeMap<String, String>,
    /// Whether the container must be restarted.
    pub liveness_probe: Option<Probe>,
    /// Whether the container can serve requests.
    pub readiness_probe: Option<Probe>,
    /// Whether the container has started; the other probes wait for it.
    pub startup_probe: Option<Probe>,
    /// What happens when the container starts and stops.
    pub lifecycle: Option<Lifecycle>,
}

/// Makes the Kubernetes container, with the mounts that its files and folders led to.
pub(super) fn container(
    name: &str,
    container: &Container,
    mounts: &[Value],
    at: &Pointer,
    problems: &mut Problems,
) -> Value {
    if let Some(problem) = image::problem(&container.image) {
        let image = match container.image.as_str() {
            "" => "the image".to_owned(),
            image => format!("image `{image}`"),
        };
        problems.add(at.key("image"), format!("{image} of container `{name}` {problem}"));
    }
    let env = env(container, at, problems);
    let mut probe = |probe: &Option<Probe>, key: &str| {
        let is_readiness = key == "readinessProbe";
        probe.as_ref().map(|probe| probe::probe(probe, is_readiness, &at.key(key), problems))
    };
    let liveness_probe = probe(&container.liveness_probe, "livenessProbe");
    let readiness_probe = probe(&container.readiness_probe, "readinessProbe");
    let startup_probe = probe(&container.startup_probe, "startupProbe");
    let lifecycle = container
        .lifecycle
        .as_ref()
        .map(|hooks| probe::lifecycle(hooks, &at.key("lifecycle"), problems));
    json!({
        "name": name,
        "image": container.image,
        "command": unless_empty(&container.command),
        "args": unless_empty(&container.args),
        "workingDir": container.working_dir,
        "env": unless_empty(&env),
        "resources": resources(container, at, problems),
        "volumeMounts": unless_empty(mounts),
        "livenessProbe": liveness_probe,
        "readinessProbe": readiness_probe,
        "startupProbe": startup_probe,
        "lifecycle": lifecycle,
    })
}

fn env(container: &Container, at: &Pointer, problems: &mut Problems) -> Vec<Value> {
    let mut variables = Vec::with_capacity(container.env.len());
    for (name, value) in &container.env {
        let at = at.key("env").key(name);
        if !is_env_name(name) {
            problems.add(
                at.name(),
                "the name of a variable consists of letters, digits, `_`, `-` and `.`, and does not begin with a digit",
            );
        }
        variables.push(match secret_ref::parse(value) {
            None => kubernetes::env(name, value),
            Some(Ok(SecretRef { name: secret, key: Some(key) })) => {
                kubernetes::env_from_secret(name, secret, key)
            }
            Some(Ok(SecretRef { key: None, .. })) => {
                problems.add(at, "must be one key of a Secret: `secret://name/key`");
                Value::Null
            }
            Some(Err(message)) => {
                problems.add(at, message);
                Value::Null
            }
        });
    }
    variables
}

fn is_env_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

fn resources(container: &Container, at: &Pointer, problems: &mut Problems) -> Value {
    Resources::new().layer(&container.resources, &at.key("resources"), problems).to_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    #[test]
    fn a_mistake_is_told_of_the_image_and_at_the_name_of_a_variable() {
        let told = |written: Value| {
            let written: Container = serde_json::from_value(written).unwrap();
            let mut problems = Problems::default();
            let at = Pointer::config().key("containers").key("main");
            let _ = container("main", &written, &[], &at, &mut problems);
            match problems.finish() {
                Err(Rejection::Invalid(told)) => told
                    .into_iter()
                    .map(|problem| (problem.pointer.to_string(), problem.message))
                    .collect(),
                _ => Vec::new(),
            }
        };
        let image = "/config/containers/main/image";
        for (given, expected) in [
            ("", "the image of container `main` must not be empty"),
            ("a b", "image `a b` of container `main` is not named like `ghcr.io/acme/shop:1.4.2`"),
            ("Shop", "image `Shop` of container `main` must be written in lower case"),
        ] {
            let found = told(json!({"image": given}));
            assert_eq!(found, [(image.to_owned(), expected.to_owned())]);
        }
        let [(place, _)] = told(json!({"image": "a", "env": {"1A": "x"}})).try_into().unwrap();
        assert_eq!(place, "/config/containers/main/env/1A#");
    }

    #[test]
    fn names_of_variables_follow_the_rule_of_the_container_schema() {
        for name in ["A", "_x", "-", ".a", "a-b.c_1"] {
            assert!(is_env_name(name), "{name}");
        }
        for name in ["", "1A", "A B", "A/B", "ä"] {
            assert!(!is_env_name(name), "{name}");
        }
    }
}
