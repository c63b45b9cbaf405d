//! What the cases of the catalog's modules expect is what Kubernetes takes, to the last field.

use fs_err as fs;
use kusion_cluster::Cluster;
use kusion_tests::repository;
use serde_json::{Value, json};

/// Groups that a cluster knows only with the definitions of somebody else.
const FOREIGN: [&str; 4] = [
    "monitoring.coreos.com/",
    "apps.kusionstack.io/",
    "gateway.networking.k8s.io/",
    "cert-manager.io/",
];

/// Lists the objects of Kubernetes itself that the cases of a module expect, each with the name of its case.
fn objects(module: &str, namespace: &str) -> Vec<(String, Value)> {
    let mut objects = Vec::new();
    let cases = repository().join("plugins").join(module).join("tests/golden");
    for case in fs::read_dir(cases).unwrap() {
        let case = case.unwrap();
        let Ok(text) = fs::read_to_string(case.path().join("expected.yaml")) else { continue };
        let answers: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
        let name = format!("{module}/{}", case.file_name().to_string_lossy());
        for resource in answers.iter().filter_map(|answer| answer["resources"].as_array()).flatten()
        {
            let mut object = resource["attributes"].clone();
            let group = object["apiVersion"].as_str().unwrap_or_default().to_owned();
            if resource["type"] != "Kubernetes" || FOREIGN.iter().any(|it| group.starts_with(it)) {
                continue;
            }
            if object["metadata"]["namespace"].is_string() {
                object["metadata"]["namespace"] = json!(namespace);
            }
            objects.push((name.clone(), object));
        }
    }
    objects
}

#[test]
fn every_object_of_every_case_is_taken_to_the_last_field() {
    let cluster = Cluster::shared();
    let namespace = cluster.make_namespace();
    let mut wrong = Vec::new();
    let mut count = 0;
    for module in fs::read_dir(repository().join("plugins")).unwrap() {
        let module = module.unwrap().file_name().into_string().unwrap();
        let objects = objects(&module, &namespace);
        count += objects.len();
        let apply = |objects: &[&Value]| {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            let arguments = [
                "apply",
                "--server-side",
                "--force-conflicts",
                "--dry-run=server",
                "--validate=strict",
                "--filename=-",
            ];
            cluster.kubectl_with(&cluster.kubeconfig(), &arguments, &list.to_string())
        };
        let all: Vec<&Value> = objects.iter().map(|(_, object)| object).collect();
        if all.is_empty() || apply(&all).ok {
            continue;
        }
        for (case, object) in &objects {
            let outcome = apply(&[object]);
            if !outcome.ok {
                wrong.push(format!("{case}: {}", outcome.stderr.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} objects were looked at");
}
