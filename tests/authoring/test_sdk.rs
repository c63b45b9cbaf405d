//! The SDKs carry the interface and the licence as they are.

use kusion_tests::repository;

/// Packages of npm and PyPI hold no links to files outside of them, so these are copies.
#[test]
fn every_copy_of_the_interface_is_the_interface() {
    for name in ["log.wit", "module.wit"] {
        let read =
            |folder: &str| fs_err::read_to_string(repository().join(folder).join(name)).unwrap();
        for copy in ["sdk/javascript/wit", "sdk/python/src/kusion_sdk/wit"] {
            assert!(read("wit") == read(copy), "copy wit/{name} to {copy}");
        }
    }
}

/// A package is published without what lies outside of it.
#[test]
fn every_sdk_carries_the_licence_and_publishes_it() {
    let read = |path: &str| fs_err::read_to_string(repository().join(path)).unwrap();
    let licence = read("LICENSE");
    for folder in ["sdk", "sdk/go", "sdk/javascript", "sdk/python"] {
        assert!(read(&format!("{folder}/LICENSE")) == licence, "copy LICENSE to {folder}");
    }
    for (manifest, list) in [
        ("sdk/Cargo.toml", "include = [\"/src\", \"/wit\", \"/LICENSE\","),
        ("sdk/javascript/package.json", "\"files\": [\"LICENSE\","),
        ("sdk/python/pyproject.toml", "license-files = [\"LICENSE\"]"),
    ] {
        assert!(read(manifest).contains(list), "{manifest} does not publish the licence");
    }
}
