//! What a person at a terminal sees and answers.

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn yes_applies_and_no_does_not() {
    let sandbox = Sandbox::new().with_shop();
    let answers = [Some("perhaps"), Some("no")];
    let run = sandbox.at_terminal("dev", "apply", &[], |question| answers[question]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("`perhaps` is no answer")
            && run.stdout.contains("Nothing was changed."),
        "{run}"
    );
    assert!(!sandbox.path("manifests").exists());

    let answers = [Some("details"), Some("yes")];
    let run = sandbox.at_terminal("dev", "apply", &[], |question| answers[question]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("spec.template.spec.containers")
            && run.stdout.contains("Apply complete"),
        "{run}"
    );
}

#[test]
fn the_end_of_input_is_no() {
    let sandbox = Sandbox::new().with_shop();
    let run = sandbox.at_terminal("dev", "apply", &[], |_| None);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(!sandbox.path("manifests").exists());
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let sandbox = Sandbox::new().with_shop();
    let preview = |environment: &[(&str, &str)]| {
        sandbox.at_terminal("dev", "preview", environment, |_| None).stdout
    };
    let coloured = preview(&[]);
    assert!(coloured.contains("\u{1b}[32m"), "{coloured}");
    for environment in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = preview(&[environment]);
        assert!(
            plain.contains("Plan: ") && !plain.contains('\u{1b}'),
            "{environment:?}: {plain:?}"
        );
    }
    let piped = sandbox.run("dev", &["preview"]).success();
    assert!(!piped.stdout.contains('\u{1b}'), "{piped}");
}

#[test]
fn a_failure_skips_only_what_depends_on_it_and_the_next_apply_goes_on() {
    let sandbox = Sandbox::new().with_shop();
    let secret = sandbox.path("manifests/default/dev/v1_Secret_shop_shop-dev-shop-mysql.yaml");
    // What the plan was made from changes while the person still reads it.
    let run = sandbox.at_terminal("dev", "apply", &[("NO_COLOR", "1")], |_| {
        fs::create_dir_all(&secret).unwrap();
        Some("yes")
    });
    assert_eq!(run.code, Some(1), "{run}");
    let said = |line: &str| run.stdout.contains(line);
    assert!(said("failed v1:Secret:shop:shop-dev-shop-mysql: "), "{run}");
    assert!(
        said(
            "skipped apps/v1:Deployment:shop:shop-dev-shop: v1:Secret:shop:shop-dev-shop-mysql failed"
        ),
        "{run}"
    );
    assert!(said("created v1:Service:shop:shop-dev-shop-private"), "{run}");
    assert!(
        said("Apply incomplete: 6 created, 0 updated, 0 deleted, 1 failed, 1 skipped. Release 1."),
        "{run}"
    );
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE   RESOURCES        CREATED               BY
    1         apply      failed  6 + 1 uncertain  2000-01-01T00:00:00Z  tester@[host]
    ");

    fs::remove_dir(&secret).unwrap();
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`
    Target: directory `manifests/default/dev`

       ID                                     ACTION  REASON
    +  v1:Secret:shop:shop-dev-shop-mysql     create  left over from an interrupted run
    +  apps/v1:Deployment:shop:shop-dev-shop  create

    Plan: 2 to create, 0 to update, 0 to delete.

    Apply complete: 2 created, 0 updated, 0 deleted. Release 2.
    --- stderr
      created v1:Secret:shop:shop-dev-shop-mysql
      created apps/v1:Deployment:shop:shop-dev-shop
    ");
    assert_eq!(sandbox.run("dev", &["preview", "--detailed-exitcode"]).code, Some(0));
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE      RESOURCES        CREATED               BY
    1         apply      failed     6 + 1 uncertain  2000-01-01T00:00:00Z  tester@[host]
    2         apply      succeeded  8                2000-01-01T00:00:00Z  tester@[host]
    ");
}
