//! What a destroy and a prune take away.

use super::stage::Stage;

#[test]
fn a_destroy_takes_everything_that_was_made_and_waits_until_it_is_gone() {
    let stage = Stage::new();
    stage.apply();
    let output = stage.run(&["destroy", "--yes"]).success();
    assert!(
        output.stdout.contains("Destroy complete: 0 created, 0 updated, 3 deleted"),
        "{output}"
    );
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
    assert!(stage.object("deployment", &workload).is_some());
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
