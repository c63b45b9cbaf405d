//! What the server refuses is shown where the developer wrote it.

use insta::assert_snapshot;
use serde_json::json;

use super::stage::Stage;

#[test]
fn what_the_server_finds_wrong_is_shown_at_the_developers_lines() {
    let stage = Stage::with_raw();
    stage.sandbox.write(
        "app.yaml",
        "\
workload:
  module: service
  replicas: 1
  containers:
    main:
      image: \" shop:1\"
      env:
        TOKEN: secret://No_Name/token
      resources: {gpu: \"1\"}
      livenessProbe:
        tcp: {url: \"tcp://localhost:80\"}
        successThreshold: 2
accessories:
  raw:
    ports:
    - {name: a, port: 80}
    - {name: b, port: 80}
  roles:
    module: raw
    manifests:
    - {apiVersion: v1, kind: ConfigMap, metadata: {name: No_Name, namespace: NAMESPACE}}
",
    );
    stage.sandbox.edit("app.yaml", "NAMESPACE", &stage.project);
    assert_snapshot!(stage.run(&["preview"]), @"");
}

#[test]
fn what_the_schema_does_not_know_and_what_a_policy_denies_is_shown_at_the_accessory() {
    let stage = Stage::with_raw();
    let metadata = json!({"name": "x", "namespace": stage.project});
    stage.write_raw(&[
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"prots": []}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {
            "hostNetwork": true, "containers": [{"name": "main", "image": "a"}],
        }}),
    ]);
    let level = "pod-security.kubernetes.io/enforce=baseline";
    let _ = stage.cluster.kubectl(&["label", "namespace", &stage.project, level]).expect_ok();
    assert_snapshot!(stage.run(&["preview"]), @"");
}
