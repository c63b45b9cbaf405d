//! `kusion config`

use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn settings_are_set_read_and_removed() {
    let sandbox = Sandbox::new();
    sandbox.write("prod.yaml", "modules: {}\n");
    sandbox.run("", &["workspace", "create", "prod", "-f", "prod.yaml"]).success();
    let run = |arguments: &[&str]| sandbox.run("", &[&["config"], arguments].concat());
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    {}
    ");
    assert_snapshot!(run(&["set", "workspace", "prod"]), @"exit 0");
    assert_snapshot!(run(&["get", "workspace"]), @r"
    exit 0
    --- stdout
    prod
    ");
    run(&["set", "backends.team.type", "local"]).success();
    run(&["set", "backends.team.configs.path", "/srv/kusion"]).success();
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    backends:
      team:
        configs:
          path: /srv/kusion
        type: local
    workspace: prod
    ");
    assert_snapshot!(run(&["get", "backends.team"]), @r"
    exit 0
    --- stdout
    configs:
      path: /srv/kusion
    type: local
    ");
    assert_snapshot!(run(&["unset", "workspace"]), @"exit 0");
    assert_snapshot!(run(&["get", "workspace"]), @r"
    exit 1
    --- stderr
    error: setting `workspace` has no value
    ");
}

#[test]
fn what_is_no_setting_is_refused() {
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| sandbox.run("", &[&["config"], arguments].concat());
    assert_snapshot!(run(&["set", "workspce", "prod"]), @r"
    exit 1
    --- stderr
    error: there is no setting `workspce`
    hint: settings are `workspace`, `releases.keep`, `backends.current`, `backends.<name>`, `backends.<name>.type` and `backends.<name>.configs.path`
    ");
    assert_snapshot!(run(&["set", "workspace", "a b"]), @r"
    exit 1
    --- stderr
    error: workspace name `a b` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit
    ");
    assert_snapshot!(run(&["set", "backends.current", "team"]), @r#"
    exit 1
    --- stderr
    error: there is no backend `team`
    hint: valid names: default
    hint: add one with `kusion config set backends.team '{"type": "local", "configs": {"path": "/some/folder"}}'`
    "#);
    assert_snapshot!(run(&["set", "backends.team.type", "s4"]), @r"
    exit 1
    --- stderr
    error: `s4` is no value for `backends.team.type`: the type must be `local`
    ");
    assert_snapshot!(run(&["set", "backends.team.configs.path", "relative"]), @r"
    exit 1
    --- stderr
    error: `relative` is no value for `backends.team.configs.path`: the path must be absolute
    ");
    assert_snapshot!(run(&["unset", "workspace"]), @r"
    exit 1
    --- stderr
    error: setting `workspace` has no value
    ");
}

#[test]
fn a_backend_of_ones_own_keeps_records_and_workspaces() {
    let sandbox = Sandbox::new().with_shop();
    let records = sandbox.path("records");
    sandbox.run("", &["config", "set", "backends.team.type", "local"]).success();
    sandbox
        .run("", &["config", "set", "backends.team.configs.path", &records.display().to_string()])
        .success();
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes", "--backend", "team"]), @r"
    exit 1
    --- stderr
    error: there is no workspace `default`
    hint: make it with `kusion workspace create default`
    ");
    sandbox.run("", &["workspace", "create", "default", "--backend", "team"]).success();
    sandbox.run("dev", &["apply", "--yes", "--backend", "team"]).success();
    assert!(records.join("releases/shop/default/dev/1.yaml").is_file());
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stderr
    shop/dev in workspace default has no releases yet.
    ");
}
