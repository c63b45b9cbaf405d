//! Exit codes, what is asked for, and what is refused.

use insta::assert_snapshot;
use kusion_tests::{Sandbox, difference};

#[test]
fn a_preview_tells_by_its_exit_code_whether_there_are_changes() {
    let sandbox = Sandbox::new().with_shop();
    let code = || sandbox.run("dev", &["preview", "--detailed-exitcode"]).code;
    assert_eq!(code(), Some(2));
    assert_eq!(sandbox.run("dev", &["preview"]).code, Some(0));
    sandbox.run("dev", &["apply", "--yes"]).success();
    assert_eq!(code(), Some(0));
    sandbox.edit("app.yaml", "replicas: 1", "replcas: 1");
    assert_eq!(code(), Some(1));
}

#[test]
fn a_wrong_command_line_is_told_from_drift() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("", &["preview", "--detailed-exitcod"]), @r"
    exit 64
    --- stderr
    error: unexpected argument '--detailed-exitcod' found

      tip: a similar argument exists: '--detailed-exitcode'

    Usage: kusion preview --detailed-exitcode

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("", &["aply"]), @r"
    exit 64
    --- stderr
    error: unrecognized subcommand 'aply'

      tip: a similar subcommand exists: 'apply'

    Usage: kusion [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("", &["apply", "--parallelism", "0"]), @r"
    exit 64
    --- stderr
    error: invalid value '0' for '--parallelism <NUMBER>': number would be zero for non-zero type

    For more information, try '--help'.
    ");
    assert_eq!(sandbox.run("", &[]).code, Some(64));
    assert_eq!(sandbox.run("", &["--help"]).code, Some(0));
    assert_eq!(sandbox.run("", &["--version"]).code, Some(0));
}

#[test]
fn nobody_to_ask_is_no_approval() {
    let sandbox = Sandbox::new().with_shop();
    for verb in ["apply", "destroy"] {
        let refused = sandbox.run("dev", &[verb]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
        assert!(refused.stderr.contains(&format!("`kusion {verb}` needs approval")), "{refused}");
    }
    assert_snapshot!(sandbox.run("dev", &["apply", "-o", "json"]), @r"
    exit 1
    --- stderr
    error: `kusion apply` needs approval, and there is nobody to ask
    hint: pass `--yes` to approve, or `--dry-run` to look
    ");
    assert!(!sandbox.path("manifests").exists());
}

#[test]
fn a_broken_environment_is_told_from_a_mistake() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write("manifests", "a file where the folder should be");
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes"]), @r"
    exit 3
    --- stderr
    error: cannot read `[root]/work/manifests/default/dev`
    cause: failed to query raw metadata `[root]/work/manifests/default/dev`: Not a directory (os error 20)
    ");
}

#[test]
fn what_is_missing_around_a_stack_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("dev/stack.yaml", "name: dev\n");
    sandbox.write("dev/app.yaml", "workload: {module: service, containers: {main: {image: x}}}\n");
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 1
    --- stderr
    error: there is no workspace `default`
    hint: make it with `kusion workspace create default`
    ");
    sandbox.write("no-target.yaml", "modules: {service: {}}\n");
    sandbox.run("", &["workspace", "create", "default", "-f", "no-target.yaml"]).success();
    sandbox.run("dev", &["generate"]).success();
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 1
    --- stderr
    error: workspace `default` has no target
    hint: add `targets: {kubernetes: {directory: manifests}}` with `kusion workspace update default -f FILE`
    ");
    sandbox.write(
        "dev/app.yaml",
        "workload: {module: service, containers: {main: {image: x}}}\naccessories: {network: {}}\n",
    );
    assert_snapshot!(sandbox.run("dev", &["preview"]), @r"
    exit 1
    --- stderr
    error: workspace `default` has no target
    hint: add `targets: {kubernetes: {directory: manifests}}` with `kusion workspace update default -f FILE`
    ");
}

#[test]
fn without_a_home_nothing_is_guessed() {
    let sandbox = Sandbox::new();
    let output =
        sandbox.command("", &["workspace", "list"]).env_remove("KUSION_HOME").output().unwrap();
    assert_snapshot!(kusion_tests::Output::of(&output, &sandbox), @r"
    exit 1
    --- stderr
    error: cannot tell where kusion keeps its files
    hint: set KUSION_HOME, or HOME, to a folder
    ");
}

#[test]
fn a_first_run_makes_its_home() {
    let sandbox = Sandbox::without_cache();
    sandbox.run("", &["init", "--target", "shop"]).success();
    assert!(sandbox.home("workspaces/default.yaml").is_file());
}

#[test]
fn the_flag_names_the_stack_from_anywhere() {
    let sandbox = Sandbox::new().with_shop();
    let inside = sandbox.run("dev", &["generate"]).success();
    let outside = sandbox.run("elsewhere/far", &["generate", "--workdir", "../../dev"]).success();
    assert_eq!(difference(&inside.stdout, &outside.stdout), None);
}

#[test]
fn version_and_completion_need_no_home() {
    let sandbox = Sandbox::new();
    let version = sandbox.run("", &["version"]).success().stdout;
    assert!(version.starts_with(&format!("kusion {}\n", env!("CARGO_PKG_VERSION"))), "{version}");
    let script = sandbox.run("", &["completion", "bash"]).success().stdout;
    assert!(script.contains("_kusion()") && script.contains("detailed-exitcode"));
    let path = sandbox.path("kusion.bash");
    fs_err::write(&path, script).unwrap();
    if let Ok(bash) = std::process::Command::new("bash").arg("-n").arg(&path).output() {
        assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
    }
}
