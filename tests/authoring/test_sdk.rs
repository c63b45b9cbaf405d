//! The SDKs carry the interface as it is.

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
