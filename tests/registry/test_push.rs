//! Publishing: the same bytes each time, and a version once.

use serde_json::Value;

use super::real::{Registry, Wants};
use super::stage::{Stage, as_version, component, options, publish, repository, wait};
use kusion::module::registry::{Artifact, Contents, RegistryClient};
use kusion_tests::{Sandbox, catalog};

#[test]
fn a_module_is_published_once_and_always_the_same() {
    let registry = Registry::start(Wants::default());
    let target = format!("oci://{}/team", registry.address());
    let sandbox = Sandbox::new();
    let component = catalog().join("network.wasm");
    let component = component.to_str().unwrap();
    let push = |arguments: &[&str]| {
        let mut all = vec!["mod", "push", component, &target, "-o", "json"];
        all.extend(arguments);
        sandbox.run("", &all)
    };
    let planned = push(&["--dry-run"]).success().json();
    assert_eq!(planned["published"], false);
    let first = push(&[]).success().json();
    assert_eq!(first["published"], true);
    let second = push(&[]).success().json();
    assert_eq!(second["published"], false);
    assert_eq!((&first["manifest"], &first["layer"]), (&second["manifest"], &second["layer"]));
    assert_eq!(planned["manifest"], first["manifest"]);
    let annotated = ["--annotation", "org.opencontainers.image.source=https://example.com"];
    let planned = push(&[annotated.as_slice(), &["--dry-run"]].concat());
    assert_eq!(planned.code, Some(1), "{planned}");
    let other = push(&["--annotation", "org.opencontainers.image.source=https://example.com"]);
    assert_eq!(other.code, Some(1), "{other}");
    let text = other.stderr.replace(&registry.address(), "[registry]");
    let expected =
        "error: `oci://[registry]/team/network:0.1.0` was published with other bytes: sha256:";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains(first["manifest"].as_str().unwrap()), "{text}");
    assert!(
        text.ends_with(
            "hint: a published version never changes: raise the module's version and push again\n"
        ),
        "{text}"
    );
}

#[test]
fn a_folder_may_be_called_otherwise_than_the_module_that_was_built_in_it() {
    let registry = Registry::start(Wants::default());
    let sandbox = Sandbox::new();
    sandbox.write("kusion-module-network.v2/src/lib.rs", "");
    let dist = sandbox.path("kusion-module-network.v2/dist");
    fs_err::create_dir_all(&dist).unwrap();
    fs_err::copy(catalog().join("network.wasm"), dist.join("network.wasm")).unwrap();
    let target = format!("oci://{}/team", registry.address());
    let push = || {
        let pushed = sandbox.run("", &["mod", "push", "kusion-module-network.v2", &target]);
        pushed.success().stderr.replace(&registry.address(), "[registry]")
    };
    assert_eq!(push(), "Published `oci://[registry]/team/network:0.1.0`.\n");
    sandbox.write("kusion-module-network.v2/src/lib.rs", "new");
    insta::assert_snapshot!(push(), @r"
    warning: `src/lib.rs` was saved after the module was built
           hint: run `kusion mod build`, and publish what it makes
    Was published before, with the same bytes: `oci://[registry]/team/network:0.1.0`.
    ");
}

#[test]
fn what_is_published_is_in_the_form_that_others_read() {
    let registry = Registry::start(Wants::default());
    let sandbox = Sandbox::new();
    let path = catalog().join("network.wasm");
    let target = format!("oci://{}/team", registry.address());
    let arguments = [
        "mod",
        "push",
        path.to_str().unwrap(),
        &target,
        "--annotation",
        "org.opencontainers.image.licenses=Apache-2.0",
    ];
    sandbox.run("", &arguments).success();
    let client = RegistryClient::new(options());
    let repository = repository(&registry.address(), "team/network");
    let raw = wait(client.manifest(&repository, &"0.1.0".parse().unwrap())).unwrap();
    let manifest: Value = serde_json::from_slice(&raw.bytes).unwrap();
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(
        manifest["layers"][0]["annotations"]["org.opencontainers.image.title"],
        "network.wasm"
    );
    let annotations = &manifest["annotations"];
    for (key, value) in [
        ("title", "network"),
        ("version", "0.1.0"),
        ("description", "Makes an app's ports reachable: Services and an Ingress."),
        ("licenses", "Apache-2.0"),
    ] {
        assert_eq!(annotations[format!("org.opencontainers.image.{key}")], value);
    }
    let schema: Value =
        serde_json::from_str(annotations["io.kusion.module.developer-schema"].as_str().unwrap())
            .unwrap();
    assert!(schema["properties"]["ports"].is_object(), "{schema}");
    let (_folder, store) = super::stage::store();
    let config = raw.read(1 << 30).unwrap().config;
    wait(client.content(&repository, &config, &store)).unwrap();
    let config: Value =
        serde_json::from_slice(&store.get(&config.digest).unwrap().unwrap()).unwrap();
    assert_eq!(config["component"]["target"], "kusion:module/module@0.1.0");
    assert_eq!(
        config["component"]["exports"],
        serde_json::json!(["kusion:module/generator@0.1.0"])
    );
}

#[test]
fn a_module_is_fetched_by_its_name() {
    let registry = Registry::start(Wants::default());
    let stage = Stage::new(&registry.address(), "0.1.0");
    for version in ["0.1.0", "0.1.1", "0.2.0-rc.1"] {
        publish(&registry, "team/network", version, &component("network"), version);
    }
    let name = format!("oci://{}/team/network", registry.address());
    for (reference, version) in [
        (name.clone(), "0.1.1"),
        (format!("{name}:0.1.0"), "0.1.0"),
        (format!("{name}:0.2.0-rc.1"), "0.2.0-rc.1"),
    ] {
        let output =
            stage.run(&["mod", "pull", &reference, "-o", "json", "--output-file", "got.wasm"]);
        assert_eq!(output.success().json()["pin"]["version"], version);
        assert_eq!(fs_err::read(stage.sandbox.path("dev/got.wasm")).unwrap(), component("network"));
    }
    insta::assert_snapshot!(stage.run(&["mod", "pull", &format!("{name}:^3")]), @r"
    exit 1
    --- stderr
    error: oci://[registry]/team/network has no version of module `network` that `^3` admits
    hint: the newest versions: 0.2.0-rc.1, 0.1.1, 0.1.0
    ");
    insta::assert_snapshot!(stage.run(&["mod", "pull", &format!("{name}x")]), @r"
    exit 1
    --- stderr
    error: cannot fetch module `networkx`
    cause: the registry has no `oci://[registry]/team/networkx`
    ");
    insta::assert_snapshot!(stage.run(&["mod", "pull", &format!("{name}:latest")]), @r"
    exit 64
    --- stderr
    error: `latest` is neither a version nor a range of versions
    hint: write it as `oci://registry.example.com/team/mysql:0.2.0`
    ");
    assert_eq!(stage.lock(), "");
}

#[test]
fn what_cannot_be_published_is_told() {
    let sandbox = Sandbox::new();
    let path = catalog().join("network.wasm");
    let path = path.to_str().unwrap();
    insta::assert_snapshot!(sandbox.run("", &["mod", "push", path, "oci://Registry.Example.com/Team"]), @r"
    exit 1
    --- stderr
    error: `oci://Registry.Example.com/Team/network` names no module in a registry: its parts are lower-case letters and digits, with single `.`, `_` or `-` between them
    ");
    insta::assert_snapshot!(sandbox.run("", &["mod", "push", path, "oci://r.example.com/a", "--annotation", "org.opencontainers.image.version=9"]), @r"
    exit 1
    --- stderr
    error: the annotation `org.opencontainers.image.version` is written by kusion itself
    ");
    sandbox.write("web.wasm", "not a module");
    insta::assert_snapshot!(sandbox.run("", &["mod", "push", "web.wasm", "oci://r.example.com/a"]), @r"
    exit 1
    --- stderr
    error: module `web` is not WebAssembly
    ");
}

/// Publishes a module that promises more than it does: a developer could write `also` before.
fn promise_more(registry: &Registry, version: &str) {
    let of = |name: &str| {
        let module = Sandbox::new().run("", &["mod", "inspect", "network", "-o", "json"]);
        module.success().json()["description"][name].clone()
    };
    let mut developer = of("developerSchema");
    developer["properties"]["also"] = serde_json::json!({ "type": "string" });
    let annotations = [
        ("kind", "accessory".to_owned()),
        ("developer-schema", developer.to_string()),
        ("platform-schema", of("platformSchema").to_string()),
        ("resource-types", of("resourceTypes").to_string()),
    ];
    let contents = Contents {
        exports: vec!["kusion:module/generator@0.1.0".to_owned()],
        annotations: annotations
            .map(|(key, value)| (format!("io.kusion.module.{key}"), value))
            .into(),
        ..Contents::default()
    };
    let artifact = Artifact::of(b"component", &contents).unwrap();
    let (client, version) = (RegistryClient::new(options()), version.parse().unwrap());
    let repository = repository(&registry.address(), "team/network");
    let pushed = client.push(&repository, &version, &artifact, b"component".as_slice().into());
    wait(pushed).unwrap();
}

#[test]
fn a_version_keeps_what_its_number_promises() {
    let registry = Registry::start(Wants::default());
    let target = format!("oci://{}/team", registry.address());
    let sandbox = Sandbox::new();
    let push = |version: &str, arguments: &[&str]| {
        sandbox.write("network.wasm", "");
        fs_err::write(sandbox.path("network.wasm"), as_version(&component("network"), version))
            .unwrap();
        let mut all = vec!["mod", "push", "network.wasm", &target];
        all.extend(arguments);
        let output = sandbox.run("", &all).to_string().replace(&registry.address(), "[registry]");
        output.split("@sha256:").next().unwrap().to_owned()
    };
    promise_more(&registry, "0.1.2");
    insta::assert_snapshot!(push("0.1.3", &["--dry-run"]), @r"
    exit 1
    --- stderr
    error: module `network` 0.1.3 is not compatible with 0.1.2: the developer input `also` is not known any more
    hint: raise its version to 0.2.0, or publish it with `--allow-breaking`
    ");
    insta::assert_snapshot!(push("0.1.3", &[]), @r"
    exit 1
    --- stderr
    error: module `network` 0.1.3 is not compatible with 0.1.2: the developer input `also` is not known any more
    hint: raise its version to 0.2.0, or publish it with `--allow-breaking`
    ");
    // The same before it: whoever has this one may get that one, which promises more.
    assert!(push("0.1.1", &[]).starts_with("exit 0"));
    promise_more(&registry, "0.1.0");
    insta::assert_snapshot!(push("0.1.3", &["--allow-breaking"]), @r"
    exit 0
    --- stdout
    oci://[registry]/team/network
    ");
    // What is there already cannot be changed by a refusal.
    assert!(push("0.1.3", &[]).starts_with("exit 0"));
    // And with a number that promises nothing.
    assert!(push("0.2.0", &[]).starts_with("exit 0"));
}

#[test]
fn what_was_published_by_others_is_asked_itself() {
    let registry = Registry::start(Wants::default());
    publish(&registry, "team/network", "0.1.0", &component("network"), "");
    let target = format!("oci://{}/team", registry.address());
    let sandbox = Sandbox::new();
    sandbox.write("network.wasm", "");
    fs_err::write(sandbox.path("network.wasm"), as_version(&component("network"), "0.1.1"))
        .unwrap();
    sandbox.run("", &["mod", "push", "network.wasm", &target]).success();
    publish(&registry, "team/mysql", "0.1.0", b"no component", "");
    fs_err::write(sandbox.path("mysql.wasm"), as_version(&component("mysql"), "0.1.1")).unwrap();
    let output = sandbox.run("", &["mod", "push", "mysql.wasm", &target]);
    let output = output.to_string().replace(&registry.address(), "[registry]");
    insta::assert_snapshot!(output, @r"
    exit 1
    --- stderr
    error: cannot tell what `oci://[registry]/team/mysql:0.1.0` promises
    cause: module `mysql` is not WebAssembly
    hint: publish it with `--allow-breaking`
    ");
}
