//! Every patch reaches every kind of workload.

use super::*;

/// What runs pods, and where its pod template is.
const KINDS: [(&str, &str, &str); 6] = [
    ("apps/v1", "Deployment", "/spec/template"),
    ("apps/v1", "StatefulSet", "/spec/template"),
    ("apps/v1", "DaemonSet", "/spec/template"),
    ("batch/v1", "Job", "/spec/template"),
    ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template"),
    ("apps.kusionstack.io/v1alpha1", "CollaSet", "/spec/template"),
];

fn running(api_version: &str, kind: &str, template: &str) -> Resource {
    let pod = json!({"spec": {"containers": [
        {"name": "main", "image": "i", "env": [{"name": "OWN", "value": "1"}, {"name": "A", "value": "own"}]},
    ]}});
    let rest = template.rsplit('/').filter(|key| !key.is_empty());
    let rest = rest.fold(pod, |inner, key| json!({ (key): inner }));
    object(api_version, kind, "web", rest)
}

#[test]
fn every_patch_reaches_every_kind_that_runs_pods() {
    for (api_version, kind, template) in KINDS {
        let id = id(&format!("{api_version}:{kind}:shop:web"));
        let of_pods = |path: &str| format!("{template}{path}");
        let patches = vec![
            Patch::Env(vec![
                json!({"name": "A", "value": "theirs"}),
                json!({"name": "Z", "value": "$(A)"}),
            ]),
            Patch::Labels(texts(&[("tier", "front")])),
            Patch::Annotations(texts(&[("note", "x")])),
            Patch::PodLabels(texts(&[("pod", "yes")])),
            Patch::PodAnnotations(texts(&[("scrape", "true")])),
            Patch::Volumes {
                volumes: vec![json!({"name": "data", "emptyDir": {}})],
                mounts: vec![json!({"name": "data", "mountPath": "/data"})],
            },
            Patch::Json {
                id: id.clone(),
                document: json!([
                    {"op": "add", "path": of_pods("/spec/terminationGracePeriodSeconds"), "value": 60},
                ]),
            },
            Patch::Merge {
                id: id.clone(),
                document: json!({"metadata": {"finalizers": ["acme.io/keep"]}}),
            },
        ];
        let contributions = vec![
            workload("shop", vec![running(api_version, kind, template)]),
            accessory("shop", "db", patches),
        ];
        let assembled = run(contributions).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let made = &assembled.spec.resources[&id].attributes;
        let at = |pointer: &str| made.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/metadata/labels/tier"), "front", "{kind}");
        assert_eq!(at("/metadata/annotations/note"), "x", "{kind}");
        assert_eq!(at("/metadata/finalizers"), json!(["acme.io/keep"]), "{kind}");
        assert_eq!(at(&of_pods("/metadata/labels/pod")), "yes", "{kind}");
        assert_eq!(at(&of_pods("/metadata/annotations/scrape")), "true", "{kind}");
        assert_eq!(at(&of_pods("/spec/terminationGracePeriodSeconds")), 60, "{kind}");
        assert_eq!(at(&of_pods("/spec/volumes/0/name")), "data", "{kind}");
        let container = at(&of_pods("/spec/containers/0"));
        assert_eq!(container["volumeMounts"][0]["mountPath"], "/data", "{kind}");
        // As upstream: patches come first, so that the developer can refer to them; what the developer wrote wins.
        let env: Vec<_> = container["env"].as_array().unwrap().iter().map(pair).collect();
        assert_eq!(env, ["A=own", "Z=$(A)", "OWN=1"], "{kind}");
    }
}

fn pair(variable: &Value) -> String {
    let text = |key: &str| variable[key].as_str().unwrap_or_default().to_owned();
    format!("{}={}", text("name"), text("value"))
}

#[test]
fn a_patch_without_a_target_names_module_and_id() {
    let document = json!({"spec": {"paused": true}});
    let target = id("apps/v1:StatefulSet:shop:nowhere");
    let by_id = accessory("shop", "db", vec![Patch::Merge { id: target, document }]);
    let of_none = accessory("batch", "db", vec![Patch::PodLabels(texts(&[("a", "b")]))]);
    for (contribution, expected) in [
        (by_id, ["module `db`", "`apps/v1:StatefulSet:shop:nowhere`"]),
        (of_none, ["module `db`", "the workload of app `batch`"]),
    ] {
        let told = messages(vec![contribution]).join("\n");
        assert!(expected.iter().all(|part| told.contains(part)), "{told}");
    }
}
