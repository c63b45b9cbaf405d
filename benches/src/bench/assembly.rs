//! From what modules gave to a plan, for many resources: it must be fast, and grow with the resources only.

use std::collections::BTreeMap;

use kusion::name::{AppName, ModuleName};
use kusion::plan::Plan;
use kusion::runtime::KubernetesSemantics;
use kusion::spec::{
    AssembleInput, Assembled, Contribution, Observed, Origin, Patch, Resource, ResourceId, Spec,
    State, StateEntry, assemble,
};
use kusion_benches::Failure;
use serde_json::{Map, Value, json};

use super::{Report, Times};

const NAMESPACE: &str = "bench";
/// Resources of one app: a Deployment, a Service, a ConfigMap and a Secret.
const PER_APP: usize = 4;
/// One app in so many has changed since the last apply.
const CHANGED: usize = 10;

/// Measures two sizes, the second ten times the first.
pub(crate) fn assembly(
    sizes: [usize; 2],
    rounds: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let [mut small, mut large] = <[Steps; 2]>::default();
    for _ in 0..rounds {
        small.run(sizes[0])?;
        large.run(sizes[1])?;
    }
    report.section("Assembly, order and plan, one app in ten changed");
    for (size, steps) in sizes.iter().zip([&small, &large]) {
        report.tell(
            format!("{size} resources: assembly + plan, medians"),
            format!("{:.2} + {:.2} ms", steps.assemble.median(), steps.plan.median()),
        );
    }
    report.at_most(format!("{} resources, minimum", sizes[1]), large.min(), 50.0, " ms");
    report.at_most(format!("{} resources, median", sizes[1]), large.median(), 50.0, " ms");
    let factor = f64::from(u32::try_from(sizes[1] / sizes[0])?);
    let ratio = large.min() / (factor * small.min());
    report.at_most("linear: time of the large by its share of the small", ratio, 1.5, "×");
    Ok(())
}

#[derive(Default)]
struct Steps {
    assemble: Times,
    plan: Times,
}

impl Steps {
    fn run(&mut self, resources: usize) -> Result<(), Failure> {
        let input = AssembleInput { semantics: &KubernetesSemantics, namespace: NAMESPACE };
        let before = assemble(contributions(resources, false)?, &input)?;
        let (state, observed) = (state(&before), observed(&before.spec));
        let contributions = contributions(resources, true)?;
        let assembled = self.assemble.take(|| assemble(contributions, &input))?;
        let origins = &assembled.origins;
        let plan = self.plan.take(|| Plan::between(&assembled.spec, &state, &observed, origins));
        let updated = plan.summary().update;
        if updated == 0 || updated > resources {
            return Err(format!("{updated} updates of {resources} resources").into());
        }
        Ok(())
    }

    fn min(&self) -> f64 {
        self.assemble.min() + self.plan.min()
    }

    fn median(&self) -> f64 {
        self.assemble.median() + self.plan.median()
    }
}

fn state(assembled: &Assembled) -> State {
    let entry = |resource: &Resource| StateEntry {
        resource: resource.clone(),
        origin: assembled.origins.get(&resource.id).cloned(),
        adopted: false,
        uncertain: false,
        private: Value::Null,
    };
    let resources = assembled.spec.resources.iter();
    State { resources: resources.map(|(id, resource)| (id.clone(), entry(resource))).collect() }
}

fn observed(spec: &Spec) -> BTreeMap<ResourceId, Observed> {
    let live = |resource: &Resource| Observed {
        live: Some(resource.attributes.clone()),
        ..Observed::default()
    };
    spec.resources.iter().map(|(id, resource)| (id.clone(), live(resource))).collect()
}

fn contributions(resources: usize, changed: bool) -> Result<Vec<Contribution>, Failure> {
    let mut contributions = Vec::new();
    for app in 0..resources / PER_APP {
        let version = if changed && app % CHANGED == 0 { 2 } else { 1 };
        let name = format!("app-{app:05}");
        let origin = |accessory: &str, module: &str| -> Result<Origin, Failure> {
            Ok(Origin {
                app: AppName::parse(name.as_str())?,
                accessory: accessory.to_owned(),
                module: ModuleName::parse(module)?,
            })
        };
        contributions.push(Contribution {
            origin: origin("", "service")?,
            workload: true,
            resources: vec![deployment(&name, version)?, service(&name)?],
            patches: Vec::new(),
            secrets: BTreeMap::new(),
        });
        let env = json!([
            {"name": "DB_HOST", "value": format!("{name}-db")},
            {"name": "DB_PORT", "value": "3306"},
        ]);
        let label = BTreeMap::from([("monitored".to_owned(), "true".to_owned())]);
        contributions.push(Contribution {
            origin: origin("db", "mysql")?,
            workload: false,
            resources: vec![config_map(&name)?, secret(&name)?],
            patches: vec![
                Patch::Env(env.as_array().cloned().unwrap_or_default()),
                Patch::PodLabels(label),
            ],
            secrets: BTreeMap::new(),
        });
    }
    Ok(contributions)
}

fn deployment(name: &str, version: u32) -> Result<Resource, Failure> {
    let labels = json!({"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "bench"});
    object(
        "apps/v1",
        "Deployment",
        name,
        json!({"spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": "main",
                    "image": format!("ghcr.io/acme/{name}:1.0.{version}"),
                    "env": [{"name": "URL", "value": "mysql://$(DB_HOST):$(DB_PORT)"}],
                    "envFrom": [{"configMapRef": {"name": name}}, {"secretRef": {"name": name}}],
                    "ports": [{"containerPort": 8080}],
                    "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5},
                }]},
            },
        }}),
    )
}

fn service(name: &str) -> Result<Resource, Failure> {
    let selector = json!({"app.kubernetes.io/name": name});
    let ports = json!([{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]);
    object("v1", "Service", name, json!({"spec": {"selector": selector, "ports": ports}}))
}

fn config_map(name: &str) -> Result<Resource, Failure> {
    let data: Map<String, Value> =
        (0..8).map(|n| (format!("KEY_{n}"), format!("value {n} of {name}").into())).collect();
    object("v1", "ConfigMap", name, json!({"data": data}))
}

fn secret(name: &str) -> Result<Resource, Failure> {
    object("v1", "Secret", name, json!({"type": "Opaque", "stringData": {"password": "x"}}))
}

fn object(version: &str, kind: &str, name: &str, rest: Value) -> Result<Resource, Failure> {
    let mut attributes = json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": name}},
    });
    if let (Some(attributes), Value::Object(rest)) = (attributes.as_object_mut(), rest) {
        attributes.extend(rest);
    }
    let group = version.to_owned();
    Ok(Resource {
        id: ResourceId::parse(format!("{group}:{kind}:{NAMESPACE}:{name}"))?,
        kind: "Kubernetes".to_owned(),
        attributes,
        depends_on: std::collections::BTreeSet::new(),
        extensions: Map::new(),
    })
}
