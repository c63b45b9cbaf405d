//! `kusion mod`

use insta::assert_snapshot;
use kusion_tests::Sandbox;

#[test]
fn the_modules_of_a_workspace_are_listed() {
    let sandbox = Sandbox::new().with_shop();
    assert_snapshot!(sandbox.run("", &["mod", "list"]), @r"
    exit 0
    --- stdout
    NAME           VERSION  KIND       FROM             SUMMARY
    autoscaler     0.1.0    accessory  bundled catalog  Runs as many pods of an app as its load needs.
    gateway        0.1.0    accessory  bundled catalog  Leads requests from outside the cluster to an app, by the Gateway API.
    inference      0.1.0    accessory  bundled catalog  Gives an app a language model and the way to it.
    job            0.1.0    workload   bundled catalog  Runs an app's containers to their end, once or by a schedule.
    k8s_manifest   0.1.0    accessory  bundled catalog  Applies raw Kubernetes manifests beside an app.
    monitoring     0.1.0    accessory  bundled catalog  Lets Prometheus collect an app's metrics.
    mysql          0.1.0    accessory  bundled catalog  Gives an app a MySQL database and the way to it.
    network        0.1.0    accessory  bundled catalog  Makes an app's ports reachable: Services and an Ingress.
    networkpolicy  0.1.0    accessory  bundled catalog  Lets an app's pods speak with those only that they need.
    opensearch     0.1.0    accessory  bundled catalog  Gives an app a domain of Amazon OpenSearch Service and the way to it.
    opsrule        0.1.0    accessory  bundled catalog  Says how many pods of an app may be down at once.
    postgres       0.1.0    accessory  bundled catalog  Gives an app a PostgreSQL database and the way to it.
    redis          0.1.0    accessory  bundled catalog  Gives an app a Redis server and the way to it.
    service        0.1.0    workload   bundled catalog  Runs an app's containers all the time.
    volume         0.1.0    accessory  bundled catalog  Gives an app's containers volumes.
    ");
}

#[test]
fn a_module_shows_what_it_takes_and_makes() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run("", &["mod", "inspect", "monitoring"]).success().stdout;
    let without_digest: String = shown
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("digest:") && !line.starts_with("size:"))
        .collect();
    assert_snapshot!(without_digest, @r#"
    monitoring 0.1.0 (accessory)
    Lets Prometheus collect an app's metrics.

    imports:    kusion:module/log@0.1.0
    resources:  monitoring.coreos.com/v1:ServiceMonitor, monitoring.coreos.com/v1:PodMonitor
    context:    none
    licenses:   Apache-2.0

    Developer inputs (app.yaml)
    NAME  TYPE            DEFAULT     MEANING
    path  string          "/metrics"  The path of the metrics.
    port  integer|string              The port of the metrics: the number of the container's port, or the name of a port. Every port if absent.

    Platform inputs (workspace)
    NAME          TYPE         DEFAULT    MEANING
    interval      string       "30s"      With the operator: the time between two collections, for example `30s`.
    monitorType   Service|Pod  "Service"  With the operator: what is watched.
    operatorMode  boolean      false      Whether the cluster runs the Prometheus operator.
    scheme        http|https   "http"     How the metrics are fetched.
    timeout       string       "15s"      With the operator: the time after which a collection counts as failed, at most `interval`.
    "#);
    assert_snapshot!(sandbox.run("", &["mod", "inspect", "mysq"]), @r"
    exit 1
    --- stderr
    error: the bundled catalog `[catalog]` has no module `mysq`
    hint: did you mean `mysql`?
    hint: valid names: autoscaler, gateway, inference, job, k8s_manifest, monitoring, mysql, network, networkpolicy, opensearch, opsrule, postgres, redis, service, volume
    ");
}

#[test]
fn a_built_module_carries_its_schemas_as_texts() {
    let sandbox = Sandbox::new();
    for module in ["job", "network"] {
        let shown = sandbox.run("", &["mod", "inspect", module, "-o", "json"]).success().stdout;
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let component =
            fs_err::read(kusion_tests::catalog().join(format!("{module}.wasm"))).unwrap();
        for schema in ["developerSchema", "platformSchema"] {
            let text = shown["description"][schema].to_string();
            let found = component.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(found, "{schema} of {module} is derived at run time");
        }
    }
}

#[test]
fn a_file_that_is_no_module_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("web.wasm", "not a module");
    assert_snapshot!(sandbox.run("", &["mod", "inspect", "web.wasm"]), @r"
    exit 1
    --- stderr
    error: module `web` is not WebAssembly
    ");
    assert_snapshot!(sandbox.run("", &["mod", "build", "nothing"]), @r"
    exit 1
    --- stderr
    error: `[root]/work/nothing` is not a package: it has no `Cargo.toml`, `package.json`, `pyproject.toml` or `go.mod`
    hint: `kusion mod init NAME --lang rust` makes a module
    ");
}

#[test]
fn a_module_of_another_version_than_the_workspace_asks_for_is_refused() {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write(
        "pinned.yaml",
        "modules:\n  service: {version: 9.9.9}\n  network: {}\n  mysql: {version: '>=0.1'}\n",
    );
    sandbox.run("", &["workspace", "create", "pinned", "-f", "pinned.yaml"]).success();
    let refused = sandbox.run("dev", &["generate", "--workspace", "pinned"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert_snapshot!(refused.stderr, @r"
    error: module `service` has version 0.1.0, and the workspace asks for `9.9.9`
     --> ../../home/workspaces/pinned.yaml:2:22
      |
    2 |   service: {version: 9.9.9}
      |                      ^^^^^
    ");
}
