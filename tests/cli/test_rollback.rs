//! `kusion release rollback`.

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::{Output, Sandbox};

use super::test_releases::{RECORDS, small, two_releases};

#[test]
fn a_rollback_brings_back_what_was_recorded_without_modules_or_app() {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let first: Vec<_> = contents(&sandbox);
    sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:2\"}}}\n",
    );
    sandbox.run("dev", &["apply", "--yes"]).success();
    let second: Vec<_> = contents(&sandbox);
    assert_ne!(first, second);

    // Neither the modules nor the app are needed: what comes back is what was approved then.
    sandbox.write("app.yaml", "workload: [");
    let back = |arguments: &[&str]| {
        let mut command = sandbox.command("dev", arguments);
        let output = command.env("KUSION_CATALOG", sandbox.path("nowhere")).output().unwrap();
        Output::of(&output, &sandbox)
    };
    let shown = back(&["release", "rollback", "1", "--dry-run"]).success();
    assert_eq!(contents(&sandbox), second);
    let done = back(&["release", "rollback", "1", "--yes", "--parallelism", "1"]);
    assert!(done.stdout.starts_with(&shown.stdout), "{shown}\n{done}");
    assert_snapshot!(done, @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`, back to release 1
    Target: directory `manifests/default/dev`

       ID                                     ACTION  EFFECT           REASON
    ~  apps/v1:Deployment:shop:shop-dev-shop  update  rolling restart
    +  v1:Service:shop:shop-dev-shop-private  create

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        spec.template.spec.containers[main].image: shop:2 -> shop:1

    Plan: 1 to create, 1 to update, 0 to delete (1 rolling restart).

    Rollback complete: 1 created, 1 updated, 0 deleted. Release 3.
    --- stderr
      updated apps/v1:Deployment:shop:shop-dev-shop
      created v1:Service:shop:shop-dev-shop-private
    ");
    assert_eq!(contents(&sandbox), first);
    assert_snapshot!(back(&["release", "rollback", "1", "--yes"]), @r"
    exit 0
    --- stdout
    Stack `dev` of project `shop`, workspace `default`, back to release 1
    Target: directory `manifests/default/dev`

    Nothing to do: everything is as release 1 says.
    ");
    assert_snapshot!(back(&["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE      RESOURCES  CREATED               BY
    1         apply      succeeded  3          2000-01-01T00:00:00Z  tester@[host]
    2         apply      succeeded  2          2000-01-01T00:00:00Z  tester@[host]
    3         rollback   succeeded  3          2000-01-01T00:00:00Z  tester@[host]
    ");
    let release = |number: &str| {
        back(&["release", "show", "--revision", number, "-o", "json"]).success().json()
    };
    let (first, third) = (release("1"), release("3"));
    assert_eq!(third["rolledBackTo"], 1);
    for key in ["spec", "modules", "calls", "origins", "secrets"] {
        assert_eq!(third[key], first[key], "{key}");
    }
}

fn contents(sandbox: &Sandbox) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let files = sandbox.files("manifests").into_iter();
    files.map(|(path, (bytes, _))| (path, bytes)).collect()
}

#[test]
fn a_rollback_has_the_output_document_and_the_questions_of_an_apply() {
    let sandbox = two_releases();
    assert_snapshot!(sandbox.run("dev", &["release", "rollback", "1"]), @r"
    exit 1
    --- stderr
    error: `kusion release rollback` needs approval, and there is nobody to ask
    hint: pass `--yes` to approve, or `--dry-run` to look
    ");
    let document =
        sandbox.run("dev", &["release", "rollback", "1", "--yes", "-o", "json"]).success().json();
    for (pointer, expected) in [
        ("/formatVersion", "1"),
        ("/kind", "\"Rollback\""),
        ("/rolledBackTo", "1"),
        ("/release", "3"),
        ("/recovered", "null"),
        ("/outcome/created", "1"),
        ("/outcome/updated", "1"),
        ("/plan/summary/create", "1"),
    ] {
        let found = document.pointer(pointer).map(ToString::to_string);
        assert_eq!(found.as_deref(), Some(expected), "{pointer} of {document:#}");
    }
}

#[test]
fn what_cannot_be_gone_back_to_is_said() {
    let sandbox = two_releases();
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert_snapshot!(sandbox.run("dev", &["release", "rollback", "3", "--yes"]), @r"
    exit 1
    --- stderr
    error: release 3 destroyed the stack, so there is nothing in it to go back to
    hint: choose a release before it, or run `kusion destroy` to delete what is there
    ");
    assert_snapshot!(sandbox.run("dev", &["release", "rollback", "9", "--yes"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no release 9
    hint: the newest release is 3
    ");
    assert!(sandbox.files("manifests").is_empty());
    let back = sandbox.run("dev", &["release", "rollback", "1", "--yes"]).success();
    assert!(back.stdout.contains("Rollback complete: 3 created"), "{back}");
}

#[test]
fn a_rollback_to_a_failed_release_warns() {
    let sandbox = small();
    let obstacle = sandbox.path("manifests/default/dev/v1_Service_shop_shop-dev-shop-private.yaml");
    let run = sandbox.at_terminal("dev", "apply", &[("NO_COLOR", "1")], |_| {
        fs::create_dir_all(&obstacle).unwrap();
        Some("yes")
    });
    assert_eq!(run.code, Some(1), "{run}");
    fs::remove_dir(&obstacle).unwrap();
    sandbox.edit("app.yaml", "shop:1", "shop:2");
    sandbox.run("dev", &["apply", "--yes"]).success();
    let back = sandbox.run("dev", &["release", "rollback", "1", "--yes"]).success();
    assert!(
        back.stderr.starts_with(
            "warning: release 1 is failed: nothing says that what it recorded ever worked\n"
        ),
        "{back}"
    );
    assert!(back.stdout.contains("Rollback complete: 0 created, 1 updated"), "{back}");
}

#[test]
fn generated_secrets_keep_their_values_and_written_ones_are_those_of_the_release() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("default2", "{directory: manifests, secrets: plain}");
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: default2\n");
    let app = |image: &str, secrets: &str| {
        sandbox.write("app.yaml", &format!(
            "workload:\n  module: service\n  containers: {{main: {{image: \"{image}\"}}}}\n  secrets:\n    token: {{type: token}}\n{secrets}"
        ));
    };
    let login = |word: &str| {
        format!("    login: {{type: basic, data: {{username: hunter2-name, password: {word}}}}}\n")
    };
    let manifest =
        |name: &str| sandbox.read(&format!("manifests/default2/dev/v1_Secret_shop_{name}.yaml"));
    app("shop:1", &login("hunter2-old"));
    sandbox.run("dev", &["apply", "--yes"]).success();
    let token = manifest("token");
    app("shop:2", "");
    sandbox.run("dev", &["apply", "--yes"]).success();

    app("shop:3", &login("hunter2-new"));
    sandbox.run("dev", &["apply", "--yes"]).success();
    app("shop:4", "");
    for (revision, word) in [("1", "hunter2-old"), ("3", "hunter2-new"), ("4", "hunter2-old")] {
        let back = sandbox.run("dev", &["release", "rollback", revision, "--yes"]).success();
        assert!(
            back.stdout.contains("\nGenerated secrets keep today's values.\nWritten secrets have the values that the release used.\n"),
            "{back}"
        );
        assert_eq!(manifest("token"), token);
        assert!(manifest("login").contains(word), "{revision}");
        assert!(!back.to_string().contains("hunter2"), "{back}");
    }
    assert!(sandbox.files_with("hunter2").iter().all(|path| !path.starts_with(sandbox.home(""))));
}

#[test]
fn written_secrets_that_were_not_kept_are_those_of_today_or_the_rollback_is_refused() {
    let sandbox = Sandbox::new().with_shop();
    let target = |secrets: &str| {
        sandbox.make_workspace("kept", &format!("{{directory: manifests, secrets: {secrets}}}"));
    };
    target("omit");
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: kept\n");
    let app = |image: &str, secrets: &str| {
        sandbox.write(
            "app.yaml",
            &format!("workload:\n  module: service\n  containers: {{main: {{image: \"{image}\"}}}}\n{secrets}"),
        );
    };
    let login = |word: &str| {
        format!(
            "  secrets: {{login: {{type: basic, data: {{username: name, password: {word}}}}}}}\n"
        )
    };
    app("shop:1", &login("hunter2-old"));
    sandbox.run("dev", &["apply", "--yes"]).success();
    assert!(!sandbox.home("secrets/shop/kept/dev.age").exists(), "what nobody needs is kept");
    app("shop:2", "");
    let text = sandbox.read("kept.yaml").replace("secrets: omit", "secrets: plain");
    sandbox.write("kept.yaml", &text);
    sandbox.run("", &["workspace", "update", "kept", "-f", "kept.yaml"]).success();
    sandbox.run("dev", &["apply", "--yes"]).success();

    let before = contents(&sandbox);
    assert_snapshot!(sandbox.run("dev", &["release", "rollback", "1", "--yes"]), @r"
    exit 1
    --- stderr
    error: release 1 uses secrets whose values were not kept, and are not in app.yaml any more: `$kusion_secret.shop.workload.login_password`, `$kusion_secret.shop.workload.login_username`
    hint: write the values in app.yaml again, under the names they had
    hint: or put app.yaml back and run `kusion apply`, which gets those that modules give
    ");
    assert_eq!(contents(&sandbox), before);
    assert!(!sandbox.home("releases/shop/kept/dev/3.yaml").exists());

    app("shop:3", &login("hunter2-new"));
    let back = sandbox.run("dev", &["release", "rollback", "1", "--yes"]).success();
    assert!(
        back.stdout.contains(
            "\nWritten secrets that were not kept have the values of today's app.yaml.\n"
        ),
        "{back}"
    );
    assert!(sandbox.read("manifests/kept/dev/v1_Secret_shop_login.yaml").contains("hunter2-new"));
}

#[test]
fn a_rollback_brings_back_what_modules_gave_as_plain_text() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("plain", "{directory: manifests, secrets: plain}");
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: plain\n");
    sandbox.run("", &["config", "set", "releases.keep", "2"]).success();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let first = contents(&sandbox);
    sandbox.write("dev/app.yaml", "workload: {replicas: 2}\n");
    sandbox.run("dev", &["apply", "--yes"]).success();
    // The modules are not asked for what they gave, and the app is not read.
    sandbox.write("dev/app.yaml", "workload: [");
    let mut command = sandbox.command("dev", &["release", "rollback", "1", "--yes"]);
    let output = command.env("KUSION_CATALOG", sandbox.path("nowhere")).output().unwrap();
    Output::of(&output, &sandbox).success();
    assert_eq!(contents(&sandbox), first);
    assert!(!sandbox.home("releases/shop/plain/dev/1.yaml").exists());
    sandbox.run("dev", &["release", "rollback", "2", "--yes"]).success();
    sandbox.run("dev", &["release", "rollback", "3", "--yes"]).success();
    assert_eq!(contents(&sandbox), first);
}

#[test]
fn a_record_that_does_not_say_where_secrets_come_from_is_not_replayed() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let record = sandbox.home(format!("{RECORDS}/1.yaml"));
    let text = fs::read_to_string(&record).unwrap();
    let (before, rest) = text.split_once("\nsecrets:\n").unwrap();
    let (_, after) = rest.split_once("\nspec:\n").unwrap();
    fs::write(&record, format!("{before}\nspec:\n{after}")).unwrap();
    assert_snapshot!(sandbox.run("dev", &["release", "rollback", "1", "--dry-run"]), @r"
    exit 1
    --- stderr
    error: release 1 does not say where its secrets come from
    hint: an older kusion made it; put app.yaml back and run `kusion apply`
    ");
}

#[test]
fn a_rollback_whose_generated_secrets_are_gone_draws_no_new_ones() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let destroyed = sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(
        destroyed.stdout.contains("\nThe stack's vault is deleted too: generated secrets, and written ones of earlier releases.\n"),
        "{destroyed}"
    );
    let refused = sandbox.run("dev", &["release", "rollback", "1", "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(
        refused.stderr.contains("was generated by an earlier release and is gone from"),
        "{refused}"
    );
    assert!(sandbox.files("manifests").is_empty());
}

#[test]
fn a_rollback_goes_where_the_workspace_says_today() {
    let sandbox = small();
    sandbox.make_workspace("dev", "{directory: old}");
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
    sandbox.run("dev", &["apply", "--yes"]).success();
    let text = sandbox.read("dev.yaml").replace("directory: old", "directory: new");
    sandbox.write("dev.yaml", &text);
    sandbox.run("", &["workspace", "update", "dev", "-f", "dev.yaml"]).success();
    let back = sandbox.run("dev", &["release", "rollback", "1", "--yes"]).success();
    assert!(back.stdout.contains("Rollback complete: 3 created"), "{back}");
    assert!(
        back.stderr.contains(
            "warning: the last release went to directory `old/dev/dev`; what is there stays there\n"
        ) && back.stderr.contains("warning: release 1 went to directory `old/dev/dev`\n"),
        "{back}"
    );
    assert_eq!(sandbox.files("new").len(), sandbox.files("old").len());
}
