//! What the server spells and fills in by itself is no change.

use serde_json::{Value, json};

use super::stage::Stage;

/// Objects as people write them: with odd quantities and without what the server fills in. `suffix` makes names of
/// cluster-wide objects their own.
fn odd_spellings(namespace: &str) -> Vec<Value> {
    let meta = |name: &str| json!({"name": name, "namespace": namespace});
    let global = format!("{namespace}-x");
    let group = format!("{namespace}.example.com");
    let pod = json!({
        "metadata": {"labels": {"app": "x"}},
        "spec": {
            "containers": [{
                "name": "main", "image": "a",
                "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "more"}],
                "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": 1, "memory": "1.5Gi"}},
                "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            }],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "0.5Gi"}}, {"name": "c", "configMap": {"name": "x"}}],
        },
    });
    let mut once = pod.clone();
    once["spec"]["restartPolicy"] = "Never".into();
    let selector = json!({"matchLabels": {"app": "x"}});
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
    });
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]});
    let role = |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": if kind == "Role" { "x" } else { &global }});
    let subjects = json!([{"kind": "ServiceAccount", "name": "x", "namespace": namespace}]);
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "size": {"type": "integer"}, "colour": {"type": "string", "default": "red"},
    }}}});
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("x"), "data": {"n": "N", "empty": ""}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("x"), "stringData": {"a": "value-a", "b": "value-b"}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("x")}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("x"), "spec": {"selector": {"app": "x"}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("balanced"), "spec": {
            "type": "LoadBalancer", "selector": {"app": "x"}, "ports": [{"name": "a", "port": 80, "targetPort": "more"}, {"name": "b", "port": 80, "protocol": "UDP"}],
        }}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("x"), "spec": claim["spec"]}),
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta("x"), "spec": {"hard": {"requests.cpu": "100", "limits.memory": "0.5Ti"}}}),
        json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": meta("x"), "spec": {"limits": [{"type": "Container", "max": {"memory": "10240Mi"}}]}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("x"), "spec": {"selector": selector, "template": pod}}),
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("x"), "spec": {"selector": selector, "template": pod}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta("x"), "spec": {
            "serviceName": "x", "selector": selector, "template": pod, "volumeClaimTemplates": [claim],
        }}),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("x"), "spec": {"template": once}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("x"), "spec": {
            "schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": once}},
        }}),
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta("x"), "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "x"}, "maxReplicas": 3,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "0.5"}}}],
        }}),
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta("x"), "spec": {"selector": selector, "maxUnavailable": "50%"}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta("x"), "spec": {"rules": [{"host": "x.example.com", "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "x", "port": {"number": 80}}}},
        ]}}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta("x"), "spec": {
            "podSelector": {}, "ingress": [{"ports": [{"port": 80}]}],
        }}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta("x"), "rules": [rule]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta("x"), "roleRef": role("Role"), "subjects": subjects}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": global}, "rules": [rule]}),
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": global}, "roleRef": role("ClusterRole"), "subjects": subjects}),
        json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": global}, "value": 1}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("gadgets.{group}")}, "spec": {
            "group": group, "scope": "Namespaced", "names": {"kind": "Gadget", "plural": "gadgets"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        }}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "Gadget", "metadata": meta("x"), "spec": {"size": 3}}),
    ]
}

#[test]
fn odd_spellings_and_defaults_show_nothing_the_second_time() {
    let stage = Stage::with_raw();
    stage.write_raw(&odd_spellings(&stage.project));
    let first = stage.run(&["preview"]).success().stdout;
    assert!(first.contains("not checked by the server: its kind is new"), "{first}");
    stage.run(&["apply", "--yes", "--no-wait"]).success();
    let second = stage.run(&["preview", "--detailed-exitcode"]);
    assert_eq!(second.code, Some(0), "{second}");
    let drift = stage.run(&["preview", "--drift-only", "--detailed-exitcode"]);
    assert_eq!(drift.code, Some(0), "{drift}");
    let again = stage.run(&["apply", "--yes", "--no-wait"]).success();
    assert!(again.stdout.contains("No changes"), "{again}");
    let ours = format!("app.kubernetes.io/part-of={}", stage.project);
    let global = "clusterrole,clusterrolebinding,priorityclass,customresourcedefinition";
    let _ = stage.cluster.kubectl(&["delete", global, "--selector", &ours, "--wait=false"]);
}
