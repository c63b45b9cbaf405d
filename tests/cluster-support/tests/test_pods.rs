//! Pods, volumes and addresses behave as told, and controllers react to them as in any cluster.

use kusion_cluster::{Cluster, POD, PodFate};
use serde_json::{Value, json};

use crate::manifests::{deployment, job};
use crate::test_server::{apply, until_available};

#[test]
fn a_deployment_becomes_available_and_its_service_gets_endpoints() {
    let (cluster, namespace) = with_namespace();
    apply(cluster, &namespace, &deployment("shop", PodFate::Ready));
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]},
    });
    apply(cluster, &namespace, &service.to_string());
    until_available(cluster, &namespace, "shop");
    cluster.until("two endpoints", || {
        let args = ["get", "endpointslices", "--namespace", &namespace, "--output=json"];
        let slices = cluster.kubectl(&args).json();
        slices["items"][0]["endpoints"].as_array().is_some_and(|endpoints| endpoints.len() == 2)
    });
}

#[test]
fn a_pod_shows_why_it_is_not_ready() {
    let (cluster, namespace) = with_namespace();
    let cases = [
        (PodFate::Image, "Pending", json!("ImagePullBackOff"), "Failed"),
        (PodFate::Fail, "Running", json!("CrashLoopBackOff"), "BackOff"),
        (PodFate::Unready, "Running", Value::Null, "Unhealthy"),
    ];
    for (fate, phase, waiting, event) in cases {
        let name = fate.annotation();
        apply(cluster, &namespace, &deployment(name, fate));
        cluster.until(name, || {
            let status = &pods(cluster, &namespace, name)[0]["status"];
            let container = &status["containerStatuses"][0];
            status["phase"] == phase
                && container["ready"] == false
                && container["state"]["waiting"]["reason"] == waiting
        });
        cluster.until("an event", || {
            let field = format!("--field-selector=type=Warning,reason={event}");
            let args = ["get", "events", "--namespace", &namespace, &field, "--output=name"];
            !cluster.kubectl(&args).expect_ok().stdout.is_empty()
        });
        assert_eq!(
            cluster.object("deployment", &namespace, name).expect("it")["status"]["availableReplicas"],
            Value::Null
        );
    }
}

#[test]
fn a_pod_that_was_told_to_fail_can_be_mended() {
    let (cluster, namespace) = with_namespace();
    for fate in [PodFate::Image, PodFate::Fail, PodFate::Unready, PodFate::Pending] {
        let name = fate.annotation();
        apply(cluster, &namespace, &deployment(name, fate));
        cluster.until("two pods with a node", || {
            pods(cluster, &namespace, name)
                .iter()
                .filter(|pod| pod["spec"]["nodeName"].is_string())
                .count()
                == 2
        });
        let (mended, selector) = (format!("{POD}=ready"), format!("--selector=app={name}"));
        let args =
            ["annotate", "pods", &selector, "--overwrite", &mended, "--namespace", &namespace];
        let _ = cluster.kubectl(&args).expect_ok();
        until_available(cluster, &namespace, name);
    }
}

#[test]
fn a_job_completes_or_fails() {
    let (cluster, namespace) = with_namespace();
    for (fate, condition) in [(PodFate::Succeed, "Complete"), (PodFate::Fail, "Failed")] {
        apply(cluster, &namespace, &job(fate.annotation(), fate));
        cluster.until(condition, || {
            let object = cluster.object("job", &namespace, fate.annotation()).expect("the job");
            let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|found| found["type"] == condition && found["status"] == "True")
        });
    }
}

#[test]
fn a_claim_is_bound_and_a_stateful_set_that_uses_it_becomes_ready() {
    let (cluster, namespace) = with_namespace();
    let set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "db", "image": "db:1",
                                         "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]},
            },
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
    });
    apply(cluster, &namespace, &set.to_string());
    cluster.until("a ready StatefulSet", || {
        cluster
            .object("statefulset", &namespace, "db")
            .is_some_and(|set| set["status"]["readyReplicas"] == 1)
    });
    let claim =
        cluster.object("persistentvolumeclaim", &namespace, "data-db-0").expect("the claim");
    assert_eq!(claim["status"]["phase"], "Bound");
}

#[test]
fn load_balancers_and_ingresses_get_an_address_unless_told_otherwise() {
    let (cluster, namespace) = with_namespace();
    for (name, never) in [("given", json!({})), ("never", json!({"kusion.test/address": "never"}))]
    {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "annotations": never},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        });
        let ingress = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "annotations": never},
            "spec": {"defaultBackend": {"service": {"name": name, "port": {"number": 80}}}},
        });
        apply(cluster, &namespace, &service.to_string());
        apply(cluster, &namespace, &ingress.to_string());
    }
    let address = |kind, name| {
        let object = cluster.object(kind, &namespace, name).expect("the object");
        object["status"]["loadBalancer"]["ingress"][0]["ip"].clone()
    };
    for kind in ["service", "ingress"] {
        cluster.until("an address", || address(kind, "given").is_string());
        assert_eq!(address(kind, "never"), Value::Null);
    }
}

fn with_namespace() -> (&'static Cluster, String) {
    let cluster = Cluster::shared();
    (cluster, cluster.make_namespace())
}

fn pods(cluster: &Cluster, namespace: &str, app: &str) -> Vec<Value> {
    let selector = format!("--selector=app={app}");
    let list = cluster
        .kubectl(&["get", "pods", "--namespace", namespace, &selector, "--output=json"])
        .json();
    list["items"]
        .as_array()
        .filter(|items| !items.is_empty())
        .cloned()
        .unwrap_or_else(|| vec![Value::Null])
}
