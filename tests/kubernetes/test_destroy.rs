//! What a destroy and a prune take away.

use super::stage::Stage;

#[test]
fn a_destroy_takes_everything_that_was_made_and_waits_until_it_is_gone() {
    let stage = Stage::new();
    stage.apply();
    let output = stage.run(&["destroy", "--yes"]).success();
    assert!(output.stdout.contains("Destroy complete: 3 deleted"), "{output}");
    assert!(stage.object("namespace", &stage.project).is_none());
    let again = stage.run(&["destroy", "--yes"]).success();
    assert!(again.stdout.contains("Nothing to do"), "{again}");
}

#[test]
fn a_namespace_with_objects_of_others_stays() {
    let stage = Stage::new();
    stage.apply();
    let _ = stage.kubectl(&["create", "configmap", "theirs", "--from-literal=a=b"]);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("configmap", "theirs").is_some());
    assert!(stage.object("deployment", &stage.workload()).is_none());
}

#[test]
fn what_leaves_the_configuration_is_deleted_and_what_is_to_be_kept_stays() {
    let stage = Stage::new();
    stage.apply();
    let services = || stage.kubectl(&["get", "services", "--output=name"]).lines().count();
    assert_eq!(services(), 1);
    stage.sandbox.edit("app.yaml", "accessories:\n  network: {ports: [{port: 80}]}\n", "");
    stage.apply();
    assert_eq!(services(), 0);
    let workload = stage.workload();
    let _ = stage.kubectl(&["annotate", "deployment", &workload, "kusion.io/keep=true"]);
    stage.run(&["destroy", "--yes"]).success();
    let kept = stage.object("deployment", &workload).unwrap();
    let annotations = kept["metadata"]["annotations"].as_object().unwrap();
    let ours: Vec<&String> =
        annotations.keys().filter(|key| key.starts_with("kusion.io/")).collect();
    assert_eq!(ours, ["kusion.io/keep", "kusion.io/made"]);

    // It was made by this stack, and so a later destroy takes it once nobody wants to keep it.
    let preview = stage.run(&["preview"]).success();
    assert!(!preview.stdout.contains("existed before"), "{preview}");
    stage.apply();
    let _ = stage.kubectl(&["annotate", "deployment", &workload, "kusion.io/keep-"]);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
}

#[test]
fn a_stack_whose_namespace_somebody_deleted_goes_without_a_warning() {
    let stage = Stage::new();
    stage.apply();
    let _ = stage.cluster.kubectl(&["delete", "namespace", &stage.project]).expect_ok();
    let output = stage.run(&["destroy", "--yes"]).success();
    assert!(output.stdout.contains("gone already"), "{output}");
    assert!(!output.stderr.contains("warning"), "{output}");
}

#[test]
fn an_object_that_somebody_made_anew_is_not_deleted() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let _ = stage.kubectl(&["delete", "deployment", &workload]);
    let _ = stage.kubectl(&["create", "deployment", &workload, "--image=theirs:1"]);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("deployment", &workload).is_some());
}

#[test]
fn a_finalizer_that_holds_an_object_back_is_named() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let hold = "{\"metadata\":{\"finalizers\":[\"example.com/hold\"]}}";
    let _ = stage.kubectl(&["patch", "deployment", &workload, "--type=merge", "-p", hold]);
    let output = stage.run(&["destroy", "--yes", "--timeout", "3s"]);
    assert_eq!(output.code, Some(3), "{output}");
    assert!(
        output.stderr.contains("it waits for") && output.stderr.contains("example.com/hold"),
        "{output}"
    );
    let release = "{\"metadata\":{\"finalizers\":null}}";
    let _ = stage.kubectl(&["patch", "deployment", &workload, "--type=merge", "-p", release]);
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
}

#[test]
fn what_leaves_goes_only_once_everything_else_works() {
    let stage = Stage::new();
    stage.apply();
    let services = || stage.kubectl(&["get", "services", "--output=name"]).lines().count();
    stage.sandbox.edit("app.yaml", "accessories:\n  network: {ports: [{port: 80}]}\n", "");
    let unready = "  replicas: 2\n  annotations: {kusion.test/pod: unready}\n";
    stage.sandbox.edit("app.yaml", "  replicas: 2\n", unready);
    let failed = stage.run(&["apply", "--yes", "--timeout", "3s"]);
    assert_eq!(failed.code, Some(3), "{failed}");
    assert!(failed.stdout.contains("1 updated, 0 deleted, 1 skipped, 1 not ready"), "{failed}");
    assert_eq!(services(), 1);
    // It is still on record, and goes with the next apply that works.
    stage.sandbox.edit("app.yaml", unready, "  replicas: 2\n");
    let mended = stage.apply();
    assert!(mended.stdout.contains("1 updated, 1 deleted"), "{mended}");
    assert_eq!(services(), 0);
}

#[test]
fn data_is_lost_only_with_consent() {
    let stage = Stage::new();
    let database = "  orders: {module: mysql, type: local, version: \"8.0\"}\n";
    let network = "  network: {ports: [{port: 80}]}\n";
    stage.sandbox.edit("app.yaml", network, &format!("{network}{database}"));
    stage.apply();
    let claims = || stage.kubectl(&["get", "persistentvolumeclaims", "--output=name"]);
    assert_eq!(claims().lines().count(), 1, "{}", claims());
    let refused = stage.run(&["destroy", "--yes"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stdout.contains(
            "note: the data on its volume is deleted with it; refused without `--allow-data-loss`"
        ),
        "{refused}"
    );
    assert!(
        refused
            .stderr
            .starts_with("error: data would be lost with `v1:PersistentVolumeClaim:[project]:"),
        "{refused}"
    );
    assert!(stage.object("deployment", &stage.workload()).is_some());

    stage.sandbox.edit("app.yaml", database, "");
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    assert!(preview.stdout.contains("refused without"), "{preview}");
    assert_eq!(stage.run(&["apply", "--yes"]).code, Some(1));
    assert_eq!(claims().lines().count(), 1);
    let pruned = stage.run(&["apply", "--yes", "--allow-data-loss"]).success();
    assert!(
        pruned.stdout.contains("note: the data on its volume is deleted with it\n"),
        "{pruned}"
    );
    assert_eq!(claims(), "");
}
