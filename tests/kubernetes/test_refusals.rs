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
      image: shop:1
accessories:
  raw:
    containers:
      side:
        image: \"\"
        env: {\"A=B\": \"1\"}
    ports:
    - {name: a, port: 80}
    - {name: b_c, port: 81}
  roles:
    module: raw
    manifests:
    - {apiVersion: v1, kind: ConfigMap, metadata: {name: No_Name, namespace: NAMESPACE}}
",
    );
    stage.sandbox.edit("app.yaml", "NAMESPACE", &stage.project);
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    // The rest of the plan is shown all the same.
    assert!(preview.stdout.contains("What is refused is left out of this plan"), "{preview}");
    assert_snapshot!(preview.stderr, @r#"
    error: resource `apps/v1:Deployment:[project]:[project]` is not valid: `spec.template.spec.containers[0].image`: Required value
      --> ../app.yaml:11:16
       |
    11 |         image: ""
       |                ^^

    error: resource `apps/v1:Deployment:[project]:[project]` is not valid: `spec.template.spec.containers[0].env[0].name`: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='
      --> ../app.yaml:12:15
       |
    12 |         env: {"A=B": "1"}
       |               ^^^^^

    error: resource `v1:Service:[project]:[project]` is not valid: `spec.ports[1].name`: Invalid value: "b_c": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character
      --> ../app.yaml:15:14
       |
    15 |     - {name: b_c, port: 81}
       |              ^^^

    error: resource `v1:ConfigMap:[project]:No_Name` of accessory `roles` of app `[project]` (module `raw`) is not valid: `metadata.name`: Invalid value: "No_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character
      --> ../app.yaml:16:3
       |
    16 |   roles:
       |   ^^^^^
    "#);
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
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    // The rest of the plan is shown all the same.
    assert!(preview.stdout.contains("What is refused is left out of this plan"), "{preview}");
    assert_snapshot!(preview.stderr, @r#"
    error: resource `v1:Pod:[project]:x` of accessory `raw` of app `[project]` (module `raw`) was denied by the namespace's pod security level: "baseline:latest": host namespaces (hostNetwork=true)
     --> ../app.yaml:2:3
      |
    2 |   raw:
      |   ^^^

    error: resource `v1:Service:[project]:x` of accessory `raw` of app `[project]` (module `raw`) is not valid: `spec.prots`: field not declared in schema
     --> ../app.yaml:2:3
      |
    2 |   raw:
      |   ^^^
    "#);
}

#[test]
fn a_label_that_no_object_can_have_is_told_once_where_it_was_written() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let module = "  module: service\n";
    stage.sandbox.edit("app.yaml", module, &format!("{module}  labels: {{team: a b}}\n"));
    let refused = stage.run(&["preview"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let error = "error: module `service`: the value of a label consists of letters, digits";
    assert!(refused.stderr.starts_with(error), "{refused}");
    assert!(refused.stderr.contains(" --> ../app.yaml:3:18\n"), "{refused}");
    assert_eq!(refused.stderr.matches("error:").count(), 1, "{refused}");

    stage.sandbox.edit("app.yaml", "  labels: {team: a b}\n", "");
    let image = "      image: shop:1\n";
    stage.sandbox.edit(
        "app.yaml",
        image,
        &format!("{image}      env: {{KEY: secret://nope/key}}\n"),
    );
    let preview = stage.run(&["preview"]).success();
    let note = "Secret `nope` does not exist, and its pods wait for it";
    assert!(preview.stdout.contains(note), "{preview}");
}

#[test]
fn a_probe_that_somebody_else_keeps_alive_is_told_with_who_it_is() {
    let stage = Stage::new();
    let image = "      image: shop:1\n";
    let probe = "      livenessProbe: {http: {url: \"http://localhost:80/live\"}}\n";
    stage.sandbox.edit("app.yaml", image, &format!("{image}{probe}"));
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    let theirs = r#"{"spec":{"template":{"spec":{"containers":[{"name":"main","livenessProbe":{"periodSeconds":7}}]}}}}"#;
    let _ = stage.kubectl(&["patch", "deployment", &stage.workload(), "--patch", theirs]);
    stage.sandbox.edit("app.yaml", probe, "");
    let refused = stage.run(&["preview"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let field = "`spec.template.spec.containers[0].livenessProbe`";
    assert!(
        refused.stderr.contains(&format!("is not valid: {field}: Required value")),
        "{refused}"
    );
    assert!(refused.stderr.contains("|     main:\n"), "{refused}");
    assert!(refused.stderr.contains(&format!("{field} (set by `kubectl-patch` at ")), "{refused}");
}
