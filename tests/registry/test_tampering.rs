//! One byte is changed of everything that stands between a publisher and what runs; each has its own message.

use std::path::{Path, PathBuf};

use fs_err as fs;
use kusion::digest::Digest;
use kusion_tests::{Output, catalog};

use super::real::{Registry, Wants};
use super::signed::{forget, push, stage, trust};
use super::stage::Stage;

/// A stack that has everything it needs on this machine, signed.
fn signed(registry: &Registry) -> Stage {
    let stage = stage(registry);
    push(&stage, Some("ours"));
    trust(&stage, &["ours"]);
    forget(&stage);
    stage.run(&["mod", "pull"]).success();
    stage.run(&["generate", "--offline", "--locked"]).success();
    stage
}

/// Changes one bit in the middle of a file, and returns how it was.
fn tamper(path: &PathBuf) -> Vec<u8> {
    let right = fs::read(path).unwrap();
    let mut wrong = right.clone();
    wrong[right.len() / 2] ^= 1;
    fs::write(path, wrong).unwrap();
    right
}

/// Returns the first file of the content store that holds a text.
fn content(stage: &Stage, text: &str) -> PathBuf {
    let holds = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        bytes.len() < 64_000 && String::from_utf8_lossy(&bytes).contains(text)
    };
    stage.content().into_iter().find(holds).unwrap()
}

/// Returns the files below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Replaces the digests of a line.
fn without_digests(line: &str) -> String {
    let mut parts = line.split("sha256:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + "[digest]" + &part[64..])
}

fn offline(stage: &Stage) -> Output {
    stage.run(&["generate", "--offline", "--locked"])
}

#[test]
fn a_changed_byte_of_anything_is_refused_with_its_own_message() {
    let registry = Registry::start(Wants::default());
    let stage = signed(&registry);
    let component = fs::read(catalog().join("network.wasm")).unwrap();
    let component = stage.sandbox.home(format!("content/sha256/{}", Digest::of(&component).hex()));
    let manifest = content(&stage, "application/vnd.wasm.config.v0+json");
    let signature = content(&stage, "dev.cosignproject.cosign/signature");
    let signed = content(&stage, "cosign container image signature");
    let mut messages = Vec::new();
    for path in [component, manifest, signature, signed] {
        let right = tamper(&path);
        let refused = offline(&stage);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
        messages.push(refused.stderr);
        fs::write(path, right).unwrap();
        offline(&stage).success();
    }
    let lock = stage.sandbox.read("kusion.lock");
    let layer = lock.find("layer: sha256:").unwrap() + "layer: sha256:".len();
    let other = if lock[layer..].starts_with('0') { "1" } else { "0" };
    let mut changed = lock.clone();
    changed.replace_range(layer..=layer, other);
    stage.sandbox.write("kusion.lock", &changed);
    let refused = offline(&stage);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    messages.push(refused.stderr);
    stage.sandbox.write("kusion.lock", &lock);
    // The tests share compiled code; what is changed is this test's own.
    let cache = stage.sandbox.home("cache");
    fs::remove_file(&cache).unwrap();
    let there = offline(&stage).success();
    let compiled = files_below(&cache);
    assert_eq!(compiled.len(), 2, "{compiled:?}");
    compiled.iter().for_each(|path| drop(tamper(path)));
    let told = stage.run(&["generate", "--offline", "--locked", "-v"]).success();
    assert_eq!(told.stdout, there.stdout);
    let warnings = told.stderr.lines().filter(|line| line.contains("compiled code"));
    messages.extend(warnings.map(str::to_owned));
    let messages = messages.join("\n");
    let lines: Vec<String> =
        messages.lines().map(|line| without_digests(line.trim_start())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    error: module `network` 0.1.0 was changed on this machine: it is not `[digest]`
    hint: run `kusion mod pull` where the registry can be reached

    error: module `network` 0.1.0 of oci://[registry]/team/network is not to be trusted
    cause: its manifest was changed on this machine: it is not `[digest]`
    hint: run `kusion mod pull` where the registry can be reached

    error: module `network` 0.1.0 of oci://[registry]/team/network is not to be trusted
    cause: its signature does not count
    cause: `[digest]`, a part of it, was changed on this machine
    hint: run `kusion mod pull` where the registry can be reached

    error: module `network` 0.1.0 of oci://[registry]/team/network is not to be trusted
    cause: its signature does not count
    cause: `[digest]`, a part of it, was changed on this machine
    hint: run `kusion mod pull` where the registry can be reached

    error: kusion.lock contradicts itself: the manifest of module `network` 0.1.0 names the component [digest], and the lock [digest]
    hint: somebody changed kusion.lock by hand: put it back, or run `kusion mod update network`

    WARN: the compiled code on disk was changed, and is not used (component [digest])
    WARN: the compiled code on disk was changed, and is not used (component [digest])
    ");
}

#[test]
fn a_signed_module_travels_with_its_signatures_and_a_changed_byte_of_the_bundle_is_refused() {
    let registry = Registry::start(Wants::default());
    let stage = signed(&registry);
    let there = offline(&stage).success();
    stage.run(&["mod", "bundle", "save", "../shop.tar"]).success();
    drop(registry);
    forget(&stage);
    let gone = offline(&stage);
    assert_eq!(gone.code, Some(1), "{gone}");

    let bundle = stage.sandbox.path("shop.tar");
    let bytes = fs::read(&bundle).unwrap();
    let text = b"cosign container image signature";
    let at = bytes.windows(text.len()).position(|part| part == text).unwrap();
    let mut wrong = bytes.clone();
    wrong[at] ^= 1;
    fs::write(&bundle, wrong).unwrap();
    let refused = stage.run(&["mod", "bundle", "load", "../shop.tar"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    assert!(refused.stderr.contains("in the bundle is not what its digest says"), "{refused}");
    assert_eq!(stage.content(), Vec::<PathBuf>::new());

    fs::write(&bundle, bytes).unwrap();
    stage.run(&["mod", "bundle", "load", "../shop.tar"]).success();
    assert_eq!(offline(&stage).success(), there);
    // Whom the workspace trusts is asked there too.
    trust(&stage, &["other"]);
    let refused = offline(&stage);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused}");
    assert!(refused.stderr.contains("is not to be trusted"), "{refused}");
}
