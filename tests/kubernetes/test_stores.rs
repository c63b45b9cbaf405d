//! External secrets that lie in a cluster, and a way to the cluster that lies in a store.

use kusion_cluster::User;
use kusion_tests::Output;
use serde_json::Value;

use super::stage::{Stage, target};

const APP: &str = "\
workload:
  module: service
  replicas: 0
  containers: {main: {image: \"shop:1\"}}
  secrets:
    db:
      type: external
      data: {password: \"ref://outside/password\", user: \"ref://outside/user\"}
";

/// A project whose secrets are in a namespace of their own, which is returned.
fn stage() -> (Stage, String) {
    let stage = Stage::new();
    let outside = stage.cluster.make_namespace();
    stage.sandbox.write("app.yaml", APP);
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: stores\n");
    use_store(&stage, "create", &format!("{{kubernetes: {{namespace: {outside}}}}}"), User::Admin);
    put(&stage, &outside, "planted-word-1");
    (stage, outside)
}

fn use_store(stage: &Stage, verb: &str, provider: &str, user: User) {
    let target = target(&stage.cluster.kubeconfig_of(user));
    let text = format!(
        "modules: {{service: {{}}}}\nsecretStore: {{provider: {provider}}}\ntargets: {{kubernetes: {target}}}\n"
    );
    stage.sandbox.write("stores.yaml", &text);
    stage.sandbox.run("", &["workspace", verb, "stores", "-f", "stores.yaml"]).success();
}

/// Writes the Secret that the references mean.
fn put(stage: &Stage, namespace: &str, password: &str) {
    let kubeconfig = stage.cluster.kubeconfig();
    let secret = serde_json::json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "outside", "namespace": namespace},
        "stringData": {"password": password, "user": "planted-user"},
    });
    let arguments = ["apply", "-f", "-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &arguments, &secret.to_string()).expect_ok();
}

/// Returns the password in the Secret of the stack.
fn password(stage: &Stage) -> String {
    stage.kubectl(&["get", "secret", "db", "--template={{.data.password | base64decode}}"])
}

fn apply(stage: &Stage) -> Output {
    stage.run(&["apply", "--yes", "--no-wait"]).success()
}

#[test]
fn a_secret_of_another_namespace_is_read_on_the_connection_of_the_target() {
    let (stage, outside) = stage();
    let applied = apply(&stage);
    assert_eq!(password(&stage), "planted-word-1");
    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));

    put(&stage, &outside, "planted-word-2");
    let preview = stage.run(&["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(2), "{preview}");
    assert!(preview.stdout.contains("data.password: (secret, changed)"), "{preview}");
    assert!(!preview.stdout.contains("data.user"), "{preview}");
    let again = apply(&stage);
    assert_eq!(password(&stage), "planted-word-2");

    let said = format!("{applied}{preview}{again}");
    assert!(!said.contains("planted"), "{said}");
    assert!(stage.sandbox.files_with("planted-word").is_empty());
}

#[test]
fn a_secret_that_may_not_be_read_is_unknown_and_nothing_is_changed_without_it() {
    let (stage, outside) = stage();
    apply(&stage);
    put(&stage, &outside, "planted-word-2");
    // A store of its own, in the name of somebody who may read nothing.
    let kubeconfig = stage.cluster.kubeconfig_of(User::Nobody);
    let context = stage.cluster.context();
    let provider = format!(
        "{{kubernetes: {{namespace: {outside}, kubeconfig: {}, context: {context}}}}}",
        kubeconfig.display()
    );
    use_store(&stage, "update", &provider, User::Admin);
    let preview = stage.run(&["preview", "-o", "json"]);
    assert_eq!(preview.code, Some(0), "{preview}");
    let document = preview.json();
    let steps = document["plan"]["steps"].as_array().unwrap();
    let secret = steps.iter().find(|step| step["reason"] == "secret-unknown");
    let changes = secret.unwrap()["changes"].as_array().unwrap();
    let paths: Vec<&Value> = changes.iter().map(|change| &change["path"]).collect();
    assert_eq!(paths, ["data.password", "data.user"]);
    let note = document["notes"][0].as_str().unwrap();
    assert!(note.contains("does not let us read `ref://outside`"), "{note}");
    let drift = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(0), "{drift}");

    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    let refused = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    let hint = format!("hint: let the user of the context `get` Secrets in namespace `{outside}`");
    assert!(refused.stderr.contains(&hint), "{refused}");
    assert_eq!(password(&stage), "planted-word-1");
    let image = ["get", "deployments", "--output=jsonpath={..image}"];
    assert_eq!(stage.kubectl(&image), "shop:1");
}

#[test]
fn an_immutable_secret_whose_store_is_away_is_not_taken_for_one_to_replace() {
    let (stage, outside) = stage();
    stage.sandbox.edit("app.yaml", "type: external\n", "type: external\n      immutable: true\n");
    apply(&stage);
    let gone = format!("{{vault: {{server: \"http://127.0.0.1:1\", path: {outside}}}}}");
    use_store(&stage, "update", &gone, User::Admin);
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("data.password: (secret, unknown)"), "{preview}");
    assert!(!preview.stdout.contains("replace"), "{preview}");
}

#[test]
fn the_way_to_the_cluster_can_be_in_a_store() {
    let stage = Stage::new();
    stage.sandbox.write(
        "app.yaml",
        "workload: {module: service, replicas: 0, containers: {main: {image: \"shop:1\"}}}\n",
    );
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: stores\n");
    let text = "modules: {service: {}}\nsecretStore: {provider: {env: {names: [CLUSTER]}}}\ncontext: {KUBECONFIG_CONTENT: \"ref://CLUSTER\"}\n";
    stage.sandbox.write("stores.yaml", text);
    stage.sandbox.run("", &["workspace", "create", "stores", "-f", "stores.yaml"]).success();
    let kubeconfig =
        fs_err::read_to_string(stage.cluster.kubeconfig_of(User::AdminByToken)).unwrap();
    let run = |kubeconfig: Option<&str>| {
        let mut command = stage.sandbox.command("dev", &["apply", "--yes", "--no-wait", "-vv"]);
        if let Some(kubeconfig) = kubeconfig {
            command.env("CLUSTER", kubeconfig);
        }
        Output::of(&command.output().unwrap(), &stage.sandbox)
    };
    let refused = run(None);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains("cannot read `context.KUBECONFIG_CONTENT` of workspace `stores`")
    );
    let applied = run(Some(&kubeconfig)).success();
    assert!(stage.object("deployment", &stage.workload()).is_some());
    let config: Value = serde_json::from_str(&kubeconfig).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap();
    assert!(!applied.to_string().contains(token), "{applied}");
    assert!(stage.sandbox.files_with(token).is_empty());
}
