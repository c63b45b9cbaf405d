//! What lies in a registry and is no module, or means harm.

use serde_json::json;

use super::double::Double;
use super::shelf::Shelf;
use super::stage::{Stage, component};

#[test]
fn what_is_no_module_is_refused_before_it_is_fetched() {
    let mut shelf = Shelf::default();
    shelf.put_manifest("0.1.0", br#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#);
    shelf.put_changed("0.1.1", |manifest| {
        let layer = manifest["layers"][0].clone();
        manifest["layers"].as_array_mut().unwrap().push(layer);
    });
    shelf.put_changed("0.1.2", |manifest| {
        manifest["layers"][0]["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
    });
    shelf.put_changed("0.1.3", |manifest| manifest["layers"][0]["size"] = json!(2_u64 << 30));
    shelf.put_changed("0.1.4", |manifest| {
        manifest["layers"][0]["digest"] = json!("sha256:../../../../etc/passwd");
    });
    shelf.put_manifest("0.1.5", b"<html>");
    let double = Double::start(move |asked, _| shelf.answer(asked));
    let stage = Stage::new(&double.address(), "0.1.0");
    for (version, cause) in [
        ("0.1.0", "it is an index of several artifacts, not a module"),
        ("0.1.1", "it has 2 layers, and a module has one"),
        (
            "0.1.2",
            "it is not WebAssembly: its layer has the media type `application/vnd.oci.image.layer.v1.tar+gzip`",
        ),
        ("0.1.3", "its component has 2147483648 bytes, and at most 67108864 are allowed"),
        (
            "0.1.4",
            "its manifest cannot be read: `sha256:../../../../etc/passwd` is not a digest: expected `sha256:` and 64 hexadecimal digits at line 1 column",
        ),
        ("0.1.5", "its manifest cannot be read: expected value at line 1 column 1"),
    ] {
        stage.ask_for(version);
        let output = stage.run(&["generate"]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output}");
        let expected = format!(
            "error: cannot fetch module `network`\ncause: `oci://[registry]/team/network:{version}` is no module that can be used\ncause: {cause}"
        );
        assert!(output.stderr.starts_with(&expected), "{output}");
    }
    assert!(double.log().iter().all(|line| !line.contains("/blobs/")), "{:?}", double.log());
    assert_eq!(stage.content(), Vec::<std::path::PathBuf>::new());
    assert_eq!(stage.lock(), "");
}

#[test]
fn a_title_is_no_path() {
    let mut shelf = Shelf::default();
    let network = component("network");
    let content = shelf.put("x", &network);
    shelf.put_changed("0.1.0", |manifest| {
        manifest["layers"][0]["digest"] = json!(content.digest);
        manifest["layers"][0]["size"] = json!(content.size);
        manifest["layers"][0]["annotations"]["org.opencontainers.image.title"] =
            json!("../../../../escaped.wasm");
    });
    let double = Double::start(move |asked, _| shelf.answer(asked));
    let stage = Stage::new(&double.address(), "0.1.0");
    let before = stage.sandbox.everything();
    stage.run(&["mod", "pull"]).success();
    let new: Vec<String> = stage.sandbox.everything().difference(&before).cloned().collect();
    let expected = |path: &String| path.starts_with("home/content/") || path == "work/kusion.lock";
    assert!(new.iter().all(expected), "{new:#?}");
}

#[test]
fn wrong_bytes_are_never_run() {
    let mut shelf = Shelf::default();
    shelf.put("0.1.0", &component("network"));
    let double = Double::start(move |asked, _| {
        let mut reply = shelf.answer(asked);
        if asked.path.contains("/blobs/") {
            let middle = reply.body.len() / 2;
            reply.body[middle] ^= 1;
        }
        reply
    });
    let stage = Stage::new(&double.address(), "0.1.0");
    let output = stage.run(&["generate"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(3), ""), "{output}");
    assert!(output.stderr.contains("is not what its digest says: sha256:"), "{output}");
    assert_eq!(stage.content().len(), 1, "only the manifest is kept");
}
