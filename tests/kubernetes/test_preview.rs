//! What a preview says about a cluster.

use insta::assert_snapshot;
use kusion_cluster::User;
use serde_json::json;

use super::stage::{Stage, target};

#[test]
fn the_first_preview_names_the_cluster_and_says_what_the_server_could_not_check() {
    let stage = Stage::new();
    let preview = stage.run(&["preview"]).success();
    assert!(
        preview.stdout.contains("Target: cluster `[server]`, context `[context]`\n"),
        "{preview}"
    );
    assert!(
        preview.stdout.contains("only its schema was checked by the server: its namespace is new"),
        "{preview}"
    );
    assert!(preview.stdout.contains("Plan: 3 to create, 0 to update, 0 to delete."), "{preview}");
    assert!(stage.object("namespace", &stage.project).is_none());
}

#[test]
fn a_schema_error_shows_even_where_the_namespace_is_new() {
    let stage = Stage::raw();
    let service = |ports: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "x", "namespace": stage.project},
            "spec": {ports: [{"port": 80}]},
        })
    };
    stage.write_raw(&[service("prots")]);
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    let told = "is not valid: `spec.prots`: field not declared in schema";
    assert!(preview.stderr.contains(told), "{preview}");
    stage.write_raw(&[service("ports")]);
    stage.run(&["preview"]).success();
}

#[test]
fn who_may_not_read_is_told_so() {
    let stage = Stage::new().with_user(User::Nobody);
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(3), "{preview}");
    assert!(preview.stderr.contains("not allowed to read"), "{preview}");
}

#[test]
fn credentials_that_are_not_accepted_are_told_so() {
    let stage = Stage::new().with_user(User::Stranger);
    assert_snapshot!(stage.run(&["preview"]), @r"
    exit 3
    --- stderr
    error: cluster `[server]` does not accept the credentials of context `[context]`
    hint: log in to the cluster again; the token or certificate may have expired
    ");
}

#[test]
fn an_address_where_nobody_answers_is_told_at_once() {
    let stage = Stage::new();
    let text = fs_err::read_to_string(stage.cluster.kubeconfig()).unwrap();
    let text = text.replace(&stage.cluster.server(), "https://127.0.0.1:1");
    stage.sandbox.write("kubeconfig", &text);
    let path = stage.sandbox.path("kubeconfig");
    stage.sandbox.make_workspace("gone", &target(&path));
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: gone\n");
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(3), "{preview}");
    assert!(preview.stderr.contains("cannot reach cluster `https://127.0.0.1:1`"), "{preview}");
    assert!(preview.stderr.contains("Connection refused"), "{preview}");
}

#[test]
fn replicas_that_are_handed_over_keep_their_value_and_come_back() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let replicas = || stage.object("deployment", &workload).unwrap()["spec"]["replicas"].clone();
    // Nobody else has set them yet.
    stage.sandbox.edit("app.yaml", "  replicas: 2\n", "");
    let preview = stage.run(&["preview"]).success();
    let note = "`spec.replicas` is no longer configured; its value 2 stays";
    assert!(preview.stdout.contains(note), "{preview}");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert_eq!(replicas(), 2);
    // The autoscaler comes for them, and they are its own from now on.
    let _ = stage.kubectl(&["scale", "deployment", &workload, "--replicas=4"]);
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    stage.sandbox.edit("app.yaml", "image: shop:1", "image: shop:2");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert_eq!(replicas(), 4);
    let drift = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(0), "{drift}");

    // A tool that goes on wanting them is asked first, and what would come is shown all the same.
    let manifest = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": workload, "namespace": stage.project}, "spec": {"replicas": 6},
    });
    let arguments =
        ["apply", "--server-side", "--force-conflicts", "--field-manager=scaler", "-f", "-"];
    let kubeconfig = stage.cluster.kubeconfig();
    let _ = stage.cluster.kubectl_with(&kubeconfig, &arguments, &manifest.to_string()).expect_ok();
    stage.sandbox.edit("app.yaml", "  containers:\n", "  replicas: 3\n  containers:\n");
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    assert!(preview.stdout.contains("    spec.replicas: 6 -> 3\n"), "{preview}");
    let note = "managed by `scaler`; refused without `--force-conflicts`";
    assert!(preview.stdout.contains(note), "{preview}");
    assert!(preview.stderr.contains(" --> ../app.yaml:"), "{preview}");
}

#[test]
fn keys_of_a_secret_that_go_are_gone_and_no_value_is_shown() {
    let stage = Stage::with_raw();
    let secret = |data: serde_json::Value| {
        let metadata = json!({"name": "keys", "namespace": stage.project});
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    };
    let planted = ["planted-old", "cGxhbnRlZC1vbGQ=", "planted-new", "cGxhbnRlZC1uZXc="];
    let check = |arguments: &[&str]| {
        let output = stage.run(arguments);
        for value in planted {
            assert!(!output.to_string().contains(value), "{value} in\n{output}");
        }
        output
    };
    stage.write_raw(&[secret(json!({"stays": "planted-old", "goes": "planted-old"}))]);
    check(&["apply", "--yes", "-vv"]).success();
    stage.write_raw(&[secret(json!({"stays": "planted-new"}))]);
    let preview = check(&["preview", "-vv"]).success();
    assert!(preview.stdout.contains("data.stays: (secret, changed)"), "{preview}");
    assert!(preview.stdout.contains("data.goes: (secret, changed)"), "{preview}");
    check(&["preview", "-o", "json", "-vv"]).success();
    check(&["apply", "--yes", "-vv"]).success();
    let data = stage.object("secret", "keys").unwrap()["data"].clone();
    assert_eq!(data, json!({"stays": "cGxhbnRlZC1uZXc="}));
    let _ = stage.kubectl(&[
        "patch",
        "secret",
        "keys",
        "-p",
        "{\"data\":{\"stays\":\"cGxhbnRlZC1vbGQ=\"}}",
    ]);
    let drift = check(&["preview", "--drift-only", "-vv"]).success();
    assert!(
        drift.stdout.contains("data.stays: (secret, changed) (set by `kubectl-patch` at"),
        "{drift}"
    );
    check(&["preview", "--drift-only", "-o", "json"]).success();
    stage.write_raw(&[secret(json!({"not a key": "planted-new"}))]);
    let refused = check(&["preview", "-vv"]);
    assert_eq!(refused.code, Some(1), "{refused}");
}
