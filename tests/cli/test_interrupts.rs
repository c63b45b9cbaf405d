//! Runs that are ended from outside, and what the next one finds.

use kusion_tests::{Output, Sandbox};

/// How many databases the example has: enough work for a run to be ended in the middle of it.
const DATABASES: usize = 20;

/// After how many changes a run is ended.
const POINTS: [usize; 5] = [0, 1, 7, 30, 60];

fn big() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    let mut app =
        "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories:\n"
            .to_owned();
    for number in 0..DATABASES {
        app.push_str(&format!("  db{number}: {{module: mysql, type: local, version: \"8.0\"}}\n"));
    }
    sandbox.write("app.yaml", &app);
    // Compiled code is ready after this, so that the runs below spend their time on the target.
    sandbox.run("dev", &["generate"]).success();
    sandbox
}

/// Starts an apply and sends it a signal as soon as it has told of some changes, or at once.
fn ended_after(sandbox: &Sandbox, changes: usize, signal: &str) -> Output {
    let mut run = sandbox.start("dev", &["apply", "--yes", "--parallelism", "1"]);
    run.wait_for_lines(changes);
    run.signal(signal);
    run.end(sandbox)
}

fn phases(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.run("dev", &["release", "list", "-o", "json"]).success().json();
    let releases = list["releases"].as_array().unwrap();
    releases.iter().map(|release| release["phase"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_killed_run_loses_nothing() {
    let sandbox = big();
    for changes in POINTS {
        let killed = ended_after(&sandbox, changes, "-KILL");
        assert_eq!(killed.code, None, "{killed}");
        let next = sandbox.run("dev", &["apply", "--yes"]).success();
        assert!(
            changes == 0 || next.stderr.contains("Recovered "),
            "after {changes}: {killed}\n{next}"
        );
        let settled = sandbox.run("dev", &["preview", "--detailed-exitcode"]);
        assert_eq!(settled.code, Some(0), "after {changes}: {killed}\n{next}\n{settled}");
        assert!(phases(&sandbox).iter().all(|phase| phase == "succeeded" || phase == "failed"));
        sandbox.run("dev", &["destroy", "--yes"]).success();
        assert!(sandbox.files("manifests").is_empty(), "after {changes}");
    }
}

#[test]
fn ctrl_c_ends_with_130_and_a_release_that_is_true() {
    let sandbox = big();
    for (changes, signal) in POINTS.into_iter().skip(1).zip(["-INT", "-TERM", "-INT", "-TERM"]) {
        let run = ended_after(&sandbox, changes, signal);
        assert_eq!(run.code, Some(130), "{run}");
        assert!(run.stderr.contains("Stopping: ") && run.stdout.contains("not begun"), "{run}");
        assert_eq!(phases(&sandbox).last().map(String::as_str), Some("failed"), "{run}");
        let next = sandbox.run("dev", &["apply", "--yes"]).success();
        assert!(!next.stderr.contains("Recovered"), "{run}\n{next}");
        assert_eq!(sandbox.run("dev", &["preview", "--detailed-exitcode"]).code, Some(0), "{run}");
        sandbox.run("dev", &["destroy", "--yes"]).success();
    }
}
