//! `kusion release diff` and `unlock`, runs that were killed, and how many releases stay.

use std::process::Command;

use fs_err as fs;
use insta::assert_snapshot;
use kusion_tests::{Sandbox, can_trace};

pub(super) const RECORDS: &str = "releases/shop/default/dev";

/// A stack that was applied twice: with one image and a port, then with another image and none.
pub(super) fn two_releases() -> Sandbox {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:2\"}}}\n",
    );
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox
}

pub(super) fn small() -> Sandbox {
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
            assert!(failed.stdout.contains("What is refused is left out of this plan"), "{failed}");
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
