//! Whole answers of the `k8s_manifest` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Need, Output, Rejection};
use serde_json::{Value, json};

use crate::K8sManifest;

fn call(config: Value) -> Call<K8sManifest> {
    Call::new(config).accessory("manifests")
}

/// A call for one file with its answer.
fn file(path: &str, text: &str) -> Call<K8sManifest> {
    call(json!({"paths": [path]})).input("file", json!({"path": path}), json!({"content": text}))
}

fn output(call: Call<K8sManifest>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn ids(call: Call<K8sManifest>) -> Vec<String> {
    let output = output(call);
    assert!(output.needs.is_empty(), "{:?}", output.needs);
    output.resources.into_iter().map(|resource| resource.id).collect()
}

fn problems(call: Call<K8sManifest>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

fn told(text: &str) -> String {
    let problems = problems(file("a.yaml", text));
    let [(pointer, message)] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!(pointer, "/config/paths/0");
    message.clone()
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

#[test]
fn files_and_folders_are_asked_for_once() {
    let config = json!({"paths": ["./a.yaml", "more", "a.yaml"]});
    let output = output(call(config).platform(json!({"paths": ["base.json", "more/"]})));
    assert_eq!(output.needs, [Need::file("base.json"), Need::folder("more"), Need::file("a.yaml")]);
    assert!(output.resources.is_empty());
}

/// Upstream writes into a map that it never made, recovers from the panic, and answers with nothing.
#[test]
fn every_document_of_every_file_becomes_a_resource() {
    let text = format!("{}---\n# nothing\n---\n{}", config_map("one"), config_map("two"));
    let output = output(file("a.yaml", &text));
    assert_eq!(
        json!(output.resources),
        json!([
            {
                "id": "v1:ConfigMap:shop:one",
                "type": "Kubernetes",
                "attributes": {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "one", "namespace": "shop"},
                },
                "dependsOn": [],
                "extensions": {"GVK": "/v1, Kind=ConfigMap"},
            },
            {
                "id": "v1:ConfigMap:shop:two",
                "type": "Kubernetes",
                "attributes": {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "two", "namespace": "shop"},
                },
                "dependsOn": [],
                "extensions": {"GVK": "/v1, Kind=ConfigMap"},
            },
        ])
    );
}

#[test]
fn a_folder_gives_its_manifests_and_those_of_its_folders() {
    let folder = |path: &str| json!({"path": path});
    let other = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"{}\"}}}}",
        "two"
    );
    let first = json!({
        "files": {"b.YAML": config_map("one"), "c.json": other, "notes.txt": "{", "README.md": "["},
        "folders": ["deeper"],
    });
    let call = call(json!({"paths": ["m"]})).input("folder", folder("m"), first);
    assert_eq!(output(call.clone()).needs, [Need::folder("m/deeper")]);
    let second = json!({"files": {"d.yml": config_map("three")}});
    let call = call.input("folder", folder("m/deeper"), second);
    assert_eq!(
        ids(call),
        ["v1:ConfigMap:shop:one", "v1:ConfigMap:shop:three", "v1:ConfigMap:shop:two"]
    );
}

/// Upstream's ids lack the namespace, so that one of the two is lost.
#[test]
fn objects_of_one_name_in_two_namespaces_are_two() {
    let in_other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: other}\n";
    let text = format!("{}---\n{in_other}", config_map("one"));
    assert_eq!(ids(file("a.yaml", &text)), ["v1:ConfigMap:other:one", "v1:ConfigMap:shop:one"]);
}

#[test]
fn only_what_lies_in_a_namespace_gets_one() {
    let object = |api_version: &str, kind: &str, more: &str| {
        format!("---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x{more}}}\n")
    };
    let definition = "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: wides.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Wide}}\n";
    let text = [
        object("v1", "Namespace", ""),
        object("rbac.authorization.k8s.io/v1", "ClusterRole", ", namespace: written"),
        object("example.com/v1", "Wide", ""),
        object("example.com/v1", "Narrow", ", namespace: ''"),
        object("cert-manager.io/v1", "ClusterIssuer", ""),
        object("external-secrets.io/v1", "ClusterSecretStore", ""),
        definition.to_owned(),
    ]
    .concat();
    let config = json!({"paths": ["a.yaml"], "clusterScoped": ["ClusterIssuer.cert-manager.io"]});
    let platform = json!({"clusterScoped": ["ClusterSecretStore.external-secrets.io"]});
    let call = call(config).platform(platform).input(
        "file",
        json!({"path": "a.yaml"}),
        json!({"content": text}),
    );
    assert_eq!(
        ids(call),
        [
            "apiextensions.k8s.io/v1:CustomResourceDefinition:wides.example.com",
            "cert-manager.io/v1:ClusterIssuer:x",
            "example.com/v1:Narrow:shop:x",
            "example.com/v1:Wide:x",
            "external-secrets.io/v1:ClusterSecretStore:x",
            "rbac.authorization.k8s.io/v1:ClusterRole:x",
            "v1:Namespace:x",
        ]
    );
}

#[test]
fn a_list_of_objects_stands_for_its_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}}\n- apiVersion: v1\n  kind: ConfigMapList\n  items: [{metadata: {name: b}}]\n---\napiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: c}\n";
    assert_eq!(
        ids(file("a.yaml", text)),
        ["example.com/v1:AllowList:shop:c", "v1:ConfigMap:shop:b", "v1:Secret:shop:a"]
    );
}

/// A mode of `0644` that becomes 644 locks everybody out of a file.
#[test]
fn numbers_mean_what_they_mean_to_kubectl() {
    let text = format!("{}data: {{mode: 0644, port: \"0080\"}}\n", config_map("one"));
    let output = output(file("a.yaml", &text));
    assert_eq!(output.resources[0].attributes["data"], json!({"mode": 420, "port": "0080"}));
}

#[test]
fn a_json_file_can_hold_several_documents() {
    let document =
        |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let text = format!("{}\n{}", document("a"), document("b"));
    assert_eq!(ids(file("a.json", &text)), ["v1:ConfigMap:shop:a", "v1:ConfigMap:shop:b"]);
    let problems = problems(file("a.json", "{\n\"a\": nope}"));
    assert!(problems[0].1.starts_with("`a.json`, line 2: this is not JSON"), "{problems:?}");
}

#[test]
fn an_object_that_cannot_be_applied_is_told_with_file_and_line() {
    for (text, message) in [
        ("- a", "`a.yaml`, line 1: this is no object"),
        ("\na: 1", "`a.yaml`, line 2: an object lacks `apiVersion`"),
        ("apiVersion: 1", "`a.yaml`, line 1: no object can have this `apiVersion`"),
        ("apiVersion: v1", "`a.yaml`, line 1: an object lacks `kind`"),
        ("{apiVersion: v1, kind: A B}", "`a.yaml`, line 1: no object can have this `kind`"),
        ("{apiVersion: v1, kind: A}", "`a.yaml`, line 1: an object lacks `metadata`"),
        (
            "{apiVersion: v1, kind: A, metadata: {}}",
            "`a.yaml`, line 1: an object lacks `metadata.name`",
        ),
        (
            "{apiVersion: v1, kind: A, metadata: {name: 1}}",
            "`a.yaml`, line 1: no object can have this `metadata.name`",
        ),
        (
            "{apiVersion: v1, kind: A, metadata: {generateName: a-}}",
            "`a.yaml`, line 1: needs `metadata.name`: with `generateName` there would be another object after each apply",
        ),
        (
            "{apiVersion: v1, kind: A, metadata: {name: a, namespace: B}}",
            "`a.yaml`, line 1: no namespace can have the name in `metadata.namespace`",
        ),
        ("{apiVersion: v1, kind: List, items: [1]}", "`a.yaml`, line 1, item 1: this is no object"),
        ("a: [", "`a.yaml`, line 1: this is not YAML"),
        ("# nothing", "`a.yaml` holds no object"),
    ] {
        let found = told(text);
        assert!(found.starts_with(message), "{text}: {found}");
    }
    let twice = format!("{}---\n{}", config_map("a"), config_map("a"));
    assert_eq!(told(&twice), "`a.yaml`, line 5: `v1:ConfigMap:shop:a` is in `a.yaml`, line 1 too");
}

#[test]
fn no_message_shows_a_value_of_a_secret() {
    for text in [
        "stringData: {password: hunter2, password: hunter2}",
        "stringData: {password: !x hunter2}",
        "stringData: {password: 'hunter2}",
        "hunter2",
        "data: {hunter2: *hunter2}",
    ] {
        let found = told(text);
        assert!(!found.contains("hunter2"), "{text}: {found}");
    }
}

#[test]
fn paths_that_lead_elsewhere_or_nowhere_are_told() {
    let message = "must be a path below the stack's folder, without `..` and not from the root";
    let call1 = call(json!({"paths": ["/etc/a.yaml", "../b.yaml"]}))
        .platform(json!({"paths": [""], "clusterScoped": ["x"]}));
    let found: Vec<_> = problems(call1);
    assert_eq!(
        found,
        [
            (
                "/platform/clusterScoped/0",
                "must be a kind and its group, as in `ClusterIssuer.cert-manager.io`"
            ),
            ("/platform/paths/0", message),
            ("/config/paths/0", message),
            ("/config/paths/1", message),
        ]
        .map(|(pointer, message)| (pointer.to_owned(), message.to_owned()))
    );
    let none = "needs `paths`: neither the developer nor the platform says any";
    assert_eq!(problems(call(json!({}))), [("/config".to_owned(), none.to_owned())]);
    let empty = "there is no file in this folder that ends in `.yaml`, `.yml` or `.json`";
    let call = call(json!({"paths": ["m"]})).input(
        "folder",
        json!({"path": "m"}),
        json!({"files": {"notes.txt": ""}}),
    );
    assert_eq!(problems(call), [("/config/paths/0".to_owned(), empty.to_owned())]);
}
