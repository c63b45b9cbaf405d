//! Many runs at once: on one stack one works and the others are told by whom it is held; on several stacks
//! none disturbs another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;
use kusion_tests::{Output, Running, Sandbox, can_trace};

/// How many processes run at once.
const PROCESSES: usize = 10;
/// How long a test waits for what takes a second, before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says whether a run was refused with the whole story: what is held, by whom, for what, since when.
fn is_refused(run: &Output, pids: &BTreeSet<u32>) -> bool {
    let story = || {
        let line = run.stderr.lines().find(|line| line.starts_with("error: "))?;
        let holder = line.strip_prefix(
            "error: `releases/shop/default/dev` is in use by `tester@[host]` (`apply`, process ",
        )?;
        let (pid, since) = holder.split_once(')')?;
        let is_right = pids.contains(&pid.parse().ok()?) && since == " since 2000-01-01T00:00:00Z";
        is_right.then_some(())
    };
    run.code == Some(3) && story().is_some() && run.stderr.contains("hint: wait until it is done")
}

fn settled(sandbox: &Sandbox, stack: &str) {
    let preview = sandbox.run(stack, &["preview", "--detailed-exitcode"]);
    assert_eq!(preview.code, Some(0), "{stack}: {preview}");
}

fn revisions(sandbox: &Sandbox, stack: &str) -> usize {
    let list = sandbox.run(stack, &["release", "list", "-o", "json"]).success();
    assert_eq!(list.stderr, "");
    let list = list.json();
    let releases = list["releases"].as_array().unwrap();
    for (release, revision) in releases.iter().zip(1..) {
        assert_eq!(release["revision"], revision, "{list}");
        assert_eq!(release["phase"], "succeeded", "{list}");
    }
    releases.len()
}

fn no_temporary_file(sandbox: &Sandbox) {
    let left: Vec<_> =
        sandbox.everything().into_iter().filter(|path| path.ends_with(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn of_ten_applies_exactly_one_works_at_a_time() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    for round in 1..=4 {
        sandbox.edit("app.yaml", &format!("shop:{round}"), &format!("shop:{}", round + 1));
        let children: Vec<_> =
            (0..PROCESSES).map(|_| sandbox.start("dev", &["apply", "--yes"])).collect();
        let pids = children.iter().map(Running::id).collect();
        let runs: Vec<Output> = children.into_iter().map(|child| child.end(&sandbox)).collect();
        let applied = runs.iter().filter(|run| run.stdout.contains("Apply complete")).count();
        assert_eq!(applied, 1, "{runs:#?}");
        for run in &runs {
            let is_idle = run.code == Some(0) && run.stdout.contains("No changes");
            let is_applied = run.code == Some(0) && run.stdout.contains("Apply complete");
            assert!(is_idle || is_applied || is_refused(run, &pids), "{run}");
        }
        assert_eq!(revisions(&sandbox, "dev"), round);
        settled(&sandbox, "dev");
        let deployment = "manifests/default/dev/apps+v1_Deployment_shop_shop-dev-shop.yaml";
        assert!(sandbox.read(deployment).contains(&format!("image: shop:{}", round + 1)));
    }
    no_temporary_file(&sandbox);
}

#[test]
fn ten_applies_that_try_again_all_succeed() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["generate"]).success();
    std::thread::scope(|scope| {
        for _ in 0..PROCESSES {
            scope.spawn(|| {
                let begin = Instant::now();
                loop {
                    let run = sandbox.run("dev", &["apply", "--yes"]);
                    if run.code == Some(0) {
                        return;
                    }
                    assert_eq!(run.code, Some(3), "{run}");
                    assert!(begin.elapsed() < PATIENCE, "{run}");
                }
            });
        }
    });
    assert_eq!(revisions(&sandbox, "dev"), 1);
    settled(&sandbox, "dev");
    no_temporary_file(&sandbox);
}

fn passwords(sandbox: &Sandbox, stack: &str) -> BTreeSet<String> {
    let files = sandbox.files(&format!("manifests/plain/{stack}"));
    let texts = files.values().map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned());
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| line.strip_prefix("  password: ")).map(str::to_owned).collect()
}

#[test]
fn two_stacks_of_one_project_never_touch_each_other() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.make_workspace("plain", "{directory: manifests, secrets: plain}");
    sandbox.write("prod/stack.yaml", "name: prod\n");
    let apply = ["apply", "--yes", "--workspace", "plain"];
    let destroy = ["destroy", "--yes", "--workspace", "plain"];
    for stack in ["dev", "prod"] {
        sandbox.run(stack, &apply).success();
    }
    let prod = (sandbox.files("manifests/plain/prod"), passwords(&sandbox, "prod"));
    let dev = passwords(&sandbox, "dev");
    assert!(dev.len() == 1 && prod.1.len() == 1 && dev != prod.1, "{dev:?} {:?}", prod.1);
    // Both are in the namespace `shop`. One comes and goes while the other is applied all the time.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..4 {
                sandbox.run("dev", &destroy).success();
                assert_eq!(sandbox.files("manifests/plain/dev").len(), 0);
                sandbox.run("dev", &apply).success();
            }
        });
        scope.spawn(|| {
            for _ in 0..8 {
                let run = sandbox.run("prod", &apply).success();
                assert!(run.stdout.contains("No changes"), "{run}");
            }
        });
    });
    assert_eq!((sandbox.files("manifests/plain/prod"), passwords(&sandbox, "prod")), prod);
    assert_ne!(passwords(&sandbox, "dev"), prod.1);
    for stack in ["dev", "prod"] {
        let preview = ["preview", "--detailed-exitcode", "--workspace", "plain"];
        assert_eq!(sandbox.run(stack, &preview).code, Some(0));
    }
    no_temporary_file(&sandbox);
}

#[test]
fn first_runs_at_once_share_one_cache_one_key_and_one_workspace() {
    let sandbox = Sandbox::without_cache();
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write(
        "app.yaml",
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories: {mysql: {type: local, version: \"8.0\"}}\n",
    );
    let stacks: Vec<String> = (0..PROCESSES).map(|number| format!("s{number}")).collect();
    for stack in &stacks {
        sandbox.write(&format!("{stack}/stack.yaml"), &format!("name: {stack}\n"));
    }
    let made: Vec<_> =
        stacks.iter().map(|_| sandbox.start("", &["workspace", "create", "default"])).collect();
    let made: Vec<Output> = made.into_iter().map(|child| child.end(&sandbox)).collect();
    assert_eq!(made.iter().filter(|run| run.code == Some(0)).count(), 1, "{made:#?}");
    assert!(made.iter().all(|run| run.code == Some(0) || run.stderr.contains("exists already")));
    let applied: Vec<_> =
        stacks.iter().map(|stack| sandbox.start(stack, &["apply", "--yes"])).collect();
    for child in applied {
        child.end(&sandbox).success();
    }
    for stack in &stacks {
        assert_eq!(revisions(&sandbox, stack), 1);
        settled(&sandbox, stack);
    }
    let key = fs::read_to_string(sandbox.home("key.txt")).unwrap();
    assert_eq!(key.matches("AGE-SECRET-KEY-1").count(), 1);
    let code: Vec<_> =
        sandbox.everything().into_iter().filter(|path| path.ends_with(".code")).collect();
    assert_eq!(code.len(), 2, "{code:?}");
    no_temporary_file(&sandbox);
}

#[test]
fn settings_changed_at_once_are_all_kept() {
    let sandbox = Sandbox::without_cache();
    let keys: Vec<String> =
        (0..PROCESSES).map(|number| format!("backends.b{number}.type")).collect();
    let children: Vec<_> =
        keys.iter().map(|key| sandbox.start("", &["config", "set", key, "local"])).collect();
    for child in children {
        child.end(&sandbox).success();
    }
    for key in &keys {
        assert_eq!(sandbox.run("", &["config", "get", key]).success().stdout, "local\n");
    }
    no_temporary_file(&sandbox);
}

fn databases(sandbox: &Sandbox, image: &str) {
    let mut app = format!(
        "workload: {{module: service, containers: {{main: {{image: \"{image}\"}}}}}}\naccessories:\n"
    );
    for number in 0..20 {
        app.push_str(&format!("  db{number}: {{module: mysql, type: local, version: \"8.0\"}}\n"));
    }
    sandbox.write("app.yaml", &app);
}

/// How many manifests a holder has written when it is stopped.
const WRITTEN: usize = 3;

/// Starts an apply of more than a hundred changes and stops it after the first few, for as long as something else
/// takes.
fn stopped(sandbox: &Sandbox, meanwhile: &mut (dyn FnMut(u32) + Send)) -> Output {
    databases(sandbox, "shop:1");
    sandbox.run("dev", &["generate"]).success();
    sandbox.apply_stopping(WRITTEN + 1, meanwhile)
}

#[test]
fn a_holder_that_is_stopped_is_alive_and_one_that_was_killed_is_not() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new().with_shop();
    let done = stopped(&sandbox, &mut |holder| {
        for verb in ["apply", "destroy"] {
            let refused = sandbox.run("dev", &[verb, "--yes"]);
            assert!(is_refused(&refused, &BTreeSet::from([holder])), "{refused}");
        }
        // Reading needs no lease.
        sandbox.run("dev", &["release", "list"]).success();
        sandbox.run("dev", &["preview"]).success();
    });
    assert!(done.success().stdout.contains("Apply complete"));
    assert_eq!(revisions(&sandbox, "dev"), 1);
    sandbox.run("dev", &["destroy", "--yes"]).success();

    let killed = stopped(&sandbox, &mut |holder| signal(holder, "-KILL"));
    assert_eq!(killed.code, None, "{killed}");
    let next = sandbox.run("dev", &["apply", "--yes"]).success();
    assert!(next.stderr.contains("ecovered"), "{next}");
    settled(&sandbox, "dev");
    no_temporary_file(&sandbox);
}

fn lock_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.home("releases/shop/default/.dev.lock")
}

/// Returns the names of the manifests that are whole, and when each was written.
fn manifests(sandbox: &Sandbox) -> BTreeMap<PathBuf, SystemTime> {
    let files = sandbox.files("manifests").into_iter();
    let whole = files.filter(|(path, _)| path.extension().is_some_and(|end| end == "yaml"));
    whole.map(|(path, (_, written))| (path, written)).collect()
}

#[test]
fn a_holder_whose_lock_file_was_removed_stops_before_its_next_write() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new().with_shop();
    let run = stopped(&sandbox, &mut |_| fs::remove_file(lock_file(&sandbox)).unwrap());
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("the lease of `releases/shop/default/dev` was lost"), "{run}");
    // What was under way when it was stopped is finished, and nothing after it is begun.
    assert_eq!(manifests(&sandbox).len(), WRITTEN + 1, "{run}");
    sandbox.run("dev", &["apply", "--yes"]).success();
    settled(&sandbox, "dev");
    no_temporary_file(&sandbox);
}

#[test]
fn a_holder_that_was_taken_over_changes_nothing_any_more() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new().with_shop();
    let mut before = BTreeMap::new();
    let run = stopped(&sandbox, &mut |_| {
        fs::remove_file(lock_file(&sandbox)).unwrap();
        databases(&sandbox, "shop:2");
        sandbox.run("dev", &["apply", "--yes"]).success();
        before = manifests(&sandbox);
    });
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stderr.contains("the lease of `releases/shop/default/dev` was lost"), "{run}");
    let after = manifests(&sandbox);
    let changed: Vec<_> =
        after.iter().filter(|(path, written)| before.get(*path) != Some(*written)).collect();
    // The call before which it was stopped was already on its way.
    assert_eq!(changed.len(), 1, "{changed:?}");
    sandbox.run("dev", &["apply", "--yes"]).success();
    settled(&sandbox, "dev");
    no_temporary_file(&sandbox);
}

fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "cannot send {signal}");
}
