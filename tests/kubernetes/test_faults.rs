//! Applies and destroys on a bad day: calls that fail, a server that restarts, credentials that end, a namespace
//! that does not go.

use std::thread::sleep;
use std::time::Duration;

use kusion_cluster::{Cluster, Fault, Part, Request, Rule, User};
use serde_json::{Value, json};

use super::stage::{Stage, sandbox};
use crate::crash::seeds::each_seed;

/// How many seeds meet 20 % of calls that fail.
const BAD_DAYS: u64 = 4;
/// The requests that change something, as the proxy knows them.
const DRY_RUN: &str = "dryRun=All";

/// Lets the workload have no pods, which take their time.
fn without_pods(stage: Stage) -> Stage {
    stage.sandbox.edit("app.yaml", "replicas: 2", "replicas: 0");
    stage
}

#[test]
fn with_a_fifth_of_all_calls_failing_an_apply_and_a_destroy_converge() {
    let test = "kubernetes::test_faults::with_a_fifth_of_all_calls_failing_an_apply_and_a_destroy_converge";
    each_seed(test, BAD_DAYS, |seed| {
        let stage = without_pods(Stage::new());
        let proxy = stage.cluster.proxy();
        let stage = stage.through(&proxy);
        let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
        proxy.inject(Rule::sometimes(seed, 20, &Fault::QUICK));
        let failed = || proxy.requests().iter().filter(|request| request.fault.is_some()).count();
        let mut history = String::new();
        for (command, image) in [("apply", "shop:2"), ("apply", "shop:3"), ("destroy", "shop:4")] {
            let app = stage.sandbox.read("app.yaml");
            let before = app.split("image: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
            stage.sandbox.edit("app.yaml", before, image);
            let output = stage.run(&[command, "--yes"]);
            history.push_str(&format!("{command}: {} calls failed\n", failed()));
            if output.code != Some(0) {
                return Err(format!("{history}{output}"));
            }
            let deployment = stage.object("deployment", &stage.workload());
            let is_right = match deployment {
                Some(live) => {
                    command == "apply"
                        && live["spec"]["template"]["spec"]["containers"][0]["image"] == image
                }
                None => command == "destroy",
            };
            if !is_right {
                return Err(format!("{history}the Deployment is not as it shall be\n{output}"));
            }
        }
        Ok(failed() > 0)
    });
}

#[test]
fn a_server_that_restarts_in_the_middle_ends_no_apply() {
    let mut cluster = Cluster::start();
    let proxy = cluster.proxy();
    let project = cluster.namespace();
    let kubeconfig = cluster.kubeconfig_through(&proxy, User::AdminByToken);
    let sandbox = sandbox(&project, &kubeconfig);
    proxy.slow_down(Duration::from_millis(200));
    let running = sandbox.start("dev", &["apply", "--yes"]);
    let changes = || {
        let changes =
            |request: &Request| request.verb == "PATCH" && !request.target.contains(DRY_RUN);
        proxy.requests().iter().filter(|request| changes(request)).count()
    };
    cluster.until("the first change", || changes() >= 1);
    cluster.stop(Part::ApiServer);
    cluster.restart(Part::ApiServer);
    let output = running.end(&sandbox);
    if output.code != Some(0) {
        // On a machine that is busy, a server needs longer to come back than an apply waits.
        assert_eq!(output.code, Some(3), "{output}");
        assert!(output.stderr.contains("cannot reach cluster"), "{output}");
        sandbox.run("dev", &["apply", "--yes"]).success();
    }
    let live = cluster.object("deployment", &project, &format!("{project}-dev-{project}")).unwrap();
    assert_eq!(live["status"]["availableReplicas"], 2);
    sandbox.run("dev", &["destroy", "--yes"]).success();
    assert!(cluster.object("namespace", &project, &project).is_none());
}

#[test]
fn a_token_that_ends_in_the_middle_is_named_and_the_next_run_goes_on() {
    let stage = without_pods(Stage::new());
    let proxy = stage.cluster.proxy();
    let stage = stage.through(&proxy);
    let _ = stage.cluster.kubectl(&["create", "namespace", &stage.project]).expect_ok();
    proxy.slow_down(Duration::from_millis(100));
    // A destroy asks for each of the two objects first whether it may delete it.
    for (command, path, seen) in [("apply", "/deployments/", 1), ("destroy", "", 3)] {
        let mut running = stage.sandbox.start("dev", &[command, "--yes", "--parallelism", "1"]);
        let is_change = |request: &Request| match command {
            "apply" => request.verb == "PATCH" && !request.target.contains(DRY_RUN),
            _ => request.verb == "DELETE",
        };
        let changes = || {
            let requests = proxy.requests().into_iter();
            requests.filter(|request| is_change(request) && request.target.contains(path)).count()
        };
        while changes() < seen {
            assert!(!running.has_ended(), "{}", running.end(&stage.sandbox));
            sleep(Duration::from_millis(5));
        }
        proxy.inject(Rule::always(Fault::Answer(401)));
        let output = running.end(&stage.sandbox);
        assert_eq!(output.code, Some(3), "{output}");
        let told =
            format!("does not accept the credentials of context `{}`", stage.cluster.context());
        assert!(output.stderr.contains(&told), "{output}");
        assert!(output.stderr.contains("the token or certificate may have expired"), "{output}");
        proxy.heal();
        proxy.forget();
        stage.run(&[command, "--yes"]).success();
        assert_eq!(objects(&stage).len(), if command == "apply" { 2 } else { 0 });
    }
}

/// Names the objects of the stack, but the namespace.
fn objects(stage: &Stage) -> Vec<String> {
    let kinds = ["get", "deployments,services,secrets", "--output=json"];
    let list: Value = serde_json::from_str(&stage.kubectl(&kinds)).unwrap();
    let ours = list["items"].as_array().unwrap().iter().filter(|object| {
        object["metadata"]["annotations"]["kusion.io/project"] == json!(stage.project)
    });
    ours.map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect()
}

#[test]
fn a_namespace_that_does_not_go_is_told_with_what_holds_it() {
    let stage = without_pods(Stage::new());
    stage.apply();
    let held = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "held", "namespace": stage.project, "finalizers": ["example.com/hold"]},
    });
    let kubeconfig = stage.cluster.kubeconfig();
    let create = ["create", "-f", "-"];
    let _ = stage.cluster.kubectl_with(&kubeconfig, &create, &held.to_string()).expect_ok();
    let delete = ["delete", "namespace", &stage.project, "--wait=false"];
    let _ = stage.cluster.kubectl(&delete).expect_ok();
    stage.cluster.until("what holds the namespace", || {
        let namespace = stage.object("namespace", &stage.project).unwrap();
        namespace["status"]["conditions"].to_string().contains("example.com/hold")
    });
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.contains("an object of this name is being deleted"), "{preview}");
    for command in ["apply", "destroy"] {
        let output = stage.run(&[command, "--yes", "--timeout", "2s"]);
        assert_eq!(output.code, Some(3), "{output}");
        assert!(output.stderr.contains("v1:Namespace:[project]"), "{output}");
        assert!(output.stderr.contains("is being deleted and was not gone"), "{output}");
        assert!(output.stderr.contains("example.com/hold"), "{output}");
    }
    let release = "{\"metadata\":{\"finalizers\":null}}";
    let _ = stage.kubectl(&["patch", "configmap", "held", "--type=merge", "-p", release]);
    stage.run(&["apply", "--yes"]).success();
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
}
