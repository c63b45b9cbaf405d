//! `kusion project` and `kusion stack`

use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn a_project_is_built_up_stack_by_stack() {
    let sandbox = Sandbox::new();
    sandbox.run("", &["workspace", "create", "default"]).success();
    assert_snapshot!(sandbox.run("", &["project", "create", "shop"]), @r"
    exit 0
    --- stdout
    Made project `shop` in shop.
    ");
    assert_snapshot!(sandbox.run("shop", &["stack", "create", "dev"]), @r"
    exit 0
    --- stdout
    Made stack `dev` in dev.
    ");
    sandbox.write(
        "shop/dev/app.yaml",
        "workload: {module: service, containers: {main: {image: x}}}\n",
    );
    assert_snapshot!(sandbox.run("shop", &["stack", "create", "prod", "--copy-from", "dev", "--workspace", "prod"]), @r"
    exit 0
    --- stdout
    Made stack `prod` in prod.
    ");
    assert_eq!(sandbox.read("shop/prod/app.yaml"), sandbox.read("shop/dev/app.yaml"));
    assert_eq!(sandbox.read("shop/prod/stack.yaml"), "name: prod\nworkspace: prod\n");
    assert_snapshot!(sandbox.run("shop", &["project", "list"]), @"exit 0");
    sandbox.run("shop/dev", &["apply", "--yes"]).success();
    assert_snapshot!(sandbox.run("shop", &["project", "list"]), @r"
    exit 0
    --- stdout
    shop
    ");
    assert_snapshot!(sandbox.run("shop", &["stack", "list"]), @r"
    exit 0
    --- stdout
    PROJECT  WORKSPACE  STACK
    shop     default    dev
    ");
}

#[test]
fn what_exists_or_makes_no_sense_is_refused() {
    let sandbox = Sandbox::new().with_shop();
    assert_snapshot!(sandbox.run("dev", &["stack", "create", "prod"]), @r"
    exit 1
    --- stderr
    error: `.` is no project: it has no `project.yaml`
    hint: run this in the project's folder, or name it with `--target`
    ");
    assert_snapshot!(sandbox.run("", &["stack", "create", "dev"]), @r"
    exit 1
    --- stderr
    error: folder `dev` is not empty
    ");
    assert_snapshot!(sandbox.run("", &["stack", "create", "prod", "--copy-from", "stage"]), @r"
    exit 1
    --- stderr
    error: cannot find `stage/app.yaml`
    ");
    assert_snapshot!(sandbox.run("", &["stack", "create", "../prod"]), @r"
    exit 1
    --- stderr
    error: stack name `../prod` may only contain letters, digits, `.`, `_` and `-`, and begins with a letter or digit
    ");
    assert_snapshot!(sandbox.run("", &["project", "create", "a b"]), @r"
    exit 1
    --- stderr
    error: namespace `a b` may only contain lower-case letters, digits and `-`, and begins and ends with a letter or digit
    ");
}
