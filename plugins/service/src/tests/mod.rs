//! Whole answers of the `service` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::Service;

mod defects;
mod platform;

fn output(call: Call<Service>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn main_container(container: Value) -> Call<Service> {
    Call::new(json!({"containers": {"main": container}}))
}

fn pod_spec(output: &Output) -> &Value {
    let workload = output.resources.last().map(|it| &it.attributes["spec"]["template"]["spec"]);
    workload.unwrap_or(&Value::Null)
}

fn problems(call: Call<Service>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

#[test]
fn the_smallest_app_is_a_secure_deployment_without_empty_fields() {
    let labels = json!({
        "kusion.io/stack": "dev",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "shop",
    });
    let output = output(main_container(json!({"image": "web:1"})));
    assert_eq!(
        json!(output),
        json!({
            "resources": [{
                "id": "apps/v1:Deployment:shop:shop-dev-web",
                "type": "Kubernetes",
                "attributes": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": "shop-dev-web", "namespace": "shop", "labels": labels},
                    "spec": {
                        "selector": {"matchLabels": labels},
                        "template": {
                            "metadata": {"labels": labels},
                            "spec": {
                                "automountServiceAccountToken": false,
                                "securityContext": {
                                    "seccompProfile": {"type": "RuntimeDefault"},
                                },
                                "containers": [{
                                    "name": "main",
                                    "image": "web:1",
                                    "resources": {
                                        "requests": {"cpu": "100m", "memory": "128Mi"},
                                        "limits": {"memory": "1Gi"},
                                    },
                                    "securityContext": {"allowPrivilegeEscalation": false},
                                }],
                                "topologySpreadConstraints": [
                                    {
                                        "maxSkew": 1,
                                        "topologyKey": "kubernetes.io/hostname",
                                        "whenUnsatisfiable": "ScheduleAnyway",
                                        "labelSelector": {"matchLabels": labels},
                                    },
                                    {
                                        "maxSkew": 1,
                                        "topologyKey": "topology.kubernetes.io/zone",
                                        "whenUnsatisfiable": "ScheduleAnyway",
                                        "labelSelector": {"matchLabels": labels},
                                    },
                                ],
                            },
                        },
                    },
                },
                "dependsOn": [],
                "extensions": {
                    "GVK": "apps/v1, Kind=Deployment",
                    "kusion.io/is-workload": true,
                },
            }],
            "patches": [],
            "secrets": [],
            "needs": [],
            "extensions": {},
        })
    );
}

#[test]
fn the_developer_wins_over_the_app_and_the_app_over_the_platform() {
    let call = Call::<Service>::new(json!({
        "containers": {"main": {"image": "web:1"}},
        "replicas": 3,
        "labels": {"a": "developer"},
        "annotations": {"x": "developer"},
    }))
    .label("a", "app")
    .label("b", "app")
    .annotation("y", "app")
    .platform(json!({
        "replicas": 2,
        "labels": {"a": "platform", "b": "platform", "c": "platform"},
        "annotations": {"x": "platform", "y": "platform", "z": "platform"},
    }));
    let output = output(call);
    let object = &output.resources[0].attributes;
    let metadata = json!({
        "labels": {
            "a": "developer",
            "b": "app",
            "c": "platform",
            "kusion.io/stack": "dev",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
        },
        "annotations": {"x": "developer", "y": "app", "z": "platform"},
    });
    assert_eq!(object["spec"]["replicas"], 3);
    assert_eq!(object["spec"]["template"]["metadata"], metadata);
    assert_eq!(object["metadata"]["labels"], metadata["labels"]);
    assert_eq!(object["metadata"]["annotations"], metadata["annotations"]);
    assert_eq!(
        object["spec"]["selector"]["matchLabels"],
        json!({
            "kusion.io/stack": "dev", "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
        })
    );
}

#[test]
fn the_platform_chooses_the_kind_and_the_number_of_copies() {
    let call = main_container(json!({"image": "web:1"}))
        .platform(json!({"type": "CollaSet", "replicas": 2}));
    let output = output(call);
    assert_eq!(output.resources[0].id, "apps.kusionstack.io/v1alpha1:CollaSet:shop:shop-dev-web");
    assert_eq!(output.resources[0].attributes["spec"]["replicas"], 2);
}

#[test]
fn everything_about_a_container_reaches_kubernetes() {
    let output = output(main_container(json!({
        "image": "web:1",
        "command": ["/app"],
        "args": ["--serve"],
        "workingDir": "/srv",
        "env": {
            "PLAIN": "text",
            "OTHER": "$(PLAIN)",
            "PASSWORD": "secret://db/password",
        },
        "resources": {"cpu": "250m-500m", "memory": "256Mi"},
        "readinessProbe": {"http": {"url": "http://localhost:8080/ready", "headers": {"A": "b"}}, "periodSeconds": 5},
        "livenessProbe": {"tcp": {"url": "localhost:8080"}, "initialDelaySeconds": 0},
        "startupProbe": {"exec": {"command": ["true"]}, "terminationGracePeriod": 3},
        "lifecycle": {
            "preStop": {"exec": {"command": ["sleep", "1"]}},
            "postStart": {"http": {"url": "http://hooks.local/start"}},
        },
    })));
    assert_eq!(
        pod_spec(&output)["containers"],
        json!([{
            "name": "main",
            "image": "web:1",
            "command": ["/app"],
            "args": ["--serve"],
            "workingDir": "/srv",
            "env": [
                {"name": "OTHER", "value": "$(PLAIN)"},
                {
                    "name": "PASSWORD",
                    "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
                },
                {"name": "PLAIN", "value": "text"},
            ],
            "resources": {
                "requests": {"cpu": "250m"},
                "limits": {"cpu": "500m", "memory": "256Mi"},
            },
            "readinessProbe": {
                "httpGet": {
                    "scheme": "HTTP",
                    "port": 8080,
                    "path": "/ready",
                    "httpHeaders": [{"name": "A", "value": "b"}],
                },
                "periodSeconds": 5,
            },
            "livenessProbe": {"tcpSocket": {"port": 8080}},
            "startupProbe": {
                "exec": {"command": ["true"]},
                "terminationGracePeriodSeconds": 3,
            },
            "lifecycle": {
                "preStop": {"exec": {"command": ["sleep", "1"]}},
                "postStart": {"httpGet": {
                    "scheme": "HTTP",
                    "host": "hooks.local",
                    "port": 80,
                    "path": "/start",
                }},
            },
            "securityContext": {"allowPrivilegeEscalation": false},
        }])
    );
}

#[test]
fn files_are_mounted_one_by_one_with_octal_modes() {
    let output = output(main_container(json!({
        "image": "web:1",
        "files": {
            "/etc/app/a.conf": {"content": "a = 1\n"},
            "/etc/app/b.conf": {"content": "", "mode": "0400"},
            "/etc/app/key": {"contentFrom": "secret://tls/key"},
        },
        "dirs": {"/etc/tls": "secret://tls", "/etc/keys": "secret://keys"},
    })));
    let ids: Vec<_> = output.resources.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "v1:ConfigMap:shop:shop-dev-web-main-0",
            "v1:ConfigMap:shop:shop-dev-web-main-1",
            "apps/v1:Deployment:shop:shop-dev-web",
        ]
    );
    assert_eq!(output.resources[0].attributes["data"], json!({"a.conf": "a = 1\n"}));
    assert_eq!(output.resources[1].attributes["data"], json!({"b.conf": ""}));
    let marked: Vec<_> = output
        .resources
        .iter()
        .filter(|it| it.extensions.contains_key("kusion.io/is-workload"))
        .collect();
    assert_eq!(marked.len(), 1);
    let spec = pod_spec(&output);
    assert_eq!(
        spec["volumes"],
        json!([
            {
                "name": "shop-dev-web-main-0",
                "configMap": {"name": "shop-dev-web-main-0", "defaultMode": 420},
            },
            {
                "name": "shop-dev-web-main-1",
                "configMap": {"name": "shop-dev-web-main-1", "defaultMode": 256},
            },
            {"name": "tls", "secret": {"secretName": "tls", "defaultMode": 420}},
            {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 420}},
        ])
    );
    assert_eq!(
        spec["containers"][0]["volumeMounts"],
        json!([
            {"name": "shop-dev-web-main-0", "mountPath": "/etc/app/a.conf", "subPath": "a.conf"},
            {"name": "shop-dev-web-main-1", "mountPath": "/etc/app/b.conf", "subPath": "b.conf"},
            {"name": "tls", "mountPath": "/etc/app/key", "subPath": "key"},
            {"name": "keys", "mountPath": "/etc/keys"},
            {"name": "tls", "mountPath": "/etc/tls"},
        ])
    );
}

#[test]
fn one_secret_with_two_modes_is_two_volumes() {
    let output = output(main_container(json!({
        "image": "web:1",
        "files": {
            "/a": {"contentFrom": "secret://tls/a", "mode": "0400"},
            "/b": {"contentFrom": "secret://tls/b"},
        },
    })));
    assert_eq!(
        pod_spec(&output)["volumes"],
        json!([
            {"name": "tls", "secret": {"secretName": "tls", "defaultMode": 256}},
            {"name": "tls-2", "secret": {"secretName": "tls", "defaultMode": 420}},
        ])
    );
}

#[test]
fn containers_are_sorted_by_name() {
    let call = Call::<Service>::new(json!({
        "containers": {"web": {"image": "w"}, "agent": {"image": "a"}, "proxy": {"image": "p"}},
    }));
    let output = output(call);
    let names: Vec<_> = pod_spec(&output)["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["agent", "proxy", "web"]);
}

#[test]
fn pods_spread_by_the_developers_rules() {
    let call = Call::<Service>::new(json!({
        "containers": {"main": {"image": "web:1"}},
        "topologySpreadConstraints": {"zone": {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "minDomains": 2,
            "nodeTaintsPolicy": "Honor",
            "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
        }},
    }));
    let output = output(call);
    assert_eq!(
        pod_spec(&output)["topologySpreadConstraints"],
        json!([{
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "minDomains": 2,
            "nodeTaintsPolicy": "Honor",
            "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
        }])
    );
}

#[test]
fn secrets_of_the_workload_are_left_to_the_host() {
    let call = Call::<Service>::new(json!({
        "containers": {"main": {"image": "web:1"}},
        "secrets": {"login": {"type": "basic", "data": {"username": null}}},
    }));
    assert_eq!(output(call).resources.len(), 1);
}

#[test]
fn what_kubernetes_would_refuse_of_a_container_is_told_at_its_place() {
    let problems = problems(main_container(json!({
        "image": "web:1",
        "env": {"..A": "x"},
        "files": {
            "/a": {"content": "x", "mode": "1777"},
            "/b": {"content": "x".repeat(1024 * 1024 + 1)},
        },
        "livenessProbe": {"tcp": {"url": "localhost:1"}, "successThreshold": 2},
        "readinessProbe": {
            "http": {"url": "http://localhost/", "headers": {"A B": "c"}}, "successThreshold": 2,
        },
        "resources": {"cpu": "2-1", "gpu": "1"},
    })));
    let pointers: Vec<_> = problems
        .iter()
        .filter_map(|(pointer, _)| pointer.strip_prefix("/config/containers/main/"))
        .collect();
    assert_eq!(
        pointers,
        [
            "files/~1a/mode",
            "files/~1b/content",
            "env/..A#",
            "livenessProbe/successThreshold",
            "readinessProbe/http/headers/A B#",
            "resources/cpu",
            "resources/gpu#",
        ]
    );
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let call = Call::<Service>::new(json!({
        "containers": {
            "Main": {
                "image": " ",
                "env": {"1A": "x", "B": "secret://db"},
                "resources": {"cpu": "lots"},
                "files": {
                    "/": {"content": "x"},
                    "/a": {"content": "x", "contentFrom": "secret://s/k"},
                    "/b": {"content": "x", "mode": "0999"},
                    "/c": {"contentFrom": "plain"},
                    "/d": {"content": "x"},
                    "d": {"content": "y"},
                },
                "dirs": {"/e": "secret://s/k"},
                "readinessProbe": {"exec": {"command": []}, "terminationGracePeriod": 1},
                "livenessProbe": {},
                "lifecycle": {"preStop": {}},
            },
        },
        "labels": {"app.kubernetes.io/name": "other"},
        "topologySpreadConstraints": {"z": {
            "maxSkew": 0,
            "topologyKey": "",
            "whenUnsatisfiable": "ScheduleAnyway",
            "minDomains": 1,
        }},
    }));
    let problems = problems(call);
    let pointers: Vec<_> = problems.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/config/labels/app.kubernetes.io~1name",
            "/config/containers/Main#",
            "/config/containers/Main/files/~1",
            "/config/containers/Main/files/~1a",
            "/config/containers/Main/files/~1b/mode",
            "/config/containers/Main/files/~1c/contentFrom",
            "/config/containers/Main/files/d",
            "/config/containers/Main/dirs/~1e",
            "/config/containers/Main/image",
            "/config/containers/Main/env/1A#",
            "/config/containers/Main/env/B",
            "/config/containers/Main/livenessProbe",
            "/config/containers/Main/readinessProbe/exec/command",
            "/config/containers/Main/readinessProbe/terminationGracePeriod",
            "/config/containers/Main/lifecycle/preStop",
            "/config/containers/Main/resources/cpu",
            "/config/topologySpreadConstraints/z/maxSkew",
            "/config/topologySpreadConstraints/z/minDomains",
            "/config/topologySpreadConstraints/z/topologyKey",
        ]
    );
}

#[test]
fn an_app_without_containers_is_refused() {
    assert_eq!(
        problems(Call::new(json!({"containers": {}}))),
        [("/config/containers".to_owned(), "needs at least one container".to_owned())]
    );
}

#[test]
fn the_schema_of_a_container_is_closed_to_typing_errors() {
    let description = kusion_sdk::Description::of::<Service>();
    let container =
        &description.developer_schema["properties"]["containers"]["additionalProperties"];
    assert_eq!(container["required"], json!(["image"]));
    assert_eq!(container["type"], "object");
    assert!(container["properties"]["readinessProbe"]["properties"]["http"].is_object());
    let text = description.developer_schema.to_string();
    assert!(!text.contains("$ref") && !text.contains("null"), "{text}");
}
