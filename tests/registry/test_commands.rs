//! What else the command line does with modules of registries.

use std::time::Duration;

use kusion_tests::Sandbox;

use super::double::Double;
use super::real::{Registry, Wants};
use super::shelf::Shelf;
use super::stage::{Stage, component, publish};

#[test]
fn a_module_is_added_to_a_workspace_and_used() {
    let registry = Registry::start(Wants::default());
    for version in ["0.1.0", "0.1.1"] {
        publish(&registry, "team/monitoring", version, &component("monitoring"), version);
    }
    let stage = Stage::new(&registry.address(), "^0.1");
    let reference = format!("oci://{}/team/monitoring", registry.address());
    let add = ["mod", "add", &reference, "--workspace", "dev"];
    assert_eq!(
        stage.run(&add).success().stdout,
        "Added module `monitoring` to workspace `dev`: oci://[registry]/team/monitoring, version `^0.1.1`, 0.1.1 by now.\n"
    );
    let shown = stage.run(&["workspace", "show", "dev"]).success().stdout;
    let entry = "modules:\n  monitoring:\n    path: oci://[registry]/team/monitoring\n    version: \"^0.1.1\"\n  network: ";
    assert!(shown.starts_with(entry), "{shown}");
    insta::assert_snapshot!(stage.run(&add), @r"
    exit 1
    --- stderr
    error: workspace `dev` has a module `monitoring` already
    hint: give the new one another name with `--name`
    ");
    let named = format!("{reference}:0.1.0");
    stage.run(&["mod", "add", &named, "--name", "metrics", "--workspace", "dev"]).success();
    insta::assert_snapshot!(stage.run(&["mod", "list", "--workspace", "dev"]), @r"
    exit 0
    --- stdout
    NAME        VERSION  KIND      FROM                                   SUMMARY
    metrics     0.1.0    -         oci://[registry]/team/monitoring  -
    monitoring  ^0.1.1   -         oci://[registry]/team/monitoring  -
    network     ^0.1     -         oci://[registry]/team/network     -
    service     0.1.0    workload  bundled catalog                        Runs an app's containers all the time.
    ");
    let list = stage.run(&["mod", "list", "--workspace", "dev", "-o", "json"]).success().json();
    assert_eq!(list["modules"][0]["requirement"], "0.1.0");
}

#[test]
fn a_module_in_a_registry_is_inspected() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let stage = Stage::new(&registry.address(), "^0.1");
    let reference = format!("oci://{}/team/network:0.1.0", registry.address());
    let mut far = stage.run(&["mod", "inspect", &reference, "-o", "json"]).success().json();
    let manifest = far["manifest"].take();
    assert!(manifest.as_str().unwrap().starts_with("sha256:"), "{manifest}");
    let near = stage.run(&["mod", "inspect", "network", "-o", "json"]).success().json();
    assert_eq!(far, near);
    assert_eq!(far["imports"], serde_json::json!(["kusion:module/log@0.1.0"]));
}

/// Whoever looks at a module does not trust it yet.
#[test]
fn what_a_module_says_of_itself_stays_on_its_line() {
    let mut component = component("network");
    let summary = b"Makes an app's ports re";
    let at = component.windows(summary.len()).position(|part| part == summary).unwrap();
    component[at..at + summary.len()].copy_from_slice(b"\nsigner: us  \x1b[2J\x1b[1mok");
    let sandbox = Sandbox::new();
    sandbox.write("network.wasm", "");
    fs_err::write(sandbox.path("network.wasm"), component).unwrap();
    let shown = sandbox.run("", &["mod", "inspect", "network.wasm"]).success();
    let second = shown.stdout.lines().nth(1).unwrap();
    assert!(second.starts_with("\\nsigner: us  \\u{1b}[2J\\u{1b}[1mok"), "{second}");
}

#[test]
fn progress_is_shown_at_a_terminal_and_nowhere_else() {
    let mut shelf = Shelf::default();
    shelf.put("0.1.0", &component("network"));
    let double = Double::start(move |asked, _| {
        if asked.path.contains("/blobs/") {
            std::thread::sleep(Duration::from_millis(500));
        }
        shelf.answer(asked)
    });
    let stage = Stage::new(&double.address(), "0.1.0");
    let screen = stage.sandbox.at_terminal("dev", "mod pull", &[], |_| None);
    assert!(screen.stdout.contains("fetching modules: 0 of "), "{screen}");
    fs_err::remove_dir_all(stage.sandbox.home("content")).unwrap();
    assert_eq!(stage.run(&["mod", "pull"]).success().stderr, "");
}
