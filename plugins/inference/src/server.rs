//! The server: a Deployment of one pod with a volume for models, and the Service in front of it.

use std::collections::BTreeMap;

use kusion_sdk::workload::Security;
use kusion_sdk::{Module, Output, Patch, Request, Resource, kubernetes, names};
use serde_json::{Value, json};

use crate::Inference;
use crate::config::{Config, Platform};

const PORT: u16 = 11434;

/// Where the server keeps models and its key; the volume is mounted there.
const HOME: &str = "/var/lib/ollama";
const MODELS: &str = "/var/lib/ollama/models";

/// Any user will do: the image names none and all that is written lies in [`HOME`].
const USER: u32 = 1000;

/// Fetches the model if it is not there, and gives it the app's settings under a name of its own.
///
/// A model that is there is not asked for again, so that a pod can start while the registry is away.
const PREPARE: &str = r#"set -eu
ollama serve &
server=$!
until ollama list > /dev/null 2>&1; do
  kill -0 "$server"
  sleep 1
done
ollama show "$MODEL" > /dev/null 2>&1 || ollama pull "$MODEL"
printf '%s' "$MODELFILE" > /tmp/Modelfile
ollama create "$NAME" -f /tmp/Modelfile
kill "$server"
wait "$server" || true
"#;

/// Makes everything: the storage, the server and the way to it.
pub(crate) fn server(
    request: &Request<Config, Platform>,
    modelfile: &str,
    resources: &Value,
) -> Output {
    let server = Server { request, modelfile, resources };
    Output::new()
        .resource(server.claim())
        .resource(server.deployment())
        .resource(server.service())
        .patch(server.env())
}

/// The name under which the app asks for its model: that of the accessory, in a namespace of models that is ours.
pub(crate) fn model_name(request: &Request<Config, Platform>) -> String {
    format!("kusion/{}", request.accessory)
}

struct Server<'a> {
    request: &'a Request<Config, Platform>,
    modelfile: &'a str,
    resources: &'a Value,
}

impl Server<'_> {
    fn name(&self, what: &str) -> String {
        self.request.unique_name(&format!("{}-{what}", self.request.accessory))
    }

    fn service_name(&self) -> String {
        names::service_name(&self.name("ollama"))
    }

    fn object(&self, api_version: &str, kind: &str, name: &str, spec: Value) -> Resource {
        let mut labels = self.request.object_labels();
        labels.extend(self.selector());
        if kind == "Service" {
            // Whoever selects the app's Services by name (a ServiceMonitor does) does not mean its model.
            labels.remove(names::NAME_LABEL);
        }
        kubernetes::object(json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": self.request.scope.namespace,
                "labels": labels,
                "annotations": kubernetes::unless_empty(&self.request.annotations),
            },
            "spec": spec,
        }))
    }

    /// The label by which the server's pods are found.
    fn selector(&self) -> BTreeMap<String, String> {
        let name = self.request.unique_name(&self.request.accessory);
        BTreeMap::from([("accessory".to_owned(), names::label_value(&name))])
    }

    /// The labels of the server's pods: not those of the app, whose requests they would get.
    fn pod_labels(&self) -> BTreeMap<String, String> {
        let app = names::label_value(&self.request.unique_app_name());
        let mut labels = self.selector();
        labels.insert(names::ACCESSORY_OF_LABEL.to_owned(), app);
        labels
    }

    fn claim(&self) -> Resource {
        let spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": format!("{}Gi", self.request.platform.size)}},
        });
        self.object("v1", "PersistentVolumeClaim", &self.name("models"), spec)
    }

    /// Two servers must never share the volume: there is one, and the old pod goes before the new one comes.
    fn deployment(&self) -> Resource {
        let selector = self.selector();
        let spec = json!({
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": self.pod_labels()}, "spec": self.pod()},
        });
        self.object("apps/v1", "Deployment", &self.name("ollama"), spec)
    }

    fn pod(&self) -> Value {
        let image = &self.request.platform.image;
        let mounts = json!([{"name": "models", "mountPath": HOME}]);
        let prepare = json!({
            "name": "prepare",
            "image": image,
            "command": ["/bin/sh", "-c", PREPARE],
            "env": self.env_of("127.0.0.1", &[
                ("MODEL", &self.request.config.model),
                ("MODELFILE", self.modelfile),
                ("NAME", &model_name(self.request)),
            ]),
            "resources": self.resources,
            "volumeMounts": mounts,
        });
        let serve = json!({
            "name": "ollama",
            "image": image,
            "args": ["serve"],
            "env": self.env_of("0.0.0.0", &[]),
            "ports": [{"name": "http", "containerPort": PORT}],
            "readinessProbe": {"httpGet": {"path": "/api/version", "port": "http"}},
            "livenessProbe": {
                "httpGet": {"path": "/api/version", "port": "http"},
                "periodSeconds": 30,
                "timeoutSeconds": 10,
            },
            "resources": self.resources,
            "volumeMounts": mounts,
        });
        let spec = json!({
            "initContainers": [prepare],
            "containers": [serve],
            "volumes": [{
                "name": "models",
                "persistentVolumeClaim": {"claimName": self.name("models")},
            }],
        });
        Security::new(self.request.platform.pod_security).user(USER, USER).pod_spec(spec, &["/tmp"])
    }

    fn env_of(&self, host: &str, more: &[(&str, &str)]) -> Vec<Value> {
        let mut variables: Vec<Value> =
            more.iter().map(|(name, value)| kubernetes::env(name, &verbatim(value))).collect();
        variables.extend([
            kubernetes::env("HOME", HOME),
            kubernetes::env("OLLAMA_HOST", &format!("{host}:{PORT}")),
            kubernetes::env("OLLAMA_MODELS", MODELS),
        ]);
        variables
    }

    fn service(&self) -> Resource {
        let spec = json!({
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
            "selector": self.selector(),
        });
        self.object("v1", "Service", &self.service_name(), spec)
    }

    /// `INFERENCE_URL`, or `INFERENCE_URL_<ACCESSORY>` for an accessory that is not called like its module, so that an
    /// app can have two models.
    fn env(&self) -> Patch {
        let accessory = self.request.accessory.as_str();
        let suffix = match accessory {
            Inference::NAME => String::new(),
            name => format!("_{}", names::env_suffix(name)),
        };
        let url = format!("http://{}:{PORT}/v1", self.service_name());
        Patch::env([
            kubernetes::env(&format!("INFERENCE_MODEL{suffix}"), &model_name(self.request)),
            kubernetes::env(&format!("INFERENCE_URL{suffix}"), &url),
        ])
    }
}

/// Writes a value so that Kubernetes takes nothing in it for a reference to another variable.
fn verbatim(value: &str) -> String {
    value.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_finds_no_reference_in_a_text() {
        assert_eq!(verbatim("$(HOME) costs 5$$"), "$$(HOME) costs 5$$$$");
    }
}
