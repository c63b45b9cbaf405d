//! All end-to-end tests, in one program.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod architecture;
mod authoring;
mod catalog_doc;
mod cli;
mod crash;
mod engine;
mod examples;
#[path = "golden_runner.rs"]
mod golden;
mod interface_doc;
mod kubernetes;
mod registry;
mod secrets;
mod security_doc;
mod validity;

/// A file that is not listed would never run.
#[test]
fn no_test_file_is_forgotten() {
    for folder in [
        "authoring",
        "cli",
        "crash",
        "engine",
        "examples",
        "kubernetes",
        "registry",
        "secrets",
        "validity",
    ] {
        let path = kusion_tests::repository().join("tests").join(folder);
        let listed = std::fs::read_to_string(path.join("mod.rs")).unwrap();
        for entry in std::fs::read_dir(&path).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let Some(name) = file.strip_suffix(".rs") else { continue };
            // What a failed snapshot leaves behind is hidden.
            let is_test = !name.starts_with('.') && name != "mod";
            assert!(!is_test || listed.contains(&format!("mod {name};")), "tests/{folder}/{file}");
        }
    }
}
