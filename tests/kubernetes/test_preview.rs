//! What a preview says about a cluster.

use insta::assert_snapshot;
use kusion_cluster::User;

use super::stage::Stage;

#[test]
fn the_first_preview_names_the_cluster_and_says_what_the_server_could_not_check() {
    let stage = Stage::new();
    let preview = stage.run(&["preview"]).success();
    assert!(
        preview.stdout.contains("Target: cluster `[server]`, context `[context]`\n"),
        "{preview}"
    );
    assert!(
        preview.stdout.contains("not checked by the server: its namespace is new"),
        "{preview}"
    );
    assert!(preview.stdout.contains("Plan: 3 to create, 0 to update, 0 to delete."), "{preview}");
    assert!(stage.object("namespace", &stage.project).is_none());
}

#[test]
fn what_the_server_finds_wrong_is_told_with_the_field() {
    let stage = Stage::new();
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    stage.sandbox.edit(
        "app.yaml",
        "  replicas: 2\n",
        "  replicas: 2\n  labels: {note: no label}\n",
    );
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(1), "{preview}");
    assert!(preview.stderr.contains("`metadata.labels`"), "{preview}");
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
    stage.sandbox.make_workspace("gone", &format!("{{kubeconfig: {}}}", path.display()));
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: gone\n");
    let preview = stage.run(&["preview"]);
    assert_eq!(preview.code, Some(3), "{preview}");
    assert!(preview.stderr.contains("cannot reach cluster `https://127.0.0.1:1`"), "{preview}");
    assert!(preview.stderr.contains("Connection refused"), "{preview}");
}
