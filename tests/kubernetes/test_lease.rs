//! Two users whose records are in different places, and one stack.

use std::path::Path;

use kusion_cluster::{Fault, Proxy, Rule, User};
use kusion_tests::Running;
use serde_json::{Value, json};

use super::stage::{Stage, target};

/// Begins an apply that waits for pods which do not become ready, and returns once it holds the stack's Lease.
fn waiting(stage: &Stage) -> Running {
    stage.sandbox.edit(
        "app.yaml",
        "  replicas: 2\n",
        "  replicas: 2\n  annotations: {kusion.test/pod: unready}\n",
    );
    let run = stage.sandbox.start("dev", &["apply", "--yes"]);
    stage.cluster.until("the run holds the Lease", || {
        lease(stage).is_some_and(|lease| lease["spec"]["holderIdentity"].is_string())
            && stage.object("deployment", &stage.workload()).is_some()
    });
    run
}

/// Returns the Lease of the only stack in the project's namespace.
fn lease(stage: &Stage) -> Option<Value> {
    let list = stage.kubectl(&["get", "leases", "--output=json"]);
    let list: Value = serde_json::from_str(&list).unwrap();
    list["items"].as_array().unwrap().first().cloned()
}

/// Writes the specification of the Lease.
fn write_lease(stage: &Stage, specification: &Value) {
    let lease = lease(stage).unwrap();
    let name = lease["metadata"]["name"].as_str().unwrap();
    let patch = json!({"spec": specification}).to_string();
    let _ = stage.kubectl(&["patch", "lease", name, "--type=merge", "--patch", &patch]);
}

fn of_bob(renewed: &str) -> Value {
    json!({
        "holderIdentity": "bob@desk (destroy)", "leaseDurationSeconds": 3600,
        "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": renewed,
    })
}

/// Makes the stage reach its cluster through a proxy.
fn through(stage: &Stage, proxy: &Proxy) {
    let kubeconfig = stage.cluster.kubeconfig_through(proxy, User::AdminByToken);
    use_kubeconfig(stage, &kubeconfig);
}

fn use_kubeconfig(stage: &Stage, kubeconfig: &Path) {
    stage.sandbox.make_workspace("proxied", &target(kubeconfig));
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: proxied\n");
}

#[test]
fn of_two_users_one_is_told_by_whom_the_stack_is_held() {
    let first = Stage::new();
    let run = waiting(&first);
    let second = Stage::named(first.cluster, first.project.clone());
    for arguments in [&["apply", "--yes"][..], &["destroy", "--yes"], &["release", "unlock"]] {
        let refused = second.run(arguments);
        assert_eq!(refused.code, Some(3), "{refused}");
        let held = "error: stack `dev` of project `[project]` in workspace `default` is in use by \
                    `tester@[host]` (`apply`) since ";
        assert!(refused.stderr.starts_with(held), "{refused}");
        assert!(refused.stderr.contains("hint: if that run has died, it keeps others out until "));
    }
    second.run(&["preview"]).success();

    run.signal("-INT");
    let stopped = run.end(&first.sandbox);
    assert_eq!(stopped.code, Some(130), "{stopped}");
    let free = lease(&first).unwrap();
    assert_eq!(free["spec"].get("holderIdentity"), None, "{free:#}");
    second.run(&["apply", "--yes", "--no-wait"]).success();
    assert_eq!(lease(&first).unwrap()["spec"]["leaseTransitions"], 1);
}

#[test]
fn whoever_was_killed_goes_on_at_once() {
    let stage = Stage::new();
    let run = waiting(&stage);
    run.signal("-KILL");
    assert_eq!(run.end(&stage.sandbox).code, None);
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    let again = stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert!(again.stderr.starts_with("Recovered "), "{again}");
    let free = lease(&stage).unwrap();
    assert_eq!(free["spec"].get("holderIdentity"), None, "{free:#}");

    stage.sandbox.edit("app.yaml", "shop:2", "shop:3");
    let run = stage.sandbox.start("dev", &["apply", "--yes"]);
    stage.cluster.until("the run holds the Lease", || {
        lease(&stage).is_some_and(|lease| lease["spec"]["holderIdentity"].is_string())
    });
    run.signal("-KILL");
    assert_eq!(run.end(&stage.sandbox).code, None);
    let unlocked = stage.run(&["release", "unlock"]).success();
    let freed = "An interrupted run does not keep others out of the target any more.\n";
    assert!(unlocked.stdout.ends_with(freed), "{unlocked}");
    let free = lease(&stage).unwrap();
    assert_eq!(free["spec"].get("holderIdentity"), None, "{free:#}");
}

#[test]
fn a_lease_of_somebody_else_counts_until_it_ends() {
    let stage = Stage::new();
    stage.apply();
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    write_lease(&stage, &of_bob("2099-01-01T00:00:00.000000Z"));
    let refused = stage.run(&["apply", "--yes"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(
        refused.stderr.contains("is in use by `bob@desk` (`destroy`) since 2000-01-01T00:00:00Z\n"),
        "{refused}"
    );
    write_lease(&stage, &of_bob("2026-01-01T00:00:00.000000Z"));
    stage.apply();
    // What has nothing to do takes nothing.
    let before = lease(&stage).unwrap();
    stage.apply();
    assert_eq!(lease(&stage).unwrap(), before);
}

#[test]
fn a_run_that_is_refused_when_it_takes_the_lease_leaves_no_release() {
    let stage = Stage::new();
    stage.apply();
    stage.sandbox.edit("app.yaml", "shop:1", "shop:2");
    let refused = stage.sandbox.at_terminal("dev", "apply", &[], |_| {
        write_lease(&stage, &of_bob("2099-01-01T00:00:00.000000Z"));
        Some("yes")
    });
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stdout.contains("is in use by `bob@desk` (`destroy`)"), "{refused}");
    let list = stage.sandbox.run("dev", &["release", "list", "-o", "json"]).success().json();
    assert_eq!(list["releases"].as_array().map(Vec::len), Some(1), "{list:#}");
    write_lease(&stage, &of_bob("2026-01-01T00:00:00.000000Z"));
    stage.apply();
}

#[test]
fn a_holder_that_was_taken_over_stops_before_its_next_change() {
    let stage = Stage::new();
    let proxy = stage.cluster.proxy();
    through(&stage, &proxy);
    stage.apply();
    // The service goes at the end, after the pods became ready.
    stage.sandbox.edit("app.yaml", "accessories:\n  network: {ports: [{port: 80}]}\n", "");
    let run = waiting(&stage);
    // A holder reads the Lease only once a renewal was refused.
    let looks = || proxy.count("GET", "/leases/");
    let before = looks();
    write_lease(&stage, &of_bob("2099-01-01T00:00:00.000000Z"));
    stage.cluster.until("the run knows that it lost the Lease", || looks() > before);
    let workload = stage.workload();
    stage.cluster.until("the pods are ready", || {
        let _ =
            stage.kubectl(&["annotate", "pods", "--all", "--overwrite", "kusion.test/pod=ready"]);
        let status = stage.object("deployment", &workload).unwrap()["status"].clone();
        status["updatedReplicas"] == 2
            && status["availableReplicas"] == 2
            && status["replicas"] == 2
    });
    let ended = run.end(&stage.sandbox);
    assert_eq!(ended.code, Some(3), "{ended}");
    assert!(ended.stderr.contains("`bob@desk` (`destroy`) has it"), "{ended}");
    assert!(!services(&stage).is_empty());

    write_lease(&stage, &of_bob("2026-01-01T00:00:00.000000Z"));
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert_eq!(services(&stage), "");
}

fn services(stage: &Stage) -> String {
    stage.kubectl(&["get", "services", "--output=name"])
}

#[test]
fn who_may_not_write_leases_is_warned_and_works_all_the_same() {
    let stage = Stage::new();
    let proxy = stage.cluster.proxy();
    through(&stage, &proxy);
    proxy.inject(Rule::always(Fault::Answer(403)).to("/leases"));
    let applied = stage.run(&["apply", "--yes", "--no-wait"]).success();
    let warning = "warning: cannot keep others from changing stack `dev` of project `[project]` in \
                   workspace `proxied` at the same time\n";
    assert!(applied.stderr.contains(warning), "{applied}");
    assert!(applied.stderr.contains("delete `leases` in namespace `[project]`"), "{applied}");
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
}
