//! Many at once into one cache.

use std::process::{Child, Stdio};

use super::real::{Registry, Wants};
use super::stage::{Stage, component, publish};

const PROCESSES: usize = 20;

#[test]
fn twenty_processes_fetch_into_one_cache() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let stage = Stage::new(&registry.address(), "^0.1");
    let start = |_| -> Child {
        let mut command = stage.sandbox.command("dev", &["mod", "pull"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<Child> = (0..PROCESSES).map(start).collect();
    for process in running {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let content = stage.content();
    // The component, its manifest, and the module of the catalog.
    assert_eq!(content.len(), 3, "{content:?}");
    for path in content {
        let bytes = fs_err::read(&path).unwrap();
        let digest = kusion::digest::Digest::of(&bytes);
        assert_eq!(path.file_name().unwrap().to_string_lossy(), digest.hex());
    }
    stage.run(&["generate", "--locked", "--offline"]).success();
}
