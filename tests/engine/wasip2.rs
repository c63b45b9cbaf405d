//! Builds a guest that brings the WASI of its language runtime.
//!
//! `kusion mod build` makes modules without WASI. `rustc` itself makes a component for this target, so
//! cargo is all it takes.

use std::path::PathBuf;

use kusion_tests::cargo;

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "kusion-module";

/// Returns a guest below `tests/guests`, built.
pub(crate) fn guest(name: &str) -> PathBuf {
    let mut command = cargo();
    command.args(["build", "--quiet", "--lib", "--package", name]);
    command.args(["--target", TARGET, "--profile", PROFILE]);
    for setting in
        [r#"inherits="release""#, r#"opt-level="s""#, r#"panic="abort""#, r#"strip="symbols""#]
    {
        command.arg("--config").arg(format!("profile.{PROFILE}.{setting}"));
    }
    let output = command.arg("--message-format=json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let artifact = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["filenames"].get(0)?.as_str().map(PathBuf::from));
    artifact.unwrap()
}
