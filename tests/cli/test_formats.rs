//! JSON is one document on standard output and nothing else.

use kusion_tests::Sandbox;
use serde_json::{Value, json};

fn document(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let run = sandbox.run("dev", arguments).success();
    assert_eq!(run.stderr, "", "{arguments:?}");
    let document = run.json();
    assert_eq!(document["formatVersion"], json!(1), "{arguments:?}: {document:#}");
    document
}

#[test]
fn every_command_that_has_it_writes_one_versioned_document() {
    let sandbox = Sandbox::new().with_shop();
    let spec = document(&sandbox, &["generate", "-o", "json"]);
    assert_eq!(spec["kind"], json!("Spec"));
    let preview = document(&sandbox, &["preview", "-o", "json"]);
    assert_eq!(
        (&preview["kind"], &preview["project"], &preview["stack"]),
        (&json!("Preview"), &json!("shop"), &json!("dev"))
    );
    let applied = document(&sandbox, &["apply", "--yes", "-o", "json"]);
    assert_eq!((&applied["kind"], &applied["release"]), (&json!("Apply"), &json!(1)));
    assert_eq!(
        applied["outcome"]["created"],
        json!(spec["spec"]["resources"].as_array().unwrap().len())
    );
    for arguments in [
        &["release", "list"][..],
        &["release", "show"],
        &["resource", "graph"],
        &["resource", "show", "--id", "v1:Namespace:shop"],
        &["workspace", "list"],
        &["config", "list"],
        &["project", "list"],
        &["stack", "list"],
        &["mod", "list"],
        &["mod", "inspect", "mysql"],
        &["version"],
    ] {
        document(&sandbox, &[arguments, &["-o", "json"]].concat());
    }
    let destroyed = document(&sandbox, &["destroy", "--yes", "-o", "json"]);
    assert_eq!((&destroyed["kind"], &destroyed["release"]), (&json!("Destroy"), &json!(2)));
}

#[test]
fn an_error_leaves_standard_output_empty() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.edit("app.yaml", "service", "servise");
    for arguments in [&["generate"][..], &["preview"], &["apply", "--yes"], &["schema"]] {
        let arguments = if arguments == ["schema"] {
            arguments.to_vec()
        } else {
            [arguments, &["-o", "json"]].concat()
        };
        let run = sandbox.run("dev", &arguments);
        if arguments == ["schema"] {
            // The schema is that of the workspace, whatever the app says.
            assert_eq!(run.code, Some(0), "{run}");
        } else {
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{arguments:?}: {run}");
            assert!(run.stderr.starts_with("error: "), "{run}");
        }
    }
}

#[test]
fn a_plan_for_programs_says_what_the_one_for_people_says() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.run("dev", &["apply", "--yes"]).success();
    sandbox.edit("app.yaml", "replicas: 1", "replicas: 4");
    let preview = document(&sandbox, &["preview", "-o", "json"]);
    let changed: Vec<&Value> = preview["plan"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["action"] != json!("unchanged"))
        .collect();
    assert_eq!(changed.len(), 1, "{preview:#}");
    assert_eq!(changed[0]["id"], json!("apps/v1:Deployment:shop:shop-dev-shop"));
    assert_eq!(changed[0]["changes"][0], json!({"path": "spec.replicas", "old": 1, "new": 4}));
}

#[test]
fn an_output_file_takes_the_place_of_standard_output() {
    let sandbox = Sandbox::new().with_shop();
    let printed = sandbox.run("dev", &["generate"]).success().stdout;
    let written = sandbox.run("dev", &["generate", "--output-file", "out/spec.yaml"]).success();
    assert_eq!(written.stdout, "");
    assert_eq!(sandbox.read("dev/out/spec.yaml"), printed);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let sandbox = Sandbox::new().with_shop();
    let mut child = sandbox
        .command("dev", &["generate"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
