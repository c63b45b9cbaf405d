//! A project whose modules somebody signs.

use fs_err as fs;
use kusion_tests::{Output, catalog};

use super::real::Registry;
use super::stage::Stage;

/// Runs the program with a password for keys.
pub(super) fn run(stage: &Stage, folder: &str, arguments: &[&str]) -> Output {
    let mut command = stage.sandbox.command(folder, arguments);
    let output = command.env("COSIGN_PASSWORD", "geheim").output().unwrap();
    stage.cleaned(Output::of(&output, &stage.sandbox))
}

/// A project, two pairs of keys, and a registry with nothing in it.
pub(super) fn stage(registry: &Registry) -> Stage {
    let stage = Stage::new(&registry.address(), "^0.1");
    for name in ["ours", "other"] {
        run(&stage, "", &["mod", "keygen", name]).success();
    }
    stage
}

/// Publishes the module `network`, and signs it if a key is given.
pub(super) fn push(stage: &Stage, key: Option<&str>) -> Output {
    let component = catalog().join("network.wasm");
    let target = format!("oci://{}/team", stage.address);
    let mut arguments = vec!["mod", "push", component.to_str().unwrap(), &target];
    let file = key.map(|name| format!("{name}.key"));
    if let Some(file) = &file {
        arguments.extend(["--sign", file]);
    }
    run(stage, "", &arguments).success()
}

/// Lets the workspace ask for signatures of these keys; of none, for none.
pub(super) fn trust(stage: &Stage, keys: &[&str]) {
    stage.ask_for("^0.1");
    if !keys.is_empty() {
        let keys: Vec<String> = keys.iter().map(|name| format!("{name}.pub")).collect();
        let text = stage.sandbox.read("dev.yaml");
        let (address, keys) = (&stage.address, keys.join(", "));
        let verify =
            format!("verify:\n  - {{match: \"oci://{address}/team/*\", keys: [{keys}]}}\n");
        stage.sandbox.write("dev.yaml", &format!("{text}{verify}"));
    }
    stage.sandbox.run("", &["workspace", "update", "dev", "-f", "dev.yaml"]).success();
}

/// Makes the machine forget what it fetched.
pub(super) fn forget(stage: &Stage) {
    // There may be nothing yet.
    let _nothing = fs::remove_dir_all(stage.sandbox.home("content"));
}

/// Returns how the lock names who has a key.
pub(super) fn fingerprint(stage: &Stage, name: &str) -> String {
    let pem = stage.sandbox.read(&format!("{name}.pub"));
    let key = kusion::module::verify::PublicKey::from_pem(&pem).unwrap();
    format!("key {}", key.fingerprint())
}
