//! One container, as a developer writes it and as Kubernetes wants it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::FileSpec;
use super::image;
use super::probe::{self, Decides, Lifecycle, Probe};
use super::secret_ref::{self, SecretRef};
use crate::kubernetes::{self, unless_empty};
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::syntax;

/// A container.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{"image": "ghcr.io/acme/shop:1.4.2", "resources": {"cpu": "250m-", "memory": "256Mi"}}]))]
pub struct Container {
    /// The image, for example `ghcr.io/acme/shop:1.4.2`.
    #[schemars(extend("examples" = ["ghcr.io/acme/shop:1.4.2"]))]
    pub image: String,
    /// The program, instead of the image's entry point.
    #[serde(default)]
    pub command: Vec<String>,
    /// The program's arguments, instead of the image's.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables. A value may refer to another variable (`$(OTHER)`) or be one key of a
    /// Secret (`secret://name/key`). The name `secret://name` with an empty value stands for all keys of a Secret.
    #[serde(default)]
    #[schemars(extend("examples" = [{"LOG_LEVEL": "info", "TOKEN": "secret://web-token/token", "secret://mail": ""}]))]
    pub env: BTreeMap<String, String>,
    /// The folder in which the program starts.
    pub working_dir: Option<String>,
    /// Limits (`cpu: 500m`), requests and limits (`cpu: 250m-500m`), or requests (`cpu: 250m-`), of `cpu`, `memory` and
    /// others; the platform's for what is not named.
    #[serde(default)]
    #[schemars(extend("examples" = [{"cpu": "250m-500m", "memory": "256Mi"}]))]
    pub resources: BTreeMap<String, String>,
    /// Files, by their path in the container.
    #[serde(default)]
    #[schemars(extend("examples" = [{"/etc/shop/shop.toml": {"content": "colour = 'blue'"}}]))]
    pub files: BTreeMap<String, FileSpec>,
    /// Folders with all keys of a Secret (`secret://name`), by their path in the container.
    #[serde(default)]
    #[schemars(extend("examples" = [{"/etc/tls": "secret://web-tls"}]))]
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
    if let Some(problem) = image::image_problem(&container.image) {
        let image = match container.image.as_str() {
            "" => "the image".to_owned(),
            image => format!("image `{image}`"),
        };
        problems.add(at.key("image"), format!("{image} of container `{name}` {problem}"));
    }
    let (env, env_from) = env(container, at, problems);
    let mut probe = |probe: &Option<Probe>, decides: Decides, key: &str| {
        probe.as_ref().map(|probe| probe::probe(probe, decides, &at.key(key), problems))
    };
    let liveness_probe = probe(&container.liveness_probe, Decides::Life, "livenessProbe");
    let readiness_probe = probe(&container.readiness_probe, Decides::Readiness, "readinessProbe");
    let startup_probe = probe(&container.startup_probe, Decides::Life, "startupProbe");
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
        "envFrom": unless_empty(&env_from),
        "volumeMounts": unless_empty(mounts),
        "livenessProbe": liveness_probe,
        "readinessProbe": readiness_probe,
        "startupProbe": startup_probe,
        "lifecycle": lifecycle,
    })
}

/// The variables one by one, and the Secrets all of whose keys are variables.
fn env(container: &Container, at: &Pointer, problems: &mut Problems) -> (Vec<Value>, Vec<Value>) {
    let (mut variables, mut sources) = (Vec::new(), Vec::new());
    for (name, value) in &container.env {
        let at = at.key("env").key(name);
        if let Some(secret) = secret_ref::parse(name) {
            match (secret, value.as_str()) {
                (Ok(SecretRef { name, key: None }), "") => {
                    sources.push(json!({"secretRef": {"name": name}}));
                }
                (Ok(SecretRef { key: None, .. }), _) => {
                    problems.add(at, "must be empty: every key of the Secret is a variable");
                }
                (Ok(_), _) => problems.add(
                    at.name(),
                    "must be a whole Secret; one key of it is a value: `NAME: secret://name/key`",
                ),
                (Err(message), _) => problems.add(at.name(), message),
            }
            continue;
        }
        if !syntax::is_env_name(name) {
            problems.add(
                at.name(),
                "the name of a variable consists of letters, digits, `_`, `-` and `.`, and does not begin with a digit or `..`",
            );
        }
        match secret_ref::parse(value) {
            None => variables.push(kubernetes::env(name, value)),
            Some(Ok(SecretRef { name: secret, key: Some(key) })) => {
                variables.push(kubernetes::env_from_secret(name, secret, key));
            }
            Some(Ok(SecretRef { key: None, .. })) => problems.add(
                at,
                "must be one key of a Secret: `secret://name/key`; all keys are `\"secret://name\": \"\"`",
            ),
            Some(Err(message)) => problems.add(at, message),
        }
    }
    (variables, sources)
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
        for (env, expected) in [
            (json!({"1A": "x"}), "1A#"),
            (json!({"A": "secret://db"}), "A"),
            (json!({"secret://db": "x"}), "secret:~1~1db"),
            (json!({"secret://db/key": ""}), "secret:~1~1db~1key#"),
            (json!({"secret://DB": ""}), "secret:~1~1DB#"),
        ] {
            let [(place, _)] = told(json!({"image": "a", "env": env})).try_into().unwrap();
            assert_eq!(place, format!("/config/containers/main/env/{expected}"));
        }
    }
}
