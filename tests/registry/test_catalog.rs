//! Modules of the bundled catalog are pinned: a program that carries others changes nothing by itself.

use std::path::Path;

use fs_err as fs;
use kusion::digest::Digest;
use kusion_tests::{Output, Sandbox, catalog};

use super::stage::{as_version, component};

/// A project that uses nothing but the catalog, and a catalog of its own.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "name: shop\n");
    let workload = "  module: service\n  containers: {main: {image: \"shop:1\"}}\n";
    let accessories = "  network: {ports: [{port: 80}]}\n";
    sandbox.write("app.yaml", &format!("workload:\n{workload}accessories:\n{accessories}"));
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
    let modules = "modules: {network: {}, service: {}}\n";
    let target = "targets: {kubernetes: {directory: manifests}}\n";
    sandbox.write("dev.yaml", &format!("{modules}{target}"));
    sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
    fs::create_dir(sandbox.path("catalog")).unwrap();
    for module in ["network", "service"] {
        let file = format!("{module}.wasm");
        fs::copy(catalog().join(&file), sandbox.path("catalog").join(&file)).unwrap();
    }
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = sandbox.command("dev", arguments);
    let output = command.env("KUSION_CATALOG", sandbox.path("catalog")).output().unwrap();
    Output::of(&output, sandbox)
}

/// Lets the catalog have another version of the module `network`.
fn renew(catalog: &Path) {
    fs::write(catalog.join("network.wasm"), as_version(&component("network"), "0.1.7")).unwrap();
}

#[test]
fn what_is_pinned_stays_until_somebody_moves_it() {
    let sandbox = project();
    let before = run(&sandbox, &["generate"]).success();
    assert!(!sandbox.path("kusion.lock").exists());
    let refused = run(&sandbox, &["generate", "--locked"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    assert!(
        refused.stderr.starts_with("error: module `network` is not in kusion.lock\n"),
        "{refused}"
    );

    run(&sandbox, &["apply", "--yes"]).success();
    let lock = sandbox.read("kusion.lock");
    assert_eq!(lock.matches("source: catalog\n").count(), 2, "{lock}");
    assert_eq!(lock.matches("version: \"0.1.0\"\n").count(), 2, "{lock}");
    renew(&sandbox.path("catalog"));
    assert_eq!(run(&sandbox, &["generate", "--locked", "--offline"]).success(), before);
    let unchanged = run(&sandbox, &["preview", "--detailed-exitcode"]);
    assert_eq!(unchanged.code, Some(0), "{unchanged}");
    // Also where the program carries it no more.
    fs::remove_file(sandbox.path("catalog/network.wasm")).unwrap();
    assert_eq!(run(&sandbox, &["generate"]).success(), before);
    assert_eq!(sandbox.read("kusion.lock"), lock);

    renew(&sandbox.path("catalog"));
    let updated = run(&sandbox, &["mod", "update", "network"]).success();
    assert!(updated.stdout.contains("network  0.1.0  0.1.7  "), "{updated}");
    let moved = sandbox.read("kusion.lock");
    assert_eq!(moved.matches("version: \"0.1.7\"\n").count(), 1, "{moved}");
    run(&sandbox, &["generate", "--locked"]).success();
}

/// What was fetched from anywhere lies in the same store, and needs signatures that the catalog does not need.
#[test]
fn a_lock_makes_no_module_one_of_the_catalog() {
    let sandbox = project();
    run(&sandbox, &["apply", "--yes"]).success();
    let other = as_version(&component("network"), "0.1.7");
    let digest = Digest::of(&other);
    fs::write(sandbox.home(format!("content/sha256/{}", digest.hex())), &other).unwrap();
    let lock = sandbox.read("kusion.lock");
    let layer = Digest::of(&component("network")).to_string();
    assert!(lock.contains(&layer), "{lock}");
    sandbox.write("kusion.lock", &lock.replace(&layer, &digest.to_string()));
    let refused = run(&sandbox, &["generate"]);
    let expected = format!(
        "error: this kusion does not carry module `network` 0.1.0 as kusion.lock pins it: `{digest}`\n"
    );
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    assert!(refused.stderr.starts_with(&expected), "{refused}");
}

#[test]
fn what_is_pinned_and_nowhere_any_more_is_told() {
    let sandbox = project();
    run(&sandbox, &["apply", "--yes"]).success();
    renew(&sandbox.path("catalog"));
    fs::remove_dir_all(sandbox.home("content")).unwrap();
    let refused = run(&sandbox, &["generate"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    assert!(
        refused.stderr.starts_with(
            "error: this kusion does not carry module `network` 0.1.0 as kusion.lock pins it: `sha256:"
        ),
        "{refused}"
    );
    assert!(
        refused.stderr.ends_with(
            "hint: run `kusion mod update network` to use what it carries, or run the kusion that pinned it\n"
        ),
        "{refused}"
    );
    run(&sandbox, &["mod", "update", "network"]).success();
    run(&sandbox, &["generate", "--locked"]).success();
}
