//! What a release takes for the same cluster.

use kusion_cluster::User;
use serde_json::json;

use super::stage::Stage;

#[test]
fn a_cluster_at_another_address_is_the_same_target() {
    let stage = Stage::with_raw();
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"},
        "metadata": {"name": "kept", "namespace": stage.project},
    });
    stage.write_raw(&[object]);
    stage.apply();

    let proxy = stage.cluster.proxy();
    let proxied = stage.cluster.kubeconfig_through(&proxy, User::AdminByToken);
    let (direct, proxied) = (stage.cluster.kubeconfig(), proxied.display().to_string());
    stage.sandbox.edit("raw.yaml", &direct.display().to_string(), &proxied);
    stage.sandbox.run("", &["workspace", "update", "raw", "-f", "raw.yaml"]).success();

    let preview = stage.run(&["preview", "--detailed-exitcode"]).success();
    assert_eq!(preview.stderr, "");
    assert!(!preview.stdout.contains("[server]"), "{}", preview.stdout);
    stage.run(&["destroy", "--yes"]).success();
    assert_eq!(stage.object("configmap", "kept"), None);
}
