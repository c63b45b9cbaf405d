//! `kusion workspace`

use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn workspaces_are_made_chosen_renamed_and_deleted() {
    let sandbox = Sandbox::new().with_shop();
    let run = |arguments: &[&str]| sandbox.run("", &[&["workspace"], arguments].concat());
    sandbox.write("prod.yaml", "# ours\nmodules: {service: {}}\n");
    assert_snapshot!(run(&["create", "prod", "-f", "prod.yaml"]), @r"
    exit 0
    --- stdout
    Made workspace `prod`.
    ");
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    * default
    - prod
    ");
    assert_snapshot!(run(&["switch", "prod"]), @r"
    exit 0
    --- stdout
    Workspace `prod` is the current one now.
    ");
    assert_snapshot!(run(&["show"]), @r"
    exit 0
    --- stdout
    # ours
    modules: {service: {}}
    ");
    sandbox.write("prod.yaml", "# ours, again\nmodules: {service: {}, job: {}}\n");
    assert_snapshot!(run(&["update", "-f", "prod.yaml"]), @r"
    exit 0
    --- stdout
    Updated workspace `prod`.
    ");
    assert_snapshot!(run(&["update", "--rename", "live"]), @r"
    exit 0
    --- stdout
    Updated workspace `live`.
    ");
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    - default
    * live
    ");
    assert_snapshot!(run(&["show", "live"]), @r"
    exit 0
    --- stdout
    # ours, again
    modules: {service: {}, job: {}}
    ");
    assert_snapshot!(run(&["delete", "live"]), @r"
    exit 0
    --- stdout
    Deleted workspace `live`.
    ");
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    * default
    ");
}

#[test]
fn what_cannot_be_done_is_refused() {
    let sandbox = Sandbox::new().with_shop();
    let run = |arguments: &[&str]| sandbox.run("", &[&["workspace"], arguments].concat());
    sandbox.write("bad.yaml", "modules: {service: {verison: 1}}\n");
    assert_snapshot!(run(&["create", "default"]), @r"
    exit 1
    --- stderr
    error: workspace `default` exists already
    hint: change it with `kusion workspace update default -f FILE`
    ");
    assert_snapshot!(run(&["create", "a/b"]), @r"
    exit 1
    --- stderr
    error: workspace name `a/b` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit
    ");
    assert_snapshot!(run(&["create", "prod", "-f", "bad.yaml"]), @r"
    exit 1
    --- stderr
    error: unknown field `verison` in `modules.service`
     --> bad.yaml:1:21
      |
    1 | modules: {service: {verison: 1}}
      |                     ^^^^^^^
    hint: did you mean `version`?
    hint: valid names: configs, path, version
    ");
    assert_snapshot!(run(&["create", "prod", "-f", "none.yaml"]), @r"
    exit 1
    --- stderr
    error: cannot find `none.yaml`
    ");
    assert_snapshot!(run(&["switch", "defualt"]), @r"
    exit 1
    --- stderr
    error: there is no workspace `defualt`
    hint: did you mean `default`?
    hint: valid names: default
    hint: make it with `kusion workspace create defualt -f FILE`
    ");
    assert_snapshot!(run(&["show", "prod"]), @r"
    exit 1
    --- stderr
    error: there is no workspace `prod`
    hint: valid names: default
    hint: make it with `kusion workspace create prod -f FILE`
    ");
    assert_snapshot!(run(&["delete", "default"]), @r"
    exit 1
    --- stderr
    error: workspace `default` cannot be deleted
    ");
    assert_snapshot!(run(&["update", "default", "--rename", "live"]), @r"
    exit 1
    --- stderr
    error: workspace `default` cannot be renamed
    ");
    assert_snapshot!(run(&["update", "prod", "-f", "bad.yaml"]), @r"
    exit 1
    --- stderr
    error: unknown field `verison` in `modules.service`
     --> bad.yaml:1:21
      |
    1 | modules: {service: {verison: 1}}
      |                     ^^^^^^^
    hint: did you mean `version`?
    hint: valid names: configs, path, version
    ");
    assert_snapshot!(run(&["list"]), @r"
    exit 0
    --- stdout
    * default
    ");
}

#[test]
fn a_workspace_with_releases_is_neither_renamed_nor_deleted() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("prod", "{directory: out}");
    sandbox.run("dev", &["apply", "--yes", "--workspace", "prod"]).success();
    assert_snapshot!(sandbox.run("", &["workspace", "delete", "prod"]), @r"
    exit 1
    --- stderr
    error: workspace `prod` still has resources on record: shop/dev
    hint: run `kusion destroy` in these stacks first, with the target in which the resources lie
    ");
    assert_snapshot!(sandbox.run("", &["workspace", "update", "prod", "--rename", "live"]), @r"
    exit 1
    --- stderr
    error: workspace `prod` still has resources on record: shop/dev
    hint: run `kusion destroy` in these stacks first, with the target in which the resources lie
    ");
    sandbox.run("dev", &["destroy", "--yes", "--workspace", "prod"]).success();
    assert_snapshot!(sandbox.run("", &["workspace", "delete", "prod"]), @r"
    exit 0
    --- stdout
    Deleted workspace `prod`.
    ");
}

#[test]
fn a_module_path_means_the_folder_of_the_file_it_was_read_from() {
    let sandbox = Sandbox::new().with_shop();
    fs_err::create_dir_all(sandbox.path("platform/modules")).unwrap();
    fs_err::copy(
        kusion_tests::catalog().join("service.wasm"),
        sandbox.path("platform/modules/web.wasm"),
    )
    .unwrap();
    sandbox.write("platform/dev.yaml", "modules:\n  web: {path: modules/web.wasm}  # ours\n");
    sandbox.run("", &["workspace", "create", "dev", "-f", "platform/dev.yaml"]).success();
    assert_snapshot!(sandbox.run("", &["workspace", "show", "dev"]), @r"
    exit 0
    --- stdout
    modules:
      web: {path: [root]/work/platform/modules/web.wasm}  # ours
    ");
    sandbox.write("app.yaml", "workload: {module: web, containers: {main: {image: x}}}\n");
    sandbox.run("dev", &["generate", "--workspace", "dev"]).success();
}

#[test]
fn a_health_policy_that_cannot_be_read_is_told_when_the_workspace_is_stored() {
    let sandbox = Sandbox::new();
    let policy = |cel: &str| {
        let text = format!(
            "modules:\n  service:\n    configs:\n      default:\n        healthPolicy: {{apiVersion: v1, kind: Pod, cel: {cel}}}\n"
        );
        sandbox.write("policy.yaml", &text);
    };
    let create = ["workspace", "create", "policy", "-f", "policy.yaml"];
    let told = "error: `healthPolicy` cannot be read: there is no variable `status`, only `object`\n --> policy.yaml:5:";
    policy("status.ready");
    let refused = sandbox.run("", &create);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.starts_with(told), "{refused}");
    policy("object.ready");
    sandbox.run("", &create).success();
    policy("status.ready");
    let refused = sandbox.run("", &["workspace", "update", "policy", "-f", "policy.yaml"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.starts_with(told), "{refused}");
}
