//! kusion.lock: who deploys gets what was tested.

use std::os::unix::process::ExitStatusExt as _;

use kusion_tests::Output;

use super::double::Double;
use super::real::{Registry, Wants};
use super::shelf::Shelf;
use super::sockets;
use super::stage::{Stage, as_version, component, publish};

fn registry() -> Registry {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "first");
    registry
}

#[test]
fn an_apply_pins_what_it_used_and_a_preview_only_shows_it() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    let previewed = stage.run(&["preview"]).success();
    let told = "Module `network`: 0.1.0. `kusion apply` writes it to kusion.lock.\n";
    assert_eq!(previewed.stderr, told, "{previewed}");
    let document = stage.run(&["preview", "-o", "json"]).success().json();
    assert_eq!(document["pins"][0]["to"]["version"], "0.1.0");
    assert_eq!(stage.run(&["generate"]).success().stderr, told);
    assert_eq!(stage.lock(), "");
    let applied = stage.run(&["apply", "--yes"]).success();
    let told = told.replace("`kusion apply`", "This apply");
    assert!(applied.stderr.starts_with(&told), "{applied}");
    let digests = |text: &str| {
        let line = |line: &str| match line.split_once("sha256:") {
            Some((before, _)) => format!("{before}[digest]"),
            None => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(digests(&stage.lock()), @r#"
    # Written by kusion; commit it. `kusion mod update` moves what it pins.
    lockVersion: 1
    workspaces:
      dev:
        network:
          source: oci://[registry]/team/network
          version: "0.1.0"
          manifest: [digest]
          layer: [digest]
        service:
          source: catalog
          version: "0.1.0"
          layer: [digest]
    "#);
    // Then nothing is said about it any more.
    assert_eq!(stage.run(&["preview"]).success().stderr, "");
    assert_eq!(stage.run(&["preview", "--locked", "--offline"]).success().stderr, "");
}

#[test]
fn a_newer_version_is_used_once_somebody_asks_for_it() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    stage.run(&["mod", "pull"]).success();
    let first = stage.lock();
    publish(&registry, "team/network", "0.1.5", &component("network"), "newer");
    stage.run(&["apply", "--yes"]).success();
    assert_eq!(stage.lock(), first);
    insta::assert_snapshot!(without_digests(&stage.run(&["mod", "update", "--dry-run"])), @r"
    exit 0
    --- stdout
    MODULE   FROM   TO     DIGEST
    network  0.1.0  0.1.5  [digest]
    ");
    assert_eq!(stage.lock(), first);
    let update = stage.run(&["mod", "update", "-o", "json"]).success().json();
    assert_eq!(
        (&update["pins"][0]["from"]["version"], &update["pins"][0]["to"]["version"]),
        (&"0.1.0".into(), &"0.1.5".into())
    );
    assert!(stage.lock().contains("version: \"0.1.5\""), "{}", stage.lock());
    insta::assert_snapshot!(stage.run(&["mod", "update", "network"]), @r"
    exit 0
    --- stderr
    Nothing to update: every module is at the newest version that the workspace admits.
    ");
    insta::assert_snapshot!(stage.run(&["mod", "update", "mysql"]), @r"
    exit 1
    --- stderr
    error: workspace `dev` has no module `mysql` in a registry or in the catalog
    ");
}

#[test]
fn what_the_workspace_admits_no_more_moves_unless_it_is_locked() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    insta::assert_snapshot!(stage.run(&["preview", "--locked"]), @r"
    exit 1
    --- stderr
    error: module `network` is not in kusion.lock
    hint: run `kusion mod update network`, and commit kusion.lock
    ");
    stage.run(&["mod", "pull"]).success();
    let newer = as_version(&component("network"), "0.1.5");
    publish(&registry, "team/network", "0.1.5", &newer, "newer");
    stage.ask_for(">=0.1.1, <2");
    insta::assert_snapshot!(stage.run(&["preview", "--locked"]), @r"
    exit 1
    --- stderr
    error: kusion.lock pins module `network` to 0.1.0, and the workspace asks for `>=0.1.1, <2`
    hint: run `kusion mod update network`, and commit kusion.lock
    ");
    assert_eq!(
        stage.run(&["preview"]).success().stderr,
        "Module `network`: 0.1.0 -> 0.1.5. `kusion apply` writes it to kusion.lock.\n"
    );
    stage.run(&["apply", "--yes"]).success();
    assert!(stage.lock().contains("version: \"0.1.5\""), "{}", stage.lock());
    stage.ask_for("^7");
    insta::assert_snapshot!(stage.run(&["preview"]), @r"
    exit 1
    --- stderr
    error: oci://[registry]/team/network has no version of module `network` that `^7` admits
    hint: the newest versions: 0.1.5, 0.1.0
    ");
    stage.ask_for("0.3.9");
    insta::assert_snapshot!(stage.run(&["preview"]), @r"
    exit 1
    --- stderr
    error: oci://[registry]/team/network has no version of module `network` that `0.3.9` admits
    hint: the newest versions: 0.1.5, 0.1.0
    ");
    stage.ask_for("newest");
    insta::assert_snapshot!(stage.run(&["preview"]), @r#"
    exit 1
    --- stderr
    error: `newest` is neither a version nor a range of versions
     --> ../../home/workspaces/dev.yaml:2:66
      |
    2 |   network: {path: "oci://[registry]/team/network", version: "newest"}
      |                                                                  ^^^^^^^^
    hint: write a version such as `0.2.0`, or a range such as `^0.2` or `>=1, <3`
    "#);
}

#[test]
fn a_version_that_changed_is_an_error_with_both_digests() {
    let mut shelf = Shelf::default();
    shelf.put("0.1.0", &component("network"));
    let mut moved = Shelf::default();
    moved.put("0.1.0", &component("monitoring"));
    let moves = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let has_moved = moves.clone();
    let double =
        Double::start(move |asked, _| match has_moved.load(std::sync::atomic::Ordering::SeqCst) {
            false => shelf.answer(asked),
            true => moved.answer(asked),
        });
    let stage = Stage::new(&double.address(), "0.1.0");
    stage.run(&["mod", "pull"]).success();
    let lock = stage.lock();
    let pinned =
        lock.lines().find_map(|line| line.trim().strip_prefix("manifest: ")).unwrap().to_owned();
    moves.store(true, std::sync::atomic::Ordering::SeqCst);
    // What is here is used, and the registry is not asked.
    stage.run(&["preview", "--locked"]).success();
    // A workspace that has not used it yet knows the version as others pinned it.
    let text = stage.sandbox.read("dev.yaml");
    stage.sandbox.write("prod.yaml", &text);
    stage.sandbox.run("", &["workspace", "create", "prod", "-f", "prod.yaml"]).success();
    stage.sandbox.write("prod/stack.yaml", "name: prod\nworkspace: prod\n");
    let elsewhere = stage.sandbox.run("prod", &["preview"]);
    assert_eq!(elsewhere.code, Some(1), "{elsewhere}");
    assert!(elsewhere.stderr.contains("has something else as version 0.1.0"), "{elsewhere}");
    for arguments in [&["mod", "update"][..], &["preview"], &["apply", "--yes"]] {
        let output = stage.run(arguments);
        assert_eq!(output.code, Some(1), "{output}");
        let begins = "error: oci://[registry]/team/network has something else as version 0.1.0 of module `network` than kusion.lock pins: sha256:";
        assert!(output.stderr.starts_with(begins), "{output}");
        assert!(output.stderr.contains(&format!("instead of {pinned}\n")), "{output}");
        assert_eq!(stage.lock(), lock);
        let _first = fs_err::remove_dir_all(stage.sandbox.home("content"));
    }
}

#[test]
fn without_a_connection_what_is_pinned_and_here_is_enough() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    insta::assert_snapshot!(stage.run(&["preview", "--offline"]), @r"
    exit 1
    --- stderr
    error: cannot tell without a connection which version is to be used of module `network`
    hint: run `kusion mod pull` where the registry can be reached
    ");
    stage.run(&["mod", "pull"]).success();
    drop(registry);
    let online = stage.run(&["generate"]).success();
    assert_eq!(stage.run(&["generate", "--offline"]), online);
    stage.run(&["apply", "--yes", "--offline", "--locked"]).success();
    fs_err::remove_dir_all(stage.sandbox.home("content")).unwrap();
    insta::assert_snapshot!(stage.run(&["preview", "--offline"]), @r"
    exit 1
    --- stderr
    error: module `network` 0.1.0 is not on this machine
    hint: run `kusion mod pull` where the registry can be reached, or load a bundle from there
    ");
    let gone = stage.run(&["preview"]);
    assert_eq!(gone.code, Some(3), "{gone}");
    assert!(
        gone.stderr.contains(
            "error: cannot fetch module `network`\ncause: cannot reach the registry `[registry]`\n"
        ),
        "{gone}"
    );
}

/// What is pinned and here is read from the disk: nobody is asked, and no name is looked up.
#[test]
fn what_is_pinned_and_here_opens_no_socket() {
    let mut shelf = Shelf::default();
    shelf.put("0.1.0", &component("network"));
    let double = Double::start(move |asked, _| shelf.answer(asked));
    let stage = Stage::new(&double.address(), "^0.1");
    stage.run(&["mod", "pull"]).success();
    let asked = double.log().len();
    stage.run(&["generate"]).success();
    assert_eq!(double.log().len(), asked);
    let killed_by = |arguments: &[&str]| {
        let mut command = stage.sandbox.command("dev", arguments);
        sockets::forbid(&mut command);
        let output = command.output().unwrap();
        (output.status.signal(), Output::of(&output, &stage.sandbox))
    };
    for arguments in [
        &["generate"][..],
        &["generate", "--offline", "--locked"],
        &["preview"],
        &["apply", "--yes"],
        &["schema"],
        &["mod", "pull"],
        &["mod", "list", "--workspace", "dev"],
    ] {
        let (signal, output) = killed_by(arguments);
        assert_eq!((signal, output.code), (None, Some(0)), "{output}");
    }
    // What looks for something newer does open one.
    assert_eq!(killed_by(&["mod", "update"]).0, Some(libc::SIGSYS));
    // And without a connection nothing does, whatever is missing.
    fs_err::remove_dir_all(stage.sandbox.home("content")).unwrap();
    let (signal, output) = killed_by(&["preview", "--offline"]);
    assert_eq!((signal, output.code), (None, Some(1)), "{output}");
    assert_eq!(killed_by(&["preview"]).0, Some(libc::SIGSYS));
    assert_eq!(double.log().len(), asked);
}

#[test]
fn a_broken_entry_is_fetched_again() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    stage.run(&["mod", "pull"]).success();
    let network = component("network");
    let path =
        stage.content().into_iter().find(|path| fs_err::read(path).unwrap() == network).unwrap();
    let mut broken = network.clone();
    broken[1_000] ^= 1;
    for bytes in [&broken[..], &network[..100], b""] {
        fs_err::write(&path, bytes).unwrap();
        stage.run(&["generate"]).success();
        assert_eq!(fs_err::read(&path).unwrap(), network);
    }
    fs_err::write(&path, &broken).unwrap();
    let output = stage.run(&["generate", "--offline"]);
    assert!(
        output.stderr.starts_with(
            "error: module `network` 0.1.0 was changed on this machine: it is not `sha256:"
        ),
        "{output}"
    );
}

#[test]
fn a_lock_that_was_tampered_with_is_refused() {
    let registry = registry();
    let stage = Stage::new(&registry.address(), "^0.1");
    stage.run(&["mod", "pull"]).success();
    fs_err::remove_dir_all(stage.sandbox.home("content")).unwrap();
    let lock = stage.sandbox.read("kusion.lock");
    for (field, expected) in [
        ("manifest: ", "than kusion.lock pins"),
        (
            "layer: ",
            "error: kusion.lock contradicts itself: the manifest of module `network` 0.1.0 names the component sha256:",
        ),
    ] {
        let digest = lock.lines().find_map(|line| line.trim().strip_prefix(field)).unwrap();
        let last = if digest.ends_with('0') { '1' } else { '0' };
        let other = format!("{}{last}", &digest[..digest.len() - 1]);
        stage.sandbox.write("kusion.lock", &lock.replace(digest, &other));
        let output = stage.run(&["preview"]);
        assert_eq!(output.code, Some(1), "{output}");
        assert!(output.stderr.contains(expected), "{output}");
    }
    stage.sandbox.write("kusion.lock", &lock.replace("lockVersion: 1", "lockVersion: 2"));
    insta::assert_snapshot!(stage.run(&["preview"]), @r"
    exit 1
    --- stderr
    error: a newer kusion wrote it, in version 2 of the format
     --> ../kusion.lock:2:14
      |
    2 | lockVersion: 2
      |              ^
    hint: update kusion
    ");
}

fn without_digests(output: &kusion_tests::Output) -> String {
    let word = |word: &str| {
        let hex = word.trim().len() == 12 && word.trim().chars().all(|c| c.is_ascii_hexdigit());
        if hex { word.replace(word.trim(), "[digest]") } else { word.to_owned() }
    };
    output.to_string().split_inclusive([' ', '\n']).map(word).collect()
}
