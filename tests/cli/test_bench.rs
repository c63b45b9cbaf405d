//! The bench: that it works, not how fast anything is.

use std::process::Command;

use kusion_tests::{cargo, catalog, kusion};

const ENVIRONMENT: [(&str, Option<&str>); 3] = [
    ("PATH", option_env!("PATH")),
    ("CARGO_TARGET_DIR", option_env!("CARGO_TARGET_DIR")),
    ("CLUSTER_HOME", option_env!("CLUSTER_HOME")),
];

#[test]
fn the_bench_measures_everything() {
    let built = cargo()
        .args(["build", "--quiet", "--package", "kusion", "--package", "kusion-benches", "--bins"])
        .status();
    assert!(built.unwrap().success(), "the bench does not build");
    let disk = tempfile::tempdir().unwrap();
    let output = Command::new(kusion().with_file_name("kusion-bench"))
        .args(["--quick", "--kusion"])
        .arg(kusion())
        .arg("--catalog")
        .arg(catalog())
        .arg("--disk")
        .arg(disk.path())
        .env_clear()
        // Where the cluster's programs are, and what starts them.
        .envs(ENVIRONMENT.into_iter().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}");
    let sections = table.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(sections, 14, "{table}");
    let mut words = table.split(|c: char| !c.is_alphanumeric());
    assert!(!words.any(|word| ["NaN", "inf"].contains(&word)), "{table}");
}
