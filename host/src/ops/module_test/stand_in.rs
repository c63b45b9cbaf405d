//! A workload for modules that patch one, while the module that would make it is not under test.

use serde_json::{Value, json};

use crate::name::{AppName, ModuleName};
use crate::spec::{Contribution, Origin, Resource, ResourceId};

/// The module that a stand-in is said to come from.
const MODULE: &str = "stand-in";

/// Makes a Deployment with the containers of a workload as a developer writes one; `None` if the app has a name that no
/// resource can have.
pub(super) fn workload(app: &AppName, namespace: &str, workload: &Value) -> Option<Contribution> {
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
        id: ResourceId::parse(format!("apps/v1:Deployment:{namespace}:{app}")).ok()?,
        kind: "Kubernetes".to_owned(),
        attributes,
        depends_on: Default::default(),
        extensions: Default::default(),
    };
    Some(Contribution {
        origin: Origin {
            app: app.clone(),
            accessory: String::new(),
            module: ModuleName::parse(MODULE).ok()?,
        },
        workload: true,
        resources: vec![resource],
        patches: Vec::new(),
        secrets: Default::default(),
    })
}
