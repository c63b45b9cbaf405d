//! What modules contribute: resources, patches, secrets and references, made into one Spec.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kusion::name::{AppName, ModuleName};
use kusion::runtime::KubernetesSemantics;
use kusion::spec::{
    AssembleError, AssembleInput, Assembled, Contribution, Graph, Origin, Patch, Resource,
    ResourceId, SecretSource, assemble,
};
use serde::Deserialize;
use serde_json::Value;

use super::Target;
use super::place::check_error;

pub const TARGET: Target = Target { name: "assemble", run, large, cases: 1_000 };

#[derive(Deserialize)]
struct Input {
    #[serde(default)]
    namespace: String,
    contributions: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    app: AppName,
    #[serde(default)]
    accessory: String,
    module: ModuleName,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    patches: Vec<WrittenPatch>,
    #[serde(default)]
    secrets: BTreeMap<String, WrittenSecret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum WrittenPatch {
    Env(Vec<Value>),
    Labels(BTreeMap<String, String>),
    Annotations(BTreeMap<String, String>),
    PodLabels(BTreeMap<String, String>),
    PodAnnotations(BTreeMap<String, String>),
    Json { id: ResourceId, document: Value },
    Merge { id: ResourceId, document: Value },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum WrittenSecret {
    Generated { length: u32, alphabet: String },
    External(String),
}

impl Part {
    fn contribution(self) -> Contribution {
        let patches = self.patches.into_iter().map(|patch| match patch {
            WrittenPatch::Env(variables) => Patch::Env(variables),
            WrittenPatch::Labels(map) => Patch::Labels(map),
            WrittenPatch::Annotations(map) => Patch::Annotations(map),
            WrittenPatch::PodLabels(map) => Patch::PodLabels(map),
            WrittenPatch::PodAnnotations(map) => Patch::PodAnnotations(map),
            WrittenPatch::Json { id, document } => Patch::Json { id, document },
            WrittenPatch::Merge { id, document } => Patch::Merge { id, document },
        });
        let secrets = self.secrets.into_iter().map(|(name, secret)| match secret {
            WrittenSecret::Generated { length, alphabet } => {
                (name, SecretSource::Generated { length, alphabet })
            }
            WrittenSecret::External(reference) => (name, SecretSource::External { reference }),
        });
        Contribution {
            workload: self.accessory.is_empty(),
            origin: Origin { app: self.app, accessory: self.accessory, module: self.module },
            resources: self.resources,
            patches: patches.collect(),
            secrets: secrets.collect(),
        }
    }
}

fn run(input: &[u8], _folder: &Path) {
    let Ok(Input { namespace, contributions }) = serde_json::from_slice(input) else { return };
    let contributions: Vec<_> = contributions.into_iter().map(Part::contribution).collect();
    let made = make(&contributions, &namespace);
    assert_eq!(text(&made), text(&make(&contributions, &namespace)));
    // An app has one workload, and accessories of different names; then the order means nothing.
    let origins: BTreeSet<_> =
        contributions.iter().map(|part| (&part.origin.app, &part.origin.accessory)).collect();
    if origins.len() == contributions.len() {
        let backwards: Vec<_> = contributions.iter().rev().cloned().collect();
        assert_eq!(text(&made), text(&make(&backwards, &namespace)));
    }
    match made {
        Ok(assembled) => check(&assembled, &namespace),
        Err(error) => check_error(&error),
    }
}

fn make(contributions: &[Contribution], namespace: &str) -> Result<Assembled, AssembleError> {
    assemble(contributions.to_vec(), &AssembleInput { semantics: &KubernetesSemantics, namespace })
}

fn text(made: &Result<Assembled, AssembleError>) -> String {
    format!("{made:?}")
}

fn check(assembled: &Assembled, namespace: &str) {
    let resources = &assembled.spec.resources;
    let graph = Graph::new(resources.iter().map(|(id, resource)| (id, &resource.depends_on)));
    assert_eq!(graph.cycle(), None);
    let order = graph.order();
    let place: BTreeMap<_, _> =
        order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    assert_eq!(place.len(), resources.len());
    for node in &order {
        for dependency in graph.dependencies(*node) {
            assert!(place[dependency] < place[node]);
        }
    }
    for (id, resource) in resources {
        assert_eq!(*id, resource.id);
        assert!(
            resource.depends_on.iter().all(|needed| resources.contains_key(needed)),
            "{resource:?}"
        );
        assert!(
            assembled.origins.contains_key(id) || assembled.namespace.as_ref() == Some(id),
            "{id}"
        );
    }
    // The Spec is in its final form: it is written and read back as it is.
    let written = kusion::yaml::to_string(&assembled.spec).unwrap();
    let read = kusion::yaml::parse_value(&written).unwrap();
    assert_eq!(read, kusion::yaml::canonical(serde_json::to_value(&assembled.spec).unwrap()));
    again(assembled, namespace);
}

/// Assembling a finished Spec changes nothing but what needs its secrets.
fn again(assembled: &Assembled, namespace: &str) {
    if !assembled.secrets.is_empty() {
        return;
    }
    let mut parts: BTreeMap<&Origin, Vec<Resource>> = BTreeMap::new();
    for (id, origin) in &assembled.origins {
        parts.entry(origin).or_default().push(assembled.spec.resources[id].clone());
    }
    let contributions: Vec<_> = parts
        .into_iter()
        .map(|(origin, resources)| Contribution {
            origin: origin.clone(),
            workload: origin.accessory.is_empty(),
            resources,
            patches: Vec::new(),
            secrets: BTreeMap::new(),
        })
        .collect();
    let second = make(&contributions, namespace).unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(second.spec, assembled.spec);
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let map = |n: usize, needs: Vec<String>| {
        serde_json::json!({
            "id": format!("v1:ConfigMap:shop:c{n}"), "type": "Kubernetes", "dependsOn": needs,
            "attributes": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c{n}"), "namespace": "shop"}},
        })
    };
    let input = |resources: Vec<Value>, patches: Value| {
        serde_json::json!({"namespace": "shop", "contributions": [
            {"app": "shop", "module": "service", "resources": resources},
            {"app": "shop", "module": "network", "accessory": "network", "patches": patches},
        ]})
        .to_string()
        .into_bytes()
    };
    let many = |needs: &dyn Fn(usize) -> Vec<String>| -> Vec<Value> {
        (0..3_000).map(|n| map(n, needs(n))).collect()
    };
    let plain = || many(&|_| Vec::new());
    let unknown = many(&|n| vec![format!("v1:ConfigMap:shop:x{n}")]);
    let ring = many(&|n| vec![format!("v1:ConfigMap:shop:c{}", (n + 1) % 3_000)]);
    let merge = |n: usize| serde_json::json!({"merge": {"id": format!("v1:ConfigMap:shop:c{n}"), "document": {"data": {"a": "b"}}}});
    let lost = |n: usize| serde_json::json!({"merge": {"id": format!("v1:ConfigMap:shop:lost{n}"), "document": {}}});
    let operations: Vec<Value> = (0..999)
        .map(|n| serde_json::json!({"op": "add", "path": format!("/data/k{n}"), "value": "v"}))
        .collect();
    let operations: Vec<Value> = [serde_json::json!({"op": "add", "path": "/data", "value": {}})]
        .into_iter()
        .chain(operations)
        .collect();
    let copies: Vec<Value> = (0..1000)
        .map(|n| serde_json::json!({"op": "copy", "from": "", "path": format!("/k{n}")}))
        .collect();
    let members: serde_json::Map<String, Value> =
        (0..20_000).map(|n| (format!("k{n}"), "v".into())).collect();
    let reference = |n: usize| {
        let mut resource = map(n, Vec::new());
        resource["attributes"]["data"] =
            serde_json::json!({"a": format!("$kusion_path.{}", "x.".repeat(2_000))});
        resource
    };
    let secret = |n: usize| {
        serde_json::json!({
            "id": format!("v1:Secret:shop:s{n}"), "type": "Kubernetes",
            "attributes": {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("s{n}"), "namespace": "shop"}, "stringData": {"a": "x", "A_": "y"}},
        })
    };
    let same: serde_json::Map<String, Value> =
        (0..4_000).map(|n| (".".repeat(n % 60) + &"_".repeat(60 - n % 60), "v".into())).collect();
    let keys: serde_json::Map<String, Value> = (0..4_000)
        .map(|n| (format!("{n:012b}").replace('0', ".").replace('1', "_"), "v".into()))
        .collect();
    let mut colliding = secret(0);
    colliding["attributes"]["stringData"] = keys.into();
    let mut colliding_more = secret(1);
    colliding_more["attributes"]["stringData"] = same.into();
    let data = serde_json::json!([{"merge": {"id": "v1:ConfigMap:shop:c0", "document": {"data": members}}}]);
    vec![
        ("plain", input(plain(), serde_json::json!([]))),
        ("unknown", input(unknown, serde_json::json!([]))),
        ("ring", input(ring, serde_json::json!([]))),
        ("merges", input(plain(), (0..3_000).map(merge).collect())),
        ("lost", input(plain(), (0..3_000).map(lost).collect())),
        ("members", input(plain(), data)),
        (
            "operations",
            input(
                plain(),
                serde_json::json!([{"json": {"id": "v1:ConfigMap:shop:c0", "document": operations}}]),
            ),
        ),
        (
            "copies",
            input(
                plain(),
                serde_json::json!([{"json": {"id": "v1:ConfigMap:shop:c0", "document": copies}}]),
            ),
        ),
        ("references", input((0..300).map(reference).collect(), serde_json::json!([]))),
        ("secrets", input((0..3_000).map(secret).collect(), serde_json::json!([]))),
        ("colliding", input(vec![colliding, colliding_more], serde_json::json!([]))),
    ]
}
