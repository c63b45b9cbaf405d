//! `kusion release` and `kusion resource`

use insta::assert_snapshot;
use kusion_tests::Sandbox;

fn small() -> Sandbox {
    let sandbox = Sandbox::new().with_shop();
    sandbox.write("app.yaml", "workload: {module: service, containers: {main: {image: \"shop:1\"}}}\naccessories: {network: {ports: [{port: 80}]}}\n");
    sandbox
}

#[test]
fn nothing_is_on_record_before_the_first_apply() {
    let sandbox = small();
    assert_snapshot!(sandbox.run("dev", &["release", "list"]), @r"
    exit 0
    --- stderr
    shop/dev in workspace default has no releases yet.
    ");
    assert_snapshot!(sandbox.run("dev", &["release", "show"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no releases yet
    ");
    assert_snapshot!(sandbox.run("dev", &["resource", "graph"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no releases yet
    ");
}

#[test]
fn a_release_says_what_was_done_by_whom_with_which_modules() {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let release = sandbox.run("dev", &["release", "show", "-o", "json"]).success().json();
    for (pointer, expected) in [
        ("/revision", "1"),
        ("/operation", "\"apply\""),
        ("/phase", "\"succeeded\""),
        ("/project", "\"shop\""),
        ("/stack", "\"dev\""),
        ("/workspace", "\"default\""),
        ("/modules/0/name", "\"network\""),
        ("/modules/1/name", "\"service\""),
        ("/calls/0/request/scope/namespace", "\"shop\""),
    ] {
        let found = release.pointer(pointer).map(ToString::to_string);
        assert_eq!(found.as_deref(), Some(expected), "{pointer} of {release:#}");
    }
    assert!(
        release["modules"][0]["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("sha256:")),
        "{release:#}"
    );
    let text = sandbox.run("dev", &["release", "show", "--revision", "1"]).success().stdout;
    assert!(text.contains("\nphase: succeeded\n"), "{text}");
    assert_snapshot!(sandbox.run("dev", &["release", "show", "--revision", "2"]), @r"
    exit 1
    --- stderr
    error: shop/dev in workspace default has no release 2
    hint: the newest release is 1
    ");
}

#[test]
fn the_graph_has_four_forms() {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    let graph = |format: &str| sandbox.run("dev", &["resource", "graph", "-o", format]);
    assert_snapshot!(graph("text"), @r"
    exit 0
    --- stdout
    ID                                     APP   ACCESSORY  MODULE   DEPENDS ON
    apps/v1:Deployment:shop:shop-dev-shop  shop             service  v1:Namespace:shop
    v1:Namespace:shop
    v1:Service:shop:shop-dev-shop-private  shop  network    network  v1:Namespace:shop
    ");
    assert_snapshot!(graph("json"), @r#"
    exit 0
    --- stdout
    {
      "formatVersion": 1,
      "resources": [
        {
          "dependsOn": [
            "v1:Namespace:shop"
          ],
          "id": "apps/v1:Deployment:shop:shop-dev-shop",
          "origin": {
            "app": "shop",
            "module": "service"
          },
          "type": "Kubernetes"
        },
        {
          "dependsOn": [],
          "id": "v1:Namespace:shop",
          "origin": null,
          "type": "Kubernetes"
        },
        {
          "dependsOn": [
            "v1:Namespace:shop"
          ],
          "id": "v1:Service:shop:shop-dev-shop-private",
          "origin": {
            "accessory": "network",
            "app": "shop",
            "module": "network"
          },
          "type": "Kubernetes"
        }
      ],
      "revision": 1
    }
    "#);
    assert_snapshot!(graph("dot"), @r#"
    exit 0
    --- stdout
    digraph resources {
      rankdir = LR
      node [shape = box]
      "apps/v1:Deployment:shop:shop-dev-shop"
      "apps/v1:Deployment:shop:shop-dev-shop" -> "v1:Namespace:shop"
      "v1:Namespace:shop"
      "v1:Service:shop:shop-dev-shop-private"
      "v1:Service:shop:shop-dev-shop-private" -> "v1:Namespace:shop"
    }
    "#);
    assert_snapshot!(graph("mermaid"), @r#"
    exit 0
    --- stdout
    flowchart LR
      r0["apps/v1:Deployment:shop:shop-dev-shop"]
      r0 --> r1
      r1["v1:Namespace:shop"]
      r2["v1:Service:shop:shop-dev-shop-private"]
      r2 --> r1
    "#);
}

#[test]
fn one_resource_is_shown_by_its_id() {
    let sandbox = small();
    sandbox.run("dev", &["apply", "--yes"]).success();
    assert_snapshot!(sandbox.run("dev", &["resource", "show", "--id", "v1:Service:shop:shop-dev-shop-private"]), @r"
    exit 0
    --- stdout
    id: v1:Service:shop:shop-dev-shop-private
    type: Kubernetes
    attributes:
      apiVersion: v1
      kind: Service
      metadata:
        labels:
          app.kubernetes.io/name: shop
          app.kubernetes.io/part-of: shop
          kusion.io/stack: dev
        name: shop-dev-shop-private
        namespace: shop
      spec:
        ports:
        - name: shop-dev-shop-private-80-tcp
          port: 80
          protocol: TCP
          targetPort: 80
        selector:
          app.kubernetes.io/name: shop
          app.kubernetes.io/part-of: shop
          kusion.io/stack: dev
        type: ClusterIP
    dependsOn:
    - v1:Namespace:shop
    extensions:
      GVK: /v1, Kind=Service
    origin:
      app: shop
      accessory: network
      module: network
    private: {}
    ");
    assert_snapshot!(sandbox.run("dev", &["resource", "show", "--id", "v1:Namespace:shpo"]), @r"
    exit 1
    --- stderr
    error: there is no resource `v1:Namespace:shpo` on record
    hint: did you mean `v1:Namespace:shop`?
    hint: valid names: apps/v1:Deployment:shop:shop-dev-shop, v1:Namespace:shop, v1:Service:shop:shop-dev-shop-private
    ");
}
