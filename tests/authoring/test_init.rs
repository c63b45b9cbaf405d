//! `kusion mod init`

use std::process::Command;

use insta::assert_snapshot;
use kusion_tests::{Sandbox, repository};

#[test]
fn a_module_is_made_in_a_folder_of_its_own() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("", &["mod", "init", "cache", "--lang", "rust"]), @r"
    exit 0
    --- stdout
    Made module `cache` in Rust:
      cache/.github/workflows/module.yaml
      cache/.gitignore
      cache/Cargo.toml
      cache/README.md
      cache/src/config.rs
      cache/src/lib.rs
      cache/src/tests.rs
      cache/tests/golden/defaults/app.yaml
      cache/tests/golden/defaults/expected.yaml
      cache/tests/golden/settings/app.yaml
      cache/tests/golden/settings/expected.yaml
      cache/tests/golden/settings/workspace.yaml
      cache/tests/golden/too-large/app.yaml
      cache/tests/golden/too-large/error.txt

    To build and test it, and to see what it answers whenever you change it:

      cd cache
      kusion mod test
      kusion mod dev
    ");
    assert!(sandbox.read("cache/Cargo.toml").contains("kusion-sdk = \"0.1\"\n"));
    assert!(sandbox.read("cache/README.md").contains("`kusion-sdk` on crates.io"));
}

#[test]
fn the_sdk_of_a_clone_is_named_by_its_path() {
    let sandbox = Sandbox::new();
    let sdk = repository().join("sdk");
    let sdk = sdk.to_str().unwrap();
    for (lang, manifest, written) in [
        ("rust", "Cargo.toml", "kusion-sdk = { path = \"../../"),
        ("javascript", "package.json", "\"kusion-sdk\": \"file:../../"),
        ("python", "requirements.txt", "../../"),
        ("go", "go.mod", "replace kusionstack.io/kusion-sdk => ../../"),
    ] {
        let arguments = ["mod", "init", "cache", "--lang", lang, "--target", lang, "--sdk", sdk];
        let made = sandbox.run("", &arguments).success();
        assert!(made.stdout.contains("  kusion mod test\n"), "{made}");
        let text = sandbox.read(&format!("{lang}/cache/{manifest}"));
        assert!(text.contains(written), "{text}");
    }
}

#[test]
fn what_go_fetches_from_its_proxy_is_noted_before_it_is_built() {
    let sandbox = Sandbox::new();
    let made = sandbox.run("", &["mod", "init", "cache", "--lang", "go"]).success();
    let steps = "\n  cd cache\n  go mod tidy\n  kusion mod test\n  kusion mod dev\n";
    assert!(made.stdout.ends_with(steps), "{made}");
}

#[test]
fn what_is_made_is_formatted_as_tools_do_by_default() {
    let sandbox = Sandbox::new();
    for lang in ["rust", "go"] {
        let arguments = ["mod", "init", "cache", "--lang", lang, "--target", lang];
        sandbox.run("", &arguments).success();
    }
    // Otherwise rustfmt looks for settings in the folders above and in the user's.
    sandbox.write("rust/cache/rustfmt.toml", "");
    for (lang, command) in [
        ("rust", &["rustfmt", "--check", "--edition", "2024", "src/lib.rs"][..]),
        ("go", &["gofmt", "-d", "."][..]),
    ] {
        let folder = sandbox.path(format!("{lang}/cache"));
        let run = Command::new(command[0]).args(&command[1..]).current_dir(folder).output();
        let run = run.unwrap();
        let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && said.is_empty(), "{command:?}:\n{said}");
    }
}

#[test]
fn nothing_is_overwritten_and_no_bad_name_is_taken() {
    let sandbox = Sandbox::new();
    sandbox.write("cache/mine", "");
    assert_snapshot!(sandbox.run("", &["mod", "init", "cache", "--lang", "go"]), @r"
    exit 1
    --- stderr
    error: folder `cache` is not empty
    ");
    assert_eq!(sandbox.files("cache").len(), 1);
    assert_snapshot!(sandbox.run("", &["mod", "init", "My_Cache", "--lang", "go"]), @r"
    exit 1
    --- stderr
    error: module `My_Cache` could not be published everywhere under this name
    hint: begin with a lower-case letter, and go on with lower-case letters, digits and single `-`
    ");
    assert_snapshot!(sandbox.run("", &["mod", "init", "x", "--lang", "python", "--sdk", "cache"]), @r"
    exit 1
    --- stderr
    error: `cache` is not the SDK for Python: it has no `python/pyproject.toml`
    hint: name the folder `sdk` of a clone of kusion
    ");
    assert_eq!(sandbox.run("", &["mod", "init", "x", "--lang", "cobol"]).code, Some(64));
    assert!(!sandbox.path("x").exists());
}
