//! How a run waits, and what it tells about what does not come to work.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use insta::assert_snapshot;
use kusion_cluster::{Cluster, Fault, Rule, User};
use kusion_tests::Sandbox;
use serde_json::Value;

use super::stage::{Stage, target};

/// Makes the pods of the app meet a fate, by the annotation that the test cluster obeys.
fn with_pods(fate: &str) -> Stage {
    let stage = Stage::new();
    let annotated = format!("  replicas: 1\n  annotations: {{kusion.test/pod: {fate}}}\n");
    stage.sandbox.edit("app.yaml", "  replicas: 2\n", &annotated);
    stage
}

/// Returns the lines about the failure, without what differs from run to run.
fn told(stderr: &str) -> String {
    let mut lines = stderr.lines().skip_while(|line| !line.trim_start().starts_with("failed"));
    let mut told: Vec<String> = lines.next().map(str::to_owned).into_iter().collect();
    told.extend(lines.take_while(|line| line.starts_with("    ")).map(str::to_owned));
    let random = |name: &str| name.starts_with("[project]-dev-[project]-");
    // Warnings of one second have no order.
    if let Some(first) = told.iter().position(|line| line.starts_with("    warning")) {
        told[first..].sort();
    }
    let mut text = String::new();
    for line in told {
        let parts = line.split('`').map(|part| if random(part) { "[pod]" } else { part });
        let line = parts.collect::<Vec<_>>().join("`");
        text.push_str(line.strip_prefix("  ").unwrap_or(&line));
        text.push('\n');
    }
    text
}

#[test]
fn a_rollout_that_fails_is_told_with_its_condition_its_pods_and_the_last_warnings() {
    let stage = with_pods("image");
    let output = stage.run(&["apply", "--yes", "--timeout", "14s"]);
    assert_eq!(output.code, Some(3), "{output}");
    assert_snapshot!(told(&output.stderr), @r#"
    failed apps/v1:Deployment:[project]:[project]-dev-[project]: resource `apps/v1:Deployment:[project]:[project]-dev-[project]` is not ready: 0 of 1 replicas available (waited 14 s)
      condition Available is False: MinimumReplicasUnavailable: Deployment does not have minimum availability
      pod `[pod]`: container `main`: ImagePullBackOff: Back-off pulling image "shop:1", image `shop:1`
      warning Failed: Error: ErrImagePull (Pod `[pod]`)
      warning Failed: Failed to pull image: not found (Pod `[pod]`)
    "#);
    assert!(output.stdout.contains("1 not ready"), "{output}");
    // Meanwhile it was told what the pods say.
    assert!(output.stderr.contains("replicas available; pod `"), "{output}");
}

#[test]
fn programs_get_the_explanation_of_a_failure_in_parts() {
    let stage = with_pods("fail");
    let output = stage.run(&["apply", "--yes", "--timeout", "12s", "--output", "json"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(3), ""), "{output}");
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    let known = &document["outcome"]["failures"][0]["explanation"];
    assert_eq!(known["condition"]["type"], "Available", "{known:#}");
    assert_eq!(known["pods"][0]["reason"], "CrashLoopBackOff", "{known:#}");
    assert_eq!(known["pods"][0]["exitCode"], 1, "{known:#}");
    assert_eq!(known["events"][0]["reason"], "BackOff", "{known:#}");
}

#[test]
fn a_job_that_has_failed_ends_the_waiting_at_once() {
    let stage = Stage::new();
    stage.sandbox.write(
        "app.yaml",
        "workload:\n  module: job\n  annotations: {kusion.test/pod: fail}\n  containers: {main: {image: task:1}}\n",
    );
    let mut running = stage.sandbox.start("dev", &["apply", "--yes", "--timeout", "10m"]);
    let _ = running.wait_for("  waiting batch/v1:Job:");
    let job = stage.kubectl(&["get", "jobs", "--output=name"]);
    let never_again = "{\"spec\":{\"backoffLimit\":0}}";
    let _ = stage.kubectl(&["patch", job.trim(), "--type=merge", "-p", never_again]);
    let output = running.end(&stage.sandbox);
    assert_eq!(output.code, Some(3), "{output}");
    let told = "is not ready: BackoffLimitExceeded: Job has reached the specified backoff limit\n";
    assert!(output.stderr.contains(told), "{output}");
    assert!(output.stderr.contains("    pod `"), "{output}");
    assert!(output.stderr.contains(": container `main`: Error, exit code 1\n"), "{output}");
}

/// Makes a project whose platform says when Deployments work.
fn with_policy(cel: &str) -> Stage {
    let stage = Stage::new();
    let kubeconfig = stage.cluster.kubeconfig();
    let policy = format!("{{apiVersion: apps/v1, kind: Deployment, cel: \"{cel}\"}}");
    let text = format!(
        "modules:\n  network: {{}}\n  service:\n    configs:\n      default:\n        healthPolicy: {policy}\ntargets: {{kubernetes: {}}}\n",
        target(&kubeconfig)
    );
    stage.sandbox.write("policy.yaml", &text);
    stage.sandbox.run("", &["workspace", "create", "policy", "-f", "policy.yaml"]).success();
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: policy\n");
    stage
}

#[test]
fn an_object_with_a_health_policy_works_when_its_expression_is_true() {
    let stage = with_policy("object.metadata.labels.state == 'done'");
    let mut running = stage.sandbox.start("dev", &["apply", "--yes"]);
    let line = running.wait_for("health policy");
    let reason = ": its health policy cannot be judged: the object has no `state` here\n";
    assert!(line.ends_with(reason), "{line}");
    let workload = stage.workload();
    let _ = stage.kubectl(&["label", "deployment", &workload, "state=begun"]);
    let line = running.wait_for("health policy does not hold");
    assert!(line.ends_with(": `object.metadata.labels.state == 'done'`\n"), "{line}");
    let _ = stage.kubectl(&["label", "--overwrite", "deployment", &workload, "state=done"]);
    let output = running.end(&stage.sandbox);
    assert_eq!(output.code, Some(0), "{output}");
    assert!(output.stderr.contains("  ready apps/v1:Deployment:"), "{output}");
}

#[test]
fn what_holds_a_deletion_back_is_told_and_an_interruption_does_not_wait_for_it() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let finalizers = |list: &str| {
        let patch = format!("{{\"metadata\":{{\"finalizers\":{list}}}}}");
        let _ = stage.kubectl(&["patch", "deployment", &workload, "--type=merge", "-p", &patch]);
    };
    finalizers("[\"example.com/hold\"]");
    let mut running = stage.sandbox.start("dev", &["destroy", "--yes"]);
    let line = running.wait_for("  waiting apps/v1:Deployment:");
    let held = "it is being deleted and waits for `example.com/hold`";
    assert!(line.contains(held), "{line}");
    // Whoever signals the process and its group signals twice, and means it once.
    running.signal("-INT");
    running.signal("-INT");
    let output = running.end(&stage.sandbox);
    assert_eq!(output.code, Some(130), "{output}");
    assert!(output.stdout.contains(" 1 being deleted. Release 2.\n"), "{output}");
    let left = output.stderr.lines().find(|line| line.starts_with("  leaving apps/v1:Deployment:"));
    assert!(left.is_some_and(|line| line.contains(held)), "{output}");
    assert!(output.stderr.contains("Interrupt again to stop at once."), "{output}");
    assert!(output.stderr.contains("run `kusion destroy` again to see it gone"), "{output}");
    finalizers("null");
    stage.run(&["destroy", "--yes"]).success();
    assert!(stage.object("namespace", &stage.project).is_none());
}

#[test]
fn an_interrupted_apply_says_what_was_not_ready() {
    let stage = with_pods("unready");
    let mut running = stage.sandbox.start("dev", &["apply", "--yes"]);
    let _ = running.wait_for("  waiting apps/v1:Deployment:");
    running.signal("-INT");
    let output = running.end(&stage.sandbox);
    assert_eq!(output.code, Some(130), "{output}");
    assert!(output.stdout.contains("3 created, 0 updated, 0 deleted, 1 not ready."), "{output}");
    assert!(output.stderr.contains("  not ready apps/v1:Deployment:"), "{output}");
    let hint = "hint: all changes were made; run `kusion apply` again to wait until they work\n";
    assert!(output.stderr.ends_with(hint), "{output}");

    let note = "Release 1 failed: run `kusion apply`, which waits, and puts it on record as succeeded once everything works.\n";
    let unchanged = "No changes: everything is as the configuration says.\n";
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.ends_with(&format!("{unchanged}{note}")), "{preview}");
    let still = stage.run(&["apply", "--yes", "--timeout", "2s"]);
    assert_eq!(still.code, Some(3), "{still}");
    let incomplete = "\nApply incomplete: 0 created, 0 updated, 0 deleted, 1 not ready.\n";
    assert!(still.stdout.ends_with(incomplete), "{still}");
    let _ = stage.kubectl(&["annotate", "pods", "--all", "--overwrite", "kusion.test/pod=ready"]);
    let again = stage.apply();
    assert!(again.stderr.contains("Release 1 had failed; everything works now"), "{again}");
    let preview = stage.run(&["preview"]).success();
    assert!(preview.stdout.ends_with(unchanged), "{preview}");
}

#[test]
fn objects_of_a_kind_share_one_watch_that_outlives_what_ends_it() {
    let cluster = Cluster::shared();
    let proxy = cluster.proxy();
    let stage = Stage::new();
    let kubeconfig = cluster.kubeconfig_through(&proxy, User::AdminByToken);
    stage.sandbox.make_workspace("proxied", &target(&kubeconfig));
    stage.sandbox.write("dev/stack.yaml", "name: dev\nworkspace: proxied\n");
    let app = |name: &str| {
        format!(
            "name: {name}\nworkload:\n  module: service\n  annotations: {{kusion.test/after: 4s}}\n  containers: {{main: {{image: shop:1}}}}\n"
        )
    };
    stage.sandbox.write("app.yaml", &["a", "b", "c", "d"].map(app).join("---\n"));
    let watches = "deployments?watch=true";
    let old = Rule::always(Fault::Answer(410)).verb("GET").to(watches).times(1);
    let lost = Rule::always(Fault::Half).verb("GET").to(watches).times(1);
    let absent = Rule::always(Fault::Answer(503)).verb("GET").to(watches).times(1);
    [old, absent, lost].into_iter().for_each(|rule| proxy.inject(rule));
    stage.apply();
    assert!(proxy.count("GET", watches) >= 3, "{:?}", proxy.requests());
    let alone = proxy.count("GET", "fieldSelector=metadata.name");
    assert_eq!(alone, 0, "{:?}", proxy.requests());
}

#[test]
fn a_port_that_cannot_be_forwarded_is_told_before_anything_is_applied() {
    let stage = Stage::new();
    let refused = |port: &str| {
        let output = stage.run(&["apply", "--yes", "--port-forward", port]);
        assert!(stage.object("namespace", &stage.project).is_none(), "{output}");
        output
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_use = refused(&format!("{}:80", taken.local_addr().unwrap().port()));
    assert_eq!(in_use.code, Some(3), "{in_use}");
    assert!(in_use.stderr.contains("of this machine\ncause: Address already in use"), "{in_use}");
    let unknown = refused(":81");
    assert_eq!(unknown.code, Some(1), "{unknown}");
    assert!(unknown.stderr.contains("error: no Service of the stack has port 81\n"), "{unknown}");
    assert!(unknown.stderr.contains("-private` port 80\n"), "{unknown}");
    assert_eq!(refused("http").code, Some(64));
}

#[test]
fn ports_are_forwarded_and_changes_shown_until_somebody_interrupts() {
    let stage = Stage::new();
    let arguments = ["apply", "--yes", "--watch", "--port-forward", ":80"];
    let mut running = stage.sandbox.start("dev", &arguments);
    let line = running.wait_for("Forwarding 127.0.0.1:");
    let port: u16 = line.split([':', ' ']).nth(2).unwrap().parse().unwrap();
    let echo = |text: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    };
    assert_eq!(echo("hello"), "hello");
    // The pods it went to go, and the next connection finds their successors.
    let _ = stage.kubectl(&["delete", "pods", "--all"]);
    let line = running.wait_for("  waiting apps/v1:Deployment:");
    assert!(line.contains("replicas"), "{line}");
    let _ = running.wait_for("  ready apps/v1:Deployment:");
    assert_eq!(echo("again"), "again");
    running.signal("-INT");
    assert_eq!(running.end(&stage.sandbox).code, Some(0));
}

#[test]
fn changes_are_shown_without_forwarded_ports_too() {
    let stage = Stage::new();
    let mut running = stage.sandbox.start("dev", &["apply", "--yes", "--watch"]);
    let _ = running.wait_for("Press Ctrl-C to end.");
    let _ = stage.kubectl(&["scale", "deployment", &stage.workload(), "--replicas=1"]);
    let _ = running.wait_for(": it works with 1 replicas, and 2 are configured");
    let _ = stage.kubectl(&["delete", "services", "--all"]);
    let line = running.wait_for("  failed v1:Service:");
    assert!(line.contains("deleted"), "{line}");
    running.signal("-INT");
    assert_eq!(running.end(&stage.sandbox).code, Some(0));
}

#[test]
fn a_directory_has_no_ports() {
    let sandbox = Sandbox::new().with_shop();
    assert_snapshot!(sandbox.run("dev", &["apply", "--yes", "--port-forward", ":80"]), @"
    exit 1
    --- stderr
    error: nothing runs in directory `manifests/default/dev`, so no port of it can be reached
    hint: leave `--port-forward` out, or apply to a cluster
    ");
}
