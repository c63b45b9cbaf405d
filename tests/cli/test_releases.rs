//! `kusion release diff`, `rollback` and `unlock`, and how many releases stay.

use std::process::Command;

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::{Output, Sandbox, can_trace};

const RECORDS: &str = "releases/shop/default/dev";

/// A stack that was applied twice: with one image and a port, then with another image and none.
fn two_releases() -> Sandbox {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:2\"}}}\n",
    );
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox
}

fn small() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write("app.yaml", "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories: {network: {ports: [{port: 80}]}}\n");
    sandbox
}

/// A stack with enough resources for an apply to be met in the middle.
fn big() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    let mut app =
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories:\n"
            .to_owned();
    for number in 0..20 {
        app.push_str(&format!("  db{number}: {{module: mysql, type: local, version: \"8.0\"}}\n"));
    }
    sandbox.write("app.yaml", &app);
    sandbox.run("dev", &["generate"]).success();
    sandbox
}

/// Starts an apply and kills it when it is about to write the manifest of this number.
fn killed(sandbox: &Sandbox, manifest: usize) {
    let killed = sandbox.apply_stopping(manifest, &mut kill);
    assert_eq!(killed.code, None, "{killed}");
}

fn kill(process: u32) {
    let sent = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn a_diff_shows_what_a_release_changed() {
    let sandbox = two_releases();
    let diff = sandbox.run("dev", &["release", "diff"]).success().stdout;
    let (before, rest) = diff.split_once("sha256:").unwrap();
    assert_snapshot!(format!("{before}[digest]{}", rest.split_at(12).1), @r"
    Release 2 compared with release 1

    Module network: 0.1.0 ([digest]) -> (not used)

       ID                                     ACTION  REASON
    ~  apps/v1:Deployment:shop:shop-dev-shop  update
    -  v1:Service:shop:shop-dev-shop-private  delete

    ~ apps/v1:Deployment:shop:shop-dev-shop
        from workload of app `shop` (module `service`)
        spec.template.spec.containers[main].image: shop:1 -> shop:2

    0 created, 1 changed, 1 removed.
    ");
    assert_eq!(sandbox.run("dev", &["release", "diff", "1"]).success().stdout, diff);
    assert_eq!(sandbox.run("dev", &["release", "diff", "1", "2"]).success().stdout, diff);
    let back = sandbox.run("dev", &["release", "diff", "2", "1"]).success().stdout;
    assert!(back.contains("image: shop:2 -> shop:1"), "{back}");
    assert_snapshot!(sandbox.run("dev", &["release", "diff", "2", "2"]), @r"
    exit 0
    --- stdout
    Release 2 compared with release 2

    No differences.
    ");

    let json = sandbox.run("dev", &["release", "diff", "-o", "json"]).success().json();
    for (pointer, expected) in [
        ("/formatVersion", "1"),
        ("/from", "1"),
        ("/to", "2"),
        ("/modules/0/name", "\"network\""),
        ("/modules/0/new", "null"),
        ("/plan/steps/0/changes/0/new", "\"shop:2\""),
        ("/plan/summary/delete", "1"),
    ] {
        let found = json.pointer(pointer).map(ToString::to_string);
        assert_eq!(found.as_deref(), Some(expected), "{pointer} of {json:#}");
    }
}

#[test]
fn a_diff_of_releases_that_are_not_there_names_the_newest() {
    let sandbox = small();
    assert_snapshot!(sandbox.run("dev", &["release", "diff"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no release 1
    hint: the stack was never applied
    ");
    sandbox.run("dev", &["apply", "--yes"]).success();
    assert_snapshot!(sandbox.run("dev", &["release", "diff"]), @r"
    exit 1
    --- stderr
    error: release 1 of shop/dev in workspace default has none before it to compare with
    hint: name both releases, as in `kusion release diff 1 2`; `kusion release list` shows them
    ");
    assert_snapshot!(sandbox.run("dev", &["release", "diff", "7", "1"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no release 7
    hint: the newest release is 1
    ");
}

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

#[test]
fn a_killed_apply_is_recovered_once_and_explained() {
    if !can_trace() {
        return;
    }
    let sandbox = big();
    killed(&sandbox, 8);
    let unlocked = sandbox.run("dev", &["release", "unlock"]).success();
    assert!(
        unlocked.stdout.starts_with("Recovered ")
            && unlocked.stdout.contains(" resources of release 1, an apply that tester@[host] began at 2000-01-01T00:00:00Z and did not finish: ")
            && unlocked.stdout.ends_with(".\n"),
        "{unlocked}"
    );
    assert_snapshot!(sandbox.run("dev", &["release", "unlock"]), @r"
    exit 0
    --- stdout
    shop/dev in workspace default is not locked, and no interrupted run left anything.
    ");
    killed(&sandbox, 8);
    let next = sandbox.run("dev", &["apply", "--yes", "-o", "json"]).success().json();
    let recovered = &next["recovered"];
    let number =
        |key: &str| recovered[key].as_u64().unwrap_or_else(|| panic!("{key} of {recovered:#}"));
    assert_eq!((number("revision"), recovered["operation"].as_str()), (2, Some("apply")));
    assert!(number("resources") >= 7, "{recovered:#}");
    assert_eq!(number("confirmed") + number("uncertain"), number("resources"));
    let settled = sandbox.run("dev", &["apply", "--yes", "-o", "json"]).success().json();
    assert!(settled["recovered"].is_null(), "{settled:#}");
}

#[test]
fn an_unlock_removes_what_is_half_written_and_wants_a_workspace_that_exists() {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let left = [
        sandbox.home(".kusion-dead.tmp"),
        sandbox.home(format!("{RECORDS}/.kusion-dead.tmp")),
        sandbox.path("manifests/default/dev/.kusion-dead.tmp"),
    ];
    left.iter().for_each(|path| fs::write(path, "half").unwrap());
    sandbox.run("dev", &["release", "unlock"]).success();
    assert!(left.iter().all(|path| !path.exists()));
    let nowhere = sandbox.run("dev", &["release", "unlock", "--workspace", "nowhere"]);
    assert_eq!(nowhere.code, Some(1), "{nowhere}");
    assert!(nowhere.stderr.contains("`nowhere`"), "{nowhere}");
    assert!(!sandbox.home("releases/shop/nowhere").exists());
}

#[test]
fn a_recovery_is_told_even_if_the_run_then_fails() {
    if !can_trace() {
        return;
    }
    let sandbox = big();
    for arguments in [&["apply", "--yes"][..], &["destroy", "--yes", "-o", "json"]] {
        killed(&sandbox, 4);
        let files = sandbox.files("manifests");
        let mut manifests =
            files.keys().filter(|path| path.extension().is_some_and(|e| e == "yaml"));
        let (manifest, aside) = (manifests.next().unwrap(), sandbox.path("aside"));
        fs::rename(manifest, &aside).unwrap();
        fs::create_dir(manifest).unwrap();
        let failed = sandbox.run("dev", arguments);
        fs::remove_dir(manifest).unwrap();
        fs::rename(&aside, manifest).unwrap();
        assert!(failed.code.is_some_and(|code| code != 0), "{failed}");
        assert!(failed.stderr.starts_with("Recovered "), "{failed}");
        assert!(failed.stderr.contains("error: "), "{failed}");
        if arguments.contains(&"json") {
            let document = failed.json();
            assert_eq!(document["recovered"]["operation"], "apply", "{document:#}");
            assert_eq!(document["kind"], "Destroy", "{document:#}");
        } else {
            assert_eq!(failed.stdout, "");
        }
        let next = sandbox.run("dev", &["apply", "--dry-run"]).success();
        assert!(!next.stderr.contains("interrupted"), "{next}");
    }
}

#[test]
fn whoever_only_looks_takes_no_lease_and_writes_nothing() {
    if !can_trace() {
        return;
    }
    let sandbox = big();
    let run = sandbox.apply_stopping(4, &mut |process| {
        let held = sandbox.run("dev", &["release", "unlock"]);
        assert_eq!(held.code, Some(3), "{held}");
        let begin =
            "error: shop/dev in workspace default is in use by `tester@[host]` (`apply`, process ";
        let end = format!(
            "{process}) since 2000-01-01T00:00:00Z\n\
             hint: wait until it is done\n\
             hint: or end that process: its lock goes with it, and the next run recovers what it left\n"
        );
        assert_eq!(held.stderr, format!("{begin}{end}"));
        for arguments in [
            &["apply", "--dry-run"][..],
            &["destroy", "--dry-run"],
            &["release", "rollback", "1", "--dry-run"],
        ] {
            let looked = sandbox.run("dev", arguments).success();
            assert!(
                looked.stderr.contains(
                    "warning: release 1 is applying: somebody is at work, or a run was interrupted\n"
                ),
                "{looked}"
            );
        }
        kill(process);
    });
    assert_eq!(run.code, None, "{run}");
    let records = || {
        let names = fs::read_dir(sandbox.home(RECORDS)).unwrap();
        names.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let before = records();
    sandbox.run("dev", &["apply", "--dry-run"]).success();
    assert_eq!(records(), before, "a look recovered");
}

#[test]
fn a_run_whose_lease_was_taken_away_stops_and_says_what_it_did() {
    if !can_trace() {
        return;
    }
    let sandbox = big();
    let lock = sandbox.home("releases/shop/default/.dev.lock");
    let run = sandbox.apply_stopping(2, &mut |_| fs::remove_file(&lock).unwrap());
    assert_eq!(run.code, Some(3), "{run}");
    assert!(
        run.stderr.ends_with(
            "error: release 1 was cut short\n\
             cause: the lease of `releases/shop/default/dev` was lost\n\
             hint: run the command again; it goes on from what is recorded\n"
        ),
        "{run}"
    );
    assert!(
        run.stdout.contains("\nApply incomplete: ") && run.stdout.ends_with(" Release 1.\n"),
        "{run}"
    );
    let next = sandbox.run("dev", &["apply", "--yes"]).success();
    assert!(next.stderr.starts_with("Recovered "), "{next}");
    assert_eq!(sandbox.run("dev", &["preview", "--detailed-exitcode"]).code, Some(0));
}

#[test]
fn as_many_releases_stay_as_wanted() {
    let sandbox = small();
    sandbox.run("", &["config", "set", "releases.keep", "2"]).success();
    assert_snapshot!(sandbox.run("", &["config", "get", "releases.keep"]), @r"
    exit 0
    --- stdout
    2
    ");
    for image in 1..=4 {
        sandbox.write(
            "app.yaml",
            &format!(
                "workload: {{module: service, containers: {{main: {{image: \"shop:{image}\"}}}}}}\n"
            ),
        );
        let applied = sandbox.run("dev", &["apply", "--yes", "-o", "json"]).success().json();
        let pruned: Vec<i32> = (image > 2).then_some(image - 2).into_iter().collect();
        assert_eq!(applied["pruned"], serde_json::json!(pruned), "{applied:#}");
    }
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE      RESOURCES  CREATED               BY
    3         apply      succeeded  2          2000-01-01T00:00:00Z  tester@[host]
    4         apply      succeeded  2          2000-01-01T00:00:00Z  tester@[host]
    ");
    assert_snapshot!(sandbox.run("", &["config", "set", "releases.keep", "none"]), @r"
    exit 1
    --- stderr
    error: `none` is no value for `releases.keep`: expected a number of at least 1
    ");
}

#[test]
fn a_damaged_record_is_listed_as_such() {
    let sandbox = two_releases();
    fs::write(sandbox.home(format!("{RECORDS}/1.yaml")), "{").unwrap();
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stdout
    REVISION  OPERATION  PHASE       RESOURCES  CREATED               BY
    1         -          unreadable  -          -                     -
    2         apply      succeeded   2          2000-01-01T00:00:00Z  tester@[host]
    --- stderr
    warning: record `releases/shop/default/dev/1.yaml` is damaged
    ");
    let list = sandbox.run("dev", &["release", "list", "-o", "json"]).success().json();
    assert_eq!(
        list["releases"][0]["error"],
        "record `releases/shop/default/dev/1.yaml` is damaged"
    );
    assert_eq!(list["releases"][1]["phase"], "succeeded");
}

#[test]
fn what_a_newer_kusion_wrote_is_refused() {
    let sandbox = two_releases();
    for (path, old, new, arguments) in [
        (format!("{RECORDS}/2.yaml"), "formatVersion: 1", "formatVersion: 2", &["preview"][..]),
        (
            "workspaces/default.yaml".to_owned(),
            "# formatVersion: 1",
            "# formatVersion: 2",
            &["preview"],
        ),
        ("config.yaml".to_owned(), "formatVersion: 1", "formatVersion: 2", &["preview"]),
        (
            "releases/shop/default/.dev.lease".to_owned(),
            "\"formatVersion\":1",
            "\"formatVersion\":2",
            &["apply", "--yes"],
        ),
    ] {
        let path = sandbox.home(path);
        sandbox.run("", &["config", "set", "workspace", "default"]).success();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{}: {text}", path.display());
        fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let refused = sandbox.run("dev", arguments);
        assert_eq!(refused.code, Some(3), "{refused}");
        assert!(
            refused.stderr.contains(" was written by a newer kusion\nhint: upgrade kusion\n"),
            "{refused}"
        );
        fs::write(&path, text).unwrap();
    }
}
