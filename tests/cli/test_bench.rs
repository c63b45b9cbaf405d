//! The bench: that it works, not how fast anything is.

use std::process::Command;

use kusion_tests::{catalog, kusion, repository};

#[test]
fn the_bench_measures_everything() {
    let built = Command::new(option_env!("CARGO").unwrap_or("cargo"))
        .args(["build", "--quiet", "--package", "kusion", "--package", "kusion-benches", "--bins"])
        .current_dir(repository())
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
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}");
    let sections = table.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(sections, 8, "{table}");
    assert!(!table.contains("NaN") && !table.contains("inf"), "{table}");
}
