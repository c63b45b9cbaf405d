//! A webhook that says nothing about dry runs makes a preview less sure, and no more than that.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kusion_cluster::Cluster;
use kusion_tests::Sandbox;
use serde_json::{Value, json};

use super::stage::Stage;

/// Asks the store behind the API server.
fn ask_store(cluster: &Cluster, what: &str, body: &Value) -> Value {
    // The path of the folder can be longer than that of a socket may be.
    let sandbox = Sandbox::new();
    sandbox.write("note", "");
    let folder = sandbox.path("run");
    std::os::unix::fs::symlink(cluster.folder(), &folder).unwrap();
    let mut socket = UnixStream::connect(folder.join("etcd:1")).unwrap();
    let body = body.to_string();
    let length = body.len();
    write!(socket, "POST /v3/kv/{what} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    let _ = socket.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// Makes a webhook configuration one with side effects, as older API versions allowed. The server refuses to be told,
/// so the store is.
fn give_side_effects(cluster: &Cluster, name: &str) {
    let key = format!("/registry/validatingwebhookconfigurations/{name}");
    let key = STANDARD.encode(key);
    let found = ask_store(cluster, "range", &json!({"key": key}));
    let stored = STANDARD.decode(found["kvs"][0]["value"].as_str().unwrap()).unwrap();
    let places: Vec<usize> =
        (0..stored.len() - 4).filter(|at| &stored[*at..at + 4] == b"None").collect();
    let mut changed = stored;
    for at in places {
        changed[at..at + 4].copy_from_slice(b"Some");
    }
    let _ = ask_store(cluster, "put", &json!({"key": key, "value": STANDARD.encode(changed)}));
}

#[test]
fn a_webhook_that_refuses_dry_runs_is_a_label_and_no_error() {
    let stage = Stage::with_raw();
    let config_map = |data: &str| {
        let metadata = json!({"name": "x", "namespace": stage.project});
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": data}})
    };
    stage.write_raw(&[config_map("one")]);
    stage.run(&["apply", "--yes"]).success();
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": stage.project},
        "webhooks": [{
            "name": "hook.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"},
            "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore",
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.project}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}],
        }],
    });
    let kubeconfig = stage.cluster.kubeconfig();
    let create = ["create", "-f", "-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &create, &webhook.to_string()).expect_ok();
    give_side_effects(stage.cluster, &stage.project);
    let namespace = ["--namespace", stage.project.as_str()];
    let dry_run = ["create", "configmap", "probe", "--dry-run=server"];
    stage.cluster.until("the webhook refuses dry runs", || {
        let outcome = stage.cluster.kubectl(&[&dry_run[..], &namespace[..]].concat());
        outcome.stderr.contains("does not support dry run")
    });

    stage.write_raw(&[config_map("two")]);
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("    data.a: one -> two\n"), "{preview}");
    let label = "not checked by the server: admission webhook \"hook.example.com\" does not support dry run";
    assert!(preview.stdout.contains(label), "{preview}");
    stage.run(&["apply", "--yes"]).success();
    assert_eq!(stage.object("configmap", "x").unwrap()["data"]["a"], "two");
    let _ = stage.cluster.kubectl(&["delete", "validatingwebhookconfiguration", &stage.project]);
}
