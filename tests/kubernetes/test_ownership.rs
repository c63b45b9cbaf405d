//! What belongs to others is left alone.

use super::stage::Stage;

#[test]
fn an_object_of_another_stack_is_refused() {
    let first = Stage::new();
    first.apply();
    let second = Stage::named(first.cluster, first.project.clone());
    second.sandbox.write("dev/stack.yaml", "name: dev\n");
    second.sandbox.write("prod/stack.yaml", "name: prod\n");
    // Two stacks of one project share the namespace, and nothing else.
    let preview = second.sandbox.run("prod", &["preview"]).success();
    assert!(preview.stdout.contains("stays as it is"), "{preview}");
    second.sandbox.run("prod", &["apply", "--yes"]).success();
    second.sandbox.run("prod", &["destroy", "--yes"]).success();
    assert!(first.object("deployment", &first.workload()).is_some());
    assert!(first.object("namespace", &first.project).is_some());
    assert_eq!(first.run(&["preview", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn an_object_of_another_tool_is_adopted_only_with_consent() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let workload = stage.workload();
    let _ = stage.kubectl(&["create", "deployment", &workload, "--image=theirs:1"]);
    let _ = stage.kubectl(&["label", "deployment", &workload, "app.kubernetes.io/managed-by=Helm"]);
    let refused = stage.run(&["preview"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("exists and is managed by Helm"), "{refused}");
}

#[test]
fn an_object_of_nobody_is_adopted_and_survives_a_destroy() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("existed before and becomes managed"), "{preview}");
    stage.apply();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_some());
    assert!(stage.object("deployment", &stage.workload()).is_none());
}

#[test]
fn a_record_that_was_lost_is_found_again_on_the_objects() {
    let first = Stage::new();
    first.apply();
    let second = Stage::named(first.cluster, first.project.clone());
    let preview = second.run(&["preview"]).success();
    assert!(preview.stdout.contains("in the target already, and not on record"), "{preview}");
    second.apply();
    second.run(&["destroy", "--yes"]).success();
    assert!(first.object("deployment", &first.workload()).is_none());
}
