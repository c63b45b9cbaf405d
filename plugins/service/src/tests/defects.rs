//! What upstream's module does wrong, and this one does not.

use kusion_sdk::Scope;
use serde_json::json;

use super::{main_container, output, pod_spec};

/// Upstream reads it as a decimal number, which are the permissions `1204`.
#[test]
fn the_file_mode_644_is_octal_and_not_decimal() {
    let output = output(main_container(json!({
        "image": "web:1",
        "files": {"/a": {"content": "x", "mode": "644"}},
    })));
    assert_eq!(pod_spec(&output)["volumes"][0]["configMap"]["defaultMode"], 0o644);
}

/// Upstream loses the workload where a ConfigMap comes with it, and all patches with that.
#[test]
fn files_with_a_text_leave_the_deployment_marked_as_the_workload() {
    let output = output(main_container(json!({
        "image": "web:1",
        "files": {"/a": {"content": "x"}},
    })));
    let marks: Vec<_> =
        output.resources.iter().map(|it| it.extensions.get("kusion.io/is-workload")).collect();
    assert_eq!(marks, [None, Some(&json!(true))]);
}

/// Upstream documents it and does nothing.
#[test]
fn all_keys_of_a_secret_become_variables() {
    let output = output(main_container(json!({
        "image": "web:1",
        "env": {"A": "b", "secret://db": "", "secret://cache": ""},
    })));
    let container = &pod_spec(&output)["containers"][0];
    assert_eq!(container["env"], json!([{"name": "A", "value": "b"}]));
    assert_eq!(
        container["envFrom"],
        json!([{"secretRef": {"name": "cache"}}, {"secretRef": {"name": "db"}}])
    );
}

/// Upstream gives variables in an order that changes from run to run.
#[test]
fn variables_are_sorted_by_name() {
    let output =
        output(main_container(json!({"image": "web:1", "env": {"C": "", "A": "", "B": ""}})));
    let names = pod_spec(&output)["containers"][0]["env"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = names.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["A", "B", "C"]);
}

/// Upstream writes the project's name, whatever the namespace is.
#[test]
fn the_namespace_is_the_requests_and_not_the_projects_name() {
    let scope = Scope {
        project: "shop".to_owned(),
        stack: "dev".to_owned(),
        workspace: "dev".to_owned(),
        app: "web".to_owned(),
        namespace: "other".to_owned(),
    };
    let call = main_container(json!({"image": "web:1", "files": {"/a": {"content": "x"}}}));
    let output = output(call.scope(scope));
    for resource in &output.resources {
        assert_eq!(resource.attributes["metadata"]["namespace"], "other");
    }
}
