//! What other people's tools left in a registry runs here. `make interop` lets the tools do it again.

use fs_err as fs;
use kusion::digest::Digest;
use kusion::module::signing::SigningKey;
use kusion::module::verify::PublicKey;
use kusion_tests::{Sandbox, repository};

use super::double::Double;
use super::shelf::Shelf;

const APP: &str = "\
workload:
  module: service
  containers: {main: {image: \"shop:1\"}}
accessories:
  interop: {}
";

/// The module that the tools published, from its text.
fn component() -> Vec<u8> {
    wat::parse_file(repository().join("tests/interop/component.wat")).unwrap()
}

/// Returns a registry in which lies what a tool left, and the component.
fn registry(made: &str) -> Double {
    let mut shelf = Shelf::of_folder(&repository().join("tests/interop/made").join(made));
    shelf.put_blob(&component());
    Double::start(move |asked, _| shelf.answer(asked))
}

/// Makes a project with the module `interop` of that registry, which a key must have signed if one is given.
fn project(registry: &Double, key: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "name: shop\n");
    sandbox.write("app.yaml", APP);
    sandbox.write("dev/stack.yaml", "name: dev\nworkspace: dev\n");
    let path = format!("oci://{}/team/interop", registry.address());
    let modules =
        format!("modules:\n  interop: {{path: \"{path}\", version: 1.2.0}}\n  service: {{}}\n");
    let verify = key.map(|key| {
        sandbox.write("key.pub", key);
        "verify: [{match: '*', keys: [key.pub]}]\n"
    });
    sandbox.write("dev.yaml", &(modules + verify.unwrap_or_default()));
    sandbox.run("", &["workspace", "create", "dev", "-f", "dev.yaml"]).success();
    sandbox
}

#[test]
fn what_wkg_and_oras_published_runs() {
    for made in ["wkg/theirs/interop", "oras/theirs/interop", "oras/older/interop"] {
        let registry = registry(made);
        let sandbox = project(&registry, None);
        sandbox.run("dev", &["mod", "pull"]).success();
        let generated = sandbox.run("dev", &["generate"]).success();
        assert!(generated.stdout.contains("made-by: text"), "{made}: {generated}");
        let lock = sandbox.read("kusion.lock");
        let layer = Digest::of(&component()).to_string();
        assert!(lock.contains(&layer), "{made}: {lock}");
    }
}

#[test]
fn a_key_of_cosign_opens_with_its_password() {
    let folder = repository().join("tests/interop/made/cosign");
    let text = fs::read(folder.join("theirs.key")).unwrap();
    let opened = SigningKey::open(&text, Some(b"geheim")).unwrap();
    let public = fs::read_to_string(folder.join("theirs.pub")).unwrap();
    assert_eq!(*opened.public(), PublicKey::from_pem(&public).unwrap());
    assert!(SigningKey::open(&text, Some(b"other")).is_err());
}

#[test]
fn what_cosign_signed_is_verified_in_both_of_its_forms() {
    let theirs = repository().join("tests/interop/made/cosign/theirs.pub");
    let theirs = fs::read_to_string(theirs).unwrap();
    let ours = SigningKey::generate(b"").unwrap();
    let ours = SigningKey::open(ours.text.as_bytes(), Some(b"")).unwrap().public().to_pem();
    for made in ["cosign/simple/interop", "cosign/bundle/interop"] {
        let registry = registry(made);
        let sandbox = project(&registry, Some(&theirs));
        sandbox.run("dev", &["mod", "pull"]).success();
        let generated = sandbox.run("dev", &["generate"]).success();
        assert!(generated.stdout.contains("made-by: text"), "{made}: {generated}");
        let signer = format!("signer: key {}", PublicKey::from_pem(&theirs).unwrap().fingerprint());
        assert!(sandbox.read("kusion.lock").contains(&signer), "{made}");
        let refused = project(&registry, Some(&ours)).run("dev", &["generate"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{made}: {refused}");
        assert!(refused.stderr.contains("no key of the policy has signed it"), "{made}: {refused}");
    }
}
