//! The control plane is the real one, with users of different rights, and can be disturbed.

use kusion_cluster::{Cluster, Part, PodFate, User};

use crate::manifests::{config_map, deployment};

#[test]
fn the_server_has_the_version_of_the_module_file() {
    let module = include_str!("../../cluster/go.mod");
    let pinned =
        module.split("k8s.io/kubernetes ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let version = Cluster::shared().kubectl(&["version", "--output=json"]).json();
    assert_eq!(version["serverVersion"]["gitVersion"].as_str(), pinned);
    assert_eq!(version["clientVersion"]["gitVersion"].as_str(), pinned);
}

#[test]
fn users_have_the_rights_that_they_are_given() {
    let cluster = Cluster::shared();
    let namespace = cluster.make_namespace();
    let list = ["get", "configmaps", "--namespace", &namespace];
    let as_user = |user| cluster.kubectl_with(&cluster.kubeconfig_of(user), &list, "");

    assert!(as_user(User::Admin).ok);
    assert!(as_user(User::AdminByToken).ok);
    let nobody = as_user(User::Nobody);
    assert!(!nobody.ok && nobody.stderr.contains("(Forbidden)"), "{nobody:?}");
    let stranger = as_user(User::Stranger);
    assert!(!stranger.ok && stranger.stderr.contains("Unauthorized"), "{stranger:?}");

    assert!(!as_user(User::Developer).ok);
    let bind = [
        "create",
        "rolebinding",
        "dev",
        "--clusterrole=edit",
        "--user=developer",
        "--namespace",
        &namespace,
    ];
    let _ = cluster.kubectl(&bind).expect_ok();
    cluster.until("the developer's rights", || as_user(User::Developer).ok);
}

#[test]
fn two_clusters_live_side_by_side_and_know_nothing_of_each_other() {
    let (here, there) = (Cluster::shared(), Cluster::start());
    let namespace = here.make_namespace();
    assert_ne!(here.context(), there.context());
    assert_ne!(here.port(), there.port());
    assert!(there.object("namespace", "", &namespace).is_none());
    // The keys of one open nothing at the other.
    let stranger =
        here.kubectl_with(&here.kubeconfig(), &["get", "nodes", "--server", &there.server()], "");
    assert!(!stranger.ok && stranger.stderr.contains("certificate"), "{stranger:?}");
}

#[test]
fn the_api_server_can_crash_and_come_back_with_all_objects() {
    let mut cluster = Cluster::start();
    let namespace = cluster.make_namespace();
    apply(&cluster, &namespace, &config_map("before"));

    cluster.stop(Part::ApiServer);
    let refused = cluster.kubectl(&["get", "namespaces"]);
    assert!(!refused.ok && refused.stderr.contains("refused"), "{refused:?}");

    cluster.restart(Part::ApiServer);
    assert!(cluster.object("configmap", &namespace, "before").is_some());
    apply(&cluster, &namespace, &deployment("after", PodFate::Ready));
    until_available(&cluster, &namespace, "after");
}

#[test]
fn a_frozen_api_server_neither_answers_nor_refuses() {
    let mut cluster = Cluster::start();
    cluster.freeze(Part::ApiServer);
    let silent = cluster.kubectl(&["get", "namespaces", "--request-timeout=1s"]);
    assert!(!silent.ok && !silent.stderr.contains("refused"), "{silent:?}");
    cluster.thaw(Part::ApiServer);
    let _ = cluster.kubectl(&["get", "namespaces"]).expect_ok();
}

pub(crate) fn apply(cluster: &Cluster, namespace: &str, manifest: &str) {
    let args = ["apply", "--server-side", "--namespace", namespace, "--filename=-"];
    let _ = cluster.kubectl_with(&cluster.kubeconfig(), &args, manifest).expect_ok();
}

pub(crate) fn until_available(cluster: &Cluster, namespace: &str, name: &str) {
    cluster.until("an available Deployment", || {
        let object = cluster.object("deployment", namespace, name);
        object.is_some_and(|object| object["status"]["availableReplicas"] == 2)
    });
}
