//! What an apply makes of a cluster.

use serde_json::json;

use super::stage::Stage;

#[test]
fn an_apply_waits_until_the_pods_run_and_a_second_one_finds_nothing_to_do() {
    let stage = Stage::new();
    let output = stage.apply();
    assert!(output.stdout.contains("Apply complete: 3 created"), "{output}");
    let deployment = stage.object("deployment", &stage.workload()).unwrap();
    assert_eq!(deployment["status"]["availableReplicas"], 2);
    assert_eq!(deployment["metadata"]["annotations"]["kusion.io/project"], json!(stage.project));
    assert_eq!(deployment["metadata"]["labels"]["app.kubernetes.io/managed-by"], "kusion");
    let managers = deployment["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().any(|m| m["manager"] == "kusion" && m["operation"] == "Apply"));

    assert_eq!(stage.run(&["preview", "--detailed-exitcode"]).code, Some(0));
    let again = stage.apply();
    assert!(again.stdout.contains("No changes"), "{again}");
}

#[test]
fn a_change_is_shown_field_by_field_and_applied_and_rolled_back() {
    let stage = Stage::new();
    stage.apply();
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    let preview = stage.run(&["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(2), "{preview}");
    let line = "    spec.template.spec.containers[main].image: shop:1 -> shop:2\n";
    assert!(preview.stdout.contains(line), "{preview}");
    assert!(
        preview.stdout.contains("Plan: 0 to create, 1 to update, 0 to delete (1 rolling restart)."),
        "{preview}"
    );
    stage.apply();
    let image = || {
        let deployment = stage.object("deployment", &stage.workload()).unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    assert_eq!(image(), "shop:2");
    stage.run(&["release", "rollback", "1", "--yes"]).success();
    assert_eq!(image(), "shop:1");
}

#[test]
fn pods_that_do_not_start_are_named_with_what_they_wait_for() {
    let stage = Stage::new();
    stage.sandbox.edit(
        "app.yaml",
        "  replicas: 2\n",
        "  replicas: 2\n  annotations: {kusion.test/pod: image}\n",
    );
    let output = stage.run(&["apply", "--yes", "--timeout", "5s"]);
    assert_eq!(output.code, Some(3), "{output}");
    assert!(output.stderr.contains("ImagePullBackOff"), "{output}");
    assert!(output.stderr.contains("(waited 5 s)"), "{output}");
    assert!(output.stdout.contains("1 not ready"), "{output}");
    let no_wait = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(no_wait.code, Some(0), "{no_wait}");
}

#[test]
fn what_was_set_by_hand_is_told_with_who_did_it_and_put_right() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let _ = stage.kubectl(&["scale", "deployment", &workload, "--replicas=5"]);
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("changed outside kusion"), "{preview}");
    assert!(preview.stdout.contains("spec.replicas: was 2, is 5 (set by `kubectl`"), "{preview}");
    assert!(
        preview
            .stdout
            .contains("`spec.replicas` is managed by `kubectl` through `scale`; it is taken over"),
        "{preview}"
    );
    let output = stage.run(&["apply", "--yes", "--no-wait"]);
    assert_eq!(output.code, Some(0), "{output}");
    assert_eq!(stage.object("deployment", &workload).unwrap()["spec"]["replicas"], 2);
}

#[test]
fn a_field_that_another_tool_manages_is_refused_before_anything_changes() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let manifest = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": workload, "namespace": stage.project},
        "spec": {"replicas": 4},
    });
    let arguments =
        ["apply", "--server-side", "--force-conflicts", "--field-manager=scaler", "-f", "-"];
    let kubeconfig = stage.cluster.kubeconfig();
    let _ = stage.cluster.kubectl_with(&kubeconfig, &arguments, &manifest.to_string()).expect_ok();
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("`spec.replicas` is managed by `scaler`"), "{refused}");
    assert!(refused.stderr.contains("--force-conflicts"), "{refused}");
    let replicas = || stage.object("deployment", &workload).unwrap()["spec"]["replicas"].clone();
    assert_eq!(replicas(), 4);
    stage.run(&["apply", "--yes", "--no-wait", "--force-conflicts"]).success();
    assert_eq!(replicas(), 2);
}
