//! A workload for modules that patch one, while the module that would make it is not under test.

use serde_json::{Value, json};

use crate::name::{AppName, ModuleName, NameError};
use crate::spec::{Contribution, Origin, Resource, ResourceId, ResourceIdError};

/// The module that a stand-in is said to come from.
const MODULE: &str = "stand-in";

/// Why there is no stand-in: the app's name is none that Kubernetes takes.
#[derive(Debug)]
pub(super) struct NoStandIn;

impl From<NameError> for NoStandIn {
    fn from(_: NameError) -> Self {
        Self
    }
}

impl From<ResourceIdError> for NoStandIn {
    fn from(_: ResourceIdError) -> Self {
        Self
    }
}

/// Makes a Deployment with the containers of a workload as a developer writes one.
pub(super) fn workload(
    app: &AppName,
    namespace: &str,
    workload: &Value,
) -> Result<Contribution, NoStandIn> {
    let mut containers: Vec<Value> = workload
        .get("containers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, container)| {
            let mut own = json!({ "name": name, "image": container.get("image") });
            if let Some(env) = container.get("env").and_then(Value::as_object) {
                own["env"] =
                    env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            }
            own
        })
        .collect();
    if containers.is_empty() {
        containers.push(json!({ "name": "main", "image": "example.com/app" }));
    }
    let labels = json!({ "app.kubernetes.io/name": app });
    let attributes = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": app, "namespace": namespace },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": { "containers": containers } },
        },
    });
    let resource = Resource {
        id: ResourceId::parse(format!("apps/v1:Deployment:{namespace}:{app}"))?,
        kind: "Kubernetes".to_owned(),
        attributes,
        depends_on: Default::default(),
        extensions: Default::default(),
    };
    Ok(Contribution {
        origin: Origin {
            app: app.clone(),
            accessory: String::new(),
            module: ModuleName::parse(MODULE)?,
        },
        workload: true,
        resources: vec![resource],
        patches: Vec::new(),
        secrets: Default::default(),
    })
}
