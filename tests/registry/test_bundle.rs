//! Carrying modules to a machine that never saw the registry.

use kusion_tests::Sandbox;

use super::real::{Registry, Wants};
use super::stage::{Stage, component, publish};

/// A machine with nothing but the project.
fn elsewhere(stage: &Stage) -> Sandbox {
    let sandbox = stage.sandbox.copy();
    fs_err::remove_dir_all(sandbox.home("content")).unwrap();
    sandbox
}

#[test]
fn a_machine_that_never_saw_the_registry_generates_the_same() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let stage = Stage::new(&registry.address(), "^0.1");
    insta::assert_snapshot!(stage.run(&["mod", "bundle", "save", "../shop.tar"]), @r"
    exit 1
    --- stderr
    error: kusion.lock pins no module of a registry
    hint: run `kusion mod pull`, or `kusion apply`, first
    ");
    stage.run(&["mod", "pull"]).success();
    let there = stage.run(&["generate"]).success();
    let saved = stage.run(&["mod", "bundle", "save", "../shop.tar"]).success();
    let bytes = fs_err::read(stage.sandbox.path("shop.tar")).unwrap();
    assert!(saved.stdout.contains("dev        network  0.1.0    "), "{saved}");
    drop(registry);
    // Everything is here by now, and the same modules give the same bytes.
    stage.run(&["mod", "bundle", "save", "../again.tar", "--offline"]).success();
    assert_eq!(fs_err::read(stage.sandbox.path("again.tar")).unwrap(), bytes);

    let machine = elsewhere(&stage);
    let run = |arguments: &[&str]| stage.cleaned(machine.run("dev", arguments));
    assert_eq!(run(&["generate", "--offline"]).code, Some(1));
    let loaded = run(&["mod", "bundle", "load", "../shop.tar"]).success();
    assert_eq!(loaded.stdout, saved.stdout);
    assert_eq!(run(&["generate", "--offline", "--locked"]).success(), there);
    run(&["apply", "--yes", "--offline", "--locked"]).success();

    // The lock travels too.
    fs_err::remove_file(machine.path("kusion.lock")).unwrap();
    run(&["mod", "bundle", "load", "../shop.tar", "--write-lock"]).success();
    assert_eq!(machine.read("kusion.lock"), stage.sandbox.read("kusion.lock"));
    // A lock that says something else is not written over.
    let lock = machine.read("kusion.lock");
    let manifest = lock.lines().find_map(|line| line.trim().strip_prefix("manifest: ")).unwrap();
    let other = kusion::digest::Digest::of(b"other").to_string();
    let edited = lock.replace(manifest, &other);
    machine.write("kusion.lock", &edited);
    let refused = run(&["mod", "bundle", "load", "../shop.tar", "--write-lock"]);
    let expected =
        format!("is another one there than in kusion.lock: {manifest} instead of {other}\n");
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains(&expected), "{refused}");
    assert_eq!(machine.read("kusion.lock"), edited);
    machine.write("kusion.lock", &lock);
    insta::assert_snapshot!(run(&["mod", "bundle", "load", "../shop.tgz"]), @r"
    exit 1
    --- stderr
    error: cannot find `../shop.tgz`
    ");
    insta::assert_snapshot!(run(&["mod", "bundle", "save", "../x.tar", "--workspace", "prod"]), @r"
    exit 1
    --- stderr
    error: kusion.lock pins nothing for workspace `prod`
    hint: valid names: dev
    ");
}

#[test]
fn a_bundle_that_was_tampered_with_is_refused_and_leaves_nothing() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let stage = Stage::new(&registry.address(), "^0.1");
    stage.run(&["mod", "pull"]).success();
    stage.run(&["mod", "bundle", "save", "../shop.tar"]).success();
    let bytes = fs_err::read(stage.sandbox.path("shop.tar")).unwrap();
    let machine = elsewhere(&stage);
    let network = component("network");
    let at = bytes.windows(network.len()).position(|part| part == network).unwrap();
    for (place, expected) in [
        (at + network.len() / 2, "in the bundle is not what its digest says: sha256:"),
        (5, "error: the bundle is damaged at byte 0: the sum of a header is wrong"),
        (bytes.len() - 1, "something follows its end"),
    ] {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        machine.write("shop.tar", "");
        fs_err::write(machine.path("shop.tar"), &damaged).unwrap();
        let output = machine.run("dev", &["mod", "bundle", "load", "../shop.tar"]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output}");
        assert!(output.stderr.contains(expected), "{output}");
        assert!(
            output
                .stderr
                .ends_with("hint: nothing of it was kept: carry it over again, or make it anew\n"),
            "{output}"
        );
        assert!(!machine.home("content").exists());
    }
}
