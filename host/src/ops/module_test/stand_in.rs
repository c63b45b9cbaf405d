//! A workload for modules that patch one, while the module that would make it is not under test.

use serde::Serialize;
use serde_json::{Value, json};

use crate::name::{AppName, ModuleName};
use crate::spec::{Contribution, Origin, Resource, ResourceId};

/// The module that a stand-in is said to come from.
const MODULE: &str = "stand-in";
/// The longest name of a CronJob, in characters.
const MAX_NAME: usize = 52;

/// What runs the pods of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) enum Runner {
    #[default]
    Deployment,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    CollaSet,
}

impl Runner {
    pub(super) const ALL: [Self; 6] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::CollaSet,
    ];

    fn api_version(self) -> &'static str {
        match self {
            Self::Deployment | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
            Self::CollaSet => "apps.kusionstack.io/v1alpha1",
        }
    }

    /// Returns what it says of pods with these labels.
    fn spec(self, app: &AppName, labels: &Value, mut pod: Value, replicas: &Value) -> Value {
        let is_job = matches!(self, Self::Job | Self::CronJob);
        if is_job {
            pod["restartPolicy"] = json!("Never");
        }
        let template = json!({ "metadata": { "labels": labels }, "spec": pod });
        let mut spec = match self {
            Self::CronJob => json!({
                "schedule": "0 0 * * *",
                "jobTemplate": { "spec": { "template": template } },
            }),
            Self::Job => json!({ "template": template }),
            _ => json!({ "selector": { "matchLabels": labels }, "template": template }),
        };
        if self == Self::StatefulSet {
            spec["serviceName"] = json!(app);
        }
        if !is_job && self != Self::DaemonSet && !replicas.is_null() {
            spec["replicas"] = replicas.clone();
        }
        spec
    }
}

/// Makes what runs the containers of a workload as a developer writes one; `None` if the app has a name that no resource
/// can have.
pub(super) fn workload(
    app: &AppName,
    namespace: &str,
    workload: &Value,
    runner: Runner,
) -> Option<Contribution> {
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
    let name: String = app.as_str().chars().take(MAX_NAME).collect();
    let name = name.trim_end_matches('-');
    let replicas = workload.get("replicas").unwrap_or(&Value::Null);
    let attributes = json!({
        "apiVersion": runner.api_version(),
        "kind": runner,
        "metadata": { "name": name, "namespace": namespace },
        "spec": runner.spec(app, &labels, json!({ "containers": containers }), replicas),
    });
    let api_version = runner.api_version();
    let resource = Resource {
        id: ResourceId::parse(format!("{api_version}:{runner:?}:{namespace}:{name}")).ok()?,
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
