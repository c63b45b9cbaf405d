//! Signatures: whoever the workspace does not name vouches for nothing.

use std::path::Path;

use fs_err as fs;
use kusion::digest::Digest;
use kusion::module::registry::RegistryClient;
use kusion_tests::{Output, catalog};

use super::real::{Registry, Wants};
use super::signed::{fingerprint, forget, push, run, stage, trust};
use super::stage::{options, repository, wait};

const REFUSED: &str =
    "error: module `network` 0.1.0 of oci://[registry]/team/network is not to be trusted\n";

#[test]
fn a_signed_module_is_used_and_the_lock_remembers_who_signed() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    let pushed = push(&stage, Some("ours"));
    let signer = fingerprint(&stage, "ours");
    assert!(pushed.stderr.ends_with(&format!("Signed it with {signer}.\n")), "{pushed}");
    let again = push(&stage, Some("ours"));
    assert!(again.stderr.ends_with(&format!("It is signed with {signer} already.\n")), "{again}");
    trust(&stage, &["ours"]);
    stage.run(&["apply", "--yes"]).success();
    assert!(stage.lock().contains(&format!("      signer: {signer}\n")), "{}", stage.lock());
    // Everything is here, the signature too.
    stage.run(&["generate", "--offline", "--locked"]).success();
    let signatures = stage.sandbox.home("content/attached");
    let hidden = stage.sandbox.home("content/hidden");
    fs::rename(&signatures, &hidden).unwrap();
    let offline = stage.run(&["generate", "--offline"]);
    let expected = format!(
        "{REFUSED}cause: its signatures are not on this machine\nhint: run `kusion mod pull` where the registry can be reached\n"
    );
    assert_eq!((offline.code, offline.stderr.as_str()), (Some(1), expected.as_str()));
    stage.run(&["mod", "pull"]).success();
    stage.run(&["generate", "--offline"]).success();
    // A second signature changes nothing.
    push(&stage, Some("other"));
    trust(&stage, &["other", "ours"]);
    let lock = stage.lock();
    forget(&stage);
    stage.run(&["mod", "pull", "--locked"]).success();
    assert_eq!(stage.lock(), lock);
}

#[test]
fn whoever_is_not_named_vouches_for_nothing() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    push(&stage, None);
    stage.run(&["generate"]).success();
    trust(&stage, &["ours"]);
    let unsigned = stage.run(&["generate"]);
    let expected = format!(
        "{REFUSED}cause: nobody has signed it\nhint: let its publisher sign it: `kusion mod push --sign KEY`, or `cosign sign`\n"
    );
    assert_eq!((unsigned.code, unsigned.stderr.as_str()), (Some(1), expected.as_str()));
    assert_eq!(unsigned.stdout, "");
    push(&stage, Some("other"));
    let other = stage.run(&["generate"]);
    let expected = format!(
        "{REFUSED}cause: its signature does not count\ncause: no key of the policy has signed it\n"
    );
    assert_eq!((other.code, other.stderr.as_str()), (Some(1), expected.as_str()));
    push(&stage, Some("ours"));
    stage.run(&["generate"]).success();
}

#[test]
fn a_signer_neither_changes_nor_vanishes() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    push(&stage, Some("ours"));
    trust(&stage, &["ours"]);
    stage.run(&["apply", "--yes"]).success();
    let (ours, other) = (fingerprint(&stage, "ours"), fingerprint(&stage, "other"));
    // The policy goes.
    trust(&stage, &[]);
    let gone = stage.run(&["generate"]);
    let hint = "if that is meant, remove `signer` from its entry in kusion.lock\n";
    let expected = format!(
        "{REFUSED}cause: kusion.lock says that {ours} signed it, and no `verify` of the workspace covers it\nhint: put `verify` back; {hint}"
    );
    assert_eq!((gone.code, gone.stderr.as_str()), (Some(1), expected.as_str()));
    // Somebody else signs, whom the policy accepts.
    push(&stage, Some("other"));
    trust(&stage, &["other"]);
    forget(&stage);
    for command in [&["generate"][..], &["mod", "update"]] {
        let changed = stage.run(command);
        let expected = format!(
            "{REFUSED}cause: it was signed by {ours} so far, and now by {other}\nhint: ask its publisher; {hint}"
        );
        assert_eq!((changed.code, changed.stderr.as_str()), (Some(1), expected.as_str()));
    }
    // That is meant.
    let lock = stage.sandbox.read("kusion.lock").replace(&format!("      signer: {ours}\n"), "");
    stage.sandbox.write("kusion.lock", &lock);
    stage.run(&["generate", "--locked"]).success();
    stage.run(&["mod", "pull"]).success();
    assert!(stage.lock().contains(&format!("signer: {other}\n")), "{}", stage.lock());
}

#[test]
fn signatures_that_are_stripped_or_moved_are_missed() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    push(&stage, Some("ours"));
    trust(&stage, &["ours"]);
    stage.run(&["apply", "--yes"]).success();
    forget(&stage);
    // The registry loses the signature.
    let client = RegistryClient::new(options());
    let repository = repository(&registry.address(), "team/network");
    let manifest = wait(client.manifest(&repository, &"0.1.0".parse().unwrap())).unwrap();
    let tag = format!("sha256-{}.sig", manifest.digest.hex());
    let tags =
        registry.storage().join("docker/registry/v2/repositories/team/network/_manifests/tags");
    let away = registry.storage().join("away");
    fs::rename(tags.join(&tag), &away).unwrap();
    let stripped = stage.run(&["generate"]);
    let cause = format!(
        "cause: it was signed by {} so far, and has no signature any more\n",
        fingerprint(&stage, "ours")
    );
    assert!(stripped.stderr.contains(&cause), "{stripped}");
    fs::rename(&away, tags.join(&tag)).unwrap();
    stage.run(&["generate"]).success();
    // A signed version lies under another version, with its signature.
    fs_copy(&tags.join("0.1.0"), &tags.join("0.1.7"));
    let moved = stage.run(&["mod", "update"]);
    let refused = REFUSED.replace("0.1.0", "0.1.7");
    let expected = format!(
        "{refused}cause: what was signed is version `0.1.0`, and not `0.1.7`\nhint: somebody moved a signed module to another name or version in the registry\n"
    );
    assert_eq!((moved.code, moved.stderr.as_str()), (Some(1), expected.as_str()));
    let named = format!("oci://{}/team/network:0.1.7", stage.address);
    let key = ["mod", "verify", &named, "--key", "../ours.pub"];
    for arguments in [&["mod", "verify", &named, "--workspace", "dev"][..], &key] {
        let verified = stage.run(arguments);
        assert_eq!((verified.code, verified.stderr.as_str()), (Some(1), expected.as_str()));
        assert_eq!(verified.stdout, "");
    }
}

#[test]
fn what_is_cached_is_verified_again_each_time() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    push(&stage, Some("ours"));
    trust(&stage, &["ours"]);
    // What publishing left here is not what running needs.
    forget(&stage);
    stage.run(&["apply", "--yes"]).success();
    // Each file of the signature is changed by one byte; then it is missed, and fetched again.
    let evidence: Vec<_> = stage
        .content()
        .into_iter()
        .filter(|path| {
            let bytes = fs::read(path).unwrap();
            // Nobody reads the configuration that cosign gives signatures.
            bytes.len() < 64_000 && !String::from_utf8_lossy(&bytes).contains("\"rootfs\"")
        })
        .collect();
    assert!(evidence.len() >= 3, "{evidence:?}");
    for path in evidence {
        let right = fs::read(&path).unwrap();
        let mut wrong = right.clone();
        wrong[right.len() / 2] ^= 1;
        fs::write(&path, &wrong).unwrap();
        let offline = stage.run(&["generate", "--offline"]);
        assert!(offline.code == Some(1) || fs::read(&path).unwrap() == right, "{path:?} {offline}");
        stage.run(&["generate"]).success();
        stage.run(&["generate", "--offline"]).success();
    }
    // The lock is changed: another component, another manifest, none.
    let lock = stage.sandbox.read("kusion.lock");
    let line = |key: &str| lock.lines().find(|line| line.trim_start().starts_with(key)).unwrap();
    let digest = Digest::of(b"other").to_string();
    for (line, replacement) in [
        (line("layer:"), format!("      layer: {digest}")),
        (line("manifest:"), format!("      manifest: {digest}")),
        (line("manifest:"), String::new()),
        (line("signer:"), format!("      signer: key {digest}")),
    ] {
        stage.sandbox.write("kusion.lock", &lock.replace(line, &replacement));
        let refused = stage.run(&["generate", "--offline"]);
        assert_eq!(refused.code, Some(1), "{line}: {refused}");
    }
}

#[test]
fn a_key_is_opened_only_with_its_password_and_by_its_owner() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    let component = catalog().join("network.wasm");
    let target = format!("oci://{}/team", stage.address);
    let push = |key: &str, password: Option<&str>| {
        let arguments = ["mod", "push", component.to_str().unwrap(), &target, "--sign", key];
        let mut command = stage.sandbox.command("", &arguments);
        command.envs(password.map(|password| ("COSIGN_PASSWORD", password)));
        stage.cleaned(Output::of(&command.output().unwrap(), &stage.sandbox))
    };
    let wrong = push("ours.key", Some("wrong"));
    assert_eq!(wrong.stderr, "error: cannot sign with `ours.key`\ncause: the password is wrong\n");
    let none = push("ours.key", None);
    assert_eq!(
        none.stderr,
        "error: cannot sign with `ours.key`\ncause: it is encrypted\nhint: set COSIGN_PASSWORD to its password\n"
    );
    let public = push("ours.pub", None);
    assert!(
        public.stderr.contains("cause: it is no private key: it is a public key\n"),
        "{public}"
    );
    // Nothing was published meanwhile.
    let listed = stage.sandbox.run("", &["mod", "pull", &format!("{target}/network")]);
    assert_ne!(listed.code, Some(0), "{listed}");
    let again = run(&stage, "", &["mod", "keygen", "ours"]);
    assert_eq!(again.code, Some(1), "{again}");
    let openssl = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.key";
    let made = std::process::Command::new("openssl")
        .args(openssl.split(' '))
        .current_dir(stage.sandbox.path(""))
        .output()
        .unwrap();
    assert!(made.status.success());
    let plain = stage.sandbox.path("plain.key");
    fs::set_permissions(&plain, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let open = push("plain.key", None);
    assert_eq!(
        open.stderr,
        "error: `plain.key` is not under a password, and others can read it: mode 644\nhint: run `chmod 600 [root]/work/plain.key`\n"
    );
    fs::set_permissions(&plain, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    push("plain.key", None).success();
}

#[test]
fn who_signed_is_told() {
    let registry = Registry::start(Wants::default());
    let stage = stage(&registry);
    push(&stage, Some("ours"));
    push(&stage, Some("other"));
    let reference = format!("oci://{}/team/network:0.1.0", stage.address);
    let verify = |more: &[&str]| stage.run(&[&["mod", "verify", &reference], more].concat());
    let ours = fingerprint(&stage, "ours");
    let verified = verify(&["--key", "../ours.pub"]).success();
    assert!(
        verified.stdout.starts_with("oci://[registry]/team/network:0.1.0@sha256:"),
        "{verified}"
    );
    assert!(verified.stdout.ends_with(&format!("\nsigned by {ours}\n")), "{verified}");
    assert_eq!(
        verified.stderr,
        "Another signature does not count: no key of the policy has signed it.\n"
    );
    let nobody = verify(&["--workspace", "dev"]);
    assert!(nobody.stderr.starts_with("error: no `verify` of workspace `dev` covers "), "{nobody}");
    let inspect = ["mod", "inspect", &reference, "--workspace", "dev"];
    let asked = stage.run(&inspect).success();
    assert!(asked.stdout.contains("\nsigner:     the workspace asks for none\n"), "{asked}");
    trust(&stage, &["ours", "other"]);
    let asked = stage.run(&inspect).success();
    assert!(asked.stdout.contains(&format!("\nsigner:     {ours}\n")), "{asked}");
    let document = verify(&["--workspace", "dev", "-o", "json"]).success().json();
    assert_eq!(document["signers"].as_array().unwrap().len(), 2);
    assert_eq!(document["ignored"].as_array().unwrap().len(), 0);
}

/// Copies a folder.
fn fs_copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs_copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
