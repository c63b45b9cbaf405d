//! What somebody changed in the cluster is told apart from what the developer changed.

use serde_json::json;

use super::stage::Stage;

#[test]
fn drift_is_shown_apart_with_who_did_it_and_repaired() {
    let stage = Stage::new();
    stage.apply();
    let clean = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(clean.code, Some(0), "{clean}");
    assert!(clean.stdout.ends_with("No drift: everything is as release 1 left it.\n"), "{clean}");

    let workload = stage.workload();
    let _ = stage.kubectl(&["scale", "deployment", &workload, "--replicas=5"]);
    let _ = stage.kubectl(&["set", "image", "deployment", &workload, "main=theirs:1"]);
    let _ = stage.kubectl(&["delete", "service", "--all"]);
    // One value is new, one is changed on both sides, and what was deleted is missed.
    stage.sandbox.edit("app.yaml", "image: shop:1", "image: shop:2");
    stage.sandbox.edit(
        "app.yaml",
        "  module: service\n",
        "  module: service\n  labels: {tier: front}\n",
    );
    let text = stage.run(&["preview"]).success().stdout;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line `{start}` in\n{text}"))
    };
    let apart = at("    changed outside kusion:");
    assert!(at("    metadata.labels.tier: front") < apart, "{text}");
    assert!(
        at("    spec.template.spec.containers[main].image: theirs:1 -> shop:2") < apart,
        "{text}"
    );
    assert!(
        at("      spec.replicas: was 2, is 5 (set by `kubectl` through `scale`)") > apart,
        "{text}"
    );
    let both = "      spec.template.spec.containers[main].image: was shop:1, is theirs:1 (set by `kubectl-set` at 20";
    assert!(at(both) > apart, "{text}");
    assert!(text.contains("deleted outside kusion"), "{text}");
    assert!(text.contains("\n2 resources were changed or deleted outside kusion.\nPlan: 1 to create, 1 to update, 0 to delete (1 rolling restart).\n"), "{text}");

    // Drift alone knows nothing of what the developer wants by now, be it sound or not.
    stage.sandbox.write("app.yaml", "workload: [\n");
    let drift = stage.run(&["preview", "--drift-only", "--detailed-exitcode", "-o", "json"]);
    assert_eq!(drift.code, Some(2), "{drift}");
    let drift = drift.json();
    assert_eq!((&drift["kind"], &drift["revision"]), (&json!("Drift"), &json!(1)));
    assert_eq!(drift["plan"]["summary"]["drifted"], 2);
    let steps = drift["plan"]["steps"].as_array().unwrap();
    let changes = steps.iter().find(|step| step["reason"] == "drift").unwrap();
    let changes = changes["changes"].as_array().unwrap();
    let paths: Vec<&str> = changes.iter().map(|c| c["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["spec.replicas", "spec.template.spec.containers[main].image"]);
    assert_eq!(changes[0]["drift"]["by"]["manager"], "kubectl");
    assert_eq!(changes[0]["drift"]["by"]["subresource"], "scale");
    assert!(steps.iter().any(|step| step["reason"] == "deleted-outside"), "{drift}");
    let text = stage.run(&["preview", "--drift-only"]).success().stdout;
    assert!(text.ends_with("Drift: 2 resources are not as release 1 left them.\n"), "{text}");

    stage.sandbox.write(
        "app.yaml",
        "workload: {module: service, replicas: 2, containers: {main: {image: shop:1}}}\naccessories: {network: {ports: [{port: 80}]}}\n",
    );
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    let clean = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(clean.code, Some(0), "{clean}");
}

#[test]
fn a_key_of_a_list_and_marks_that_somebody_edited_are_drift_and_put_right() {
    let stage = Stage::new();
    stage.apply();
    let workload = stage.workload();
    let service = format!("{workload}-private");
    let port = "[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": 81}]";
    let _ = stage.kubectl(&["patch", "service", &service, "--type=json", "-p", port]);
    let mark = "kusion.io/project=another";
    let _ = stage.kubectl(&["annotate", "--overwrite", "deployment", &workload, mark]);

    let drift = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(2), "{drift}");
    for told in [
        ".port: was 80, is 81 (set by `kubectl-patch` at ",
        "metadata.annotations[\"kusion.io/project\"]: was [project], is another (set by `kubectl-annotate` at ",
        "Drift: 2 resources are not as release 1 left them.",
    ] {
        assert!(drift.stdout.contains(told), "no {told}: {drift}");
    }
    let destroy = stage.run(&["destroy", "--dry-run"]).success();
    assert!(destroy.stdout.contains("Plan: 0 to create, 0 to update, 3 to delete."), "{destroy}");
    let preview = stage.run(&["preview"]).success();
    let told =
        "note: `spec.ports[81]` took the place of `spec.ports[80]`, set by `kubectl-patch` at ";
    assert!(preview.stdout.contains(told), "{preview}");
    assert!(!preview.stdout.contains("an apply leaves it there"), "{preview}");

    stage.apply();
    let clean = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(clean.code, Some(0), "{clean}");
    let live = stage.object("service", &service).unwrap();
    let ports = live["spec"]["ports"].as_array().unwrap();
    assert_eq!((ports.len(), &ports[0]["port"]), (1, &json!(80)));
    // Nobody else is left who wants a port, so that the next change of it is ours alone.
    stage.sandbox.edit("app.yaml", "port: 80", "port: 8080");
    let applied = stage.apply();
    assert!(!applied.stdout.contains("added by somebody else"), "{applied}");
    let live = stage.object("service", &service).unwrap();
    let ports = live["spec"]["ports"].as_array().unwrap();
    assert_eq!((ports.len(), &ports[0]["port"]), (1, &json!(8080)));
}
