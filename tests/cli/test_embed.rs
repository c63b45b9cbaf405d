//! The library without the command line: `host/examples/embed.rs`.

use std::process::Command;

use kusion_tests::{Sandbox, cargo, catalog, kusion};

#[test]
fn the_example_applies_a_stack() {
    let built =
        cargo().args(["build", "--quiet", "--package", "kusion", "--example", "embed"]).status();
    assert!(built.unwrap().success(), "the example does not build");
    let example = kusion().parent().unwrap().join("examples").join("embed");
    let sandbox = Sandbox::without_cache().with_shop();
    sandbox.make_workspace("dev", "{directory: manifests}");
    let run = || {
        let output = Command::new(&example)
            .arg(sandbox.path("dev"))
            .arg(sandbox.path("dev.yaml"))
            .arg(catalog())
            .arg(sandbox.home(""))
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let first = run();
    assert!(first.contains("apps/v1:Deployment:shop:shop-dev-shop\n"), "{first}");
    assert!(!sandbox.files("manifests/embedded/dev").is_empty());
    assert_eq!(run(), "Plan: 0 to create, 0 to update, 0 to delete.\n0 created, 0 updated\n");
}
