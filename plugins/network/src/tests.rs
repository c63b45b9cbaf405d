//! Whole answers of the `network` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::Network;

fn call(config: Value) -> Call<Network> {
    Call::new(config).workload(json!({"containers": {"main": {"image": "web:1"}}}))
}

fn output(call: Call<Network>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn problems(call: Call<Network>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

fn ids(output: &Output) -> Vec<&str> {
    output.resources.iter().map(|resource| resource.id.as_str()).collect()
}

#[test]
fn a_port_is_private_unless_it_says_otherwise() {
    let output = output(call(json!({"ports": [{}]})));
    assert_eq!(
        json!(output),
        json!({
            "resources": [{
                "id": "v1:Service:shop:shop-dev-web-private",
                "type": "Kubernetes",
                "attributes": {
                    "apiVersion": "v1",
                    "kind": "Service",
                    "metadata": {
                        "name": "shop-dev-web-private",
                        "namespace": "shop",
                        "labels": {
                            "kusion.io/stack": "dev",
                            "app.kubernetes.io/name": "web",
                            "app.kubernetes.io/part-of": "shop",
                        },
                    },
                    "spec": {
                        "type": "ClusterIP",
                        "selector": {
                            "kusion.io/stack": "dev",
                            "app.kubernetes.io/name": "web",
                            "app.kubernetes.io/part-of": "shop",
                        },
                        "ports": [{
                            "name": "shop-dev-web-private-80-tcp",
                            "port": 80,
                            "targetPort": 80,
                            "protocol": "TCP",
                        }],
                    },
                },
                "dependsOn": [],
                "extensions": {"GVK": "/v1, Kind=Service"},
            }],
            "patches": [],
            "secrets": [],
            "needs": [],
            "extensions": {},
        })
    );
}

#[test]
fn private_and_public_ports_become_two_services() {
    let config = json!({"ports": [
        {"port": 80, "targetPort": 8080, "public": true},
        {"port": 9090},
        {"port": 53, "protocol": "UDP"},
        {"port": 53, "protocol": "TCP"},
    ]});
    let output = output(call(config));
    assert_eq!(
        ids(&output),
        ["v1:Service:shop:shop-dev-web-private", "v1:Service:shop:shop-dev-web-public"]
    );
    let spec = |index: usize| &output.resources[index].attributes["spec"];
    assert_eq!(spec(0)["type"], "ClusterIP");
    assert_eq!(
        spec(0)["ports"],
        json!([
            {"name": "shop-dev-web-private-9090-tcp", "port": 9090, "targetPort": 9090, "protocol": "TCP"},
            {"name": "shop-dev-web-private-53-udp", "port": 53, "targetPort": 53, "protocol": "UDP"},
            {"name": "shop-dev-web-private-53-tcp", "port": 53, "targetPort": 53, "protocol": "TCP"},
        ])
    );
    assert_eq!(spec(1)["type"], "LoadBalancer");
    assert_eq!(
        spec(1)["ports"],
        json!([
            {"name": "shop-dev-web-public-80-tcp", "port": 80, "targetPort": 8080, "protocol": "TCP"},
        ])
    );
}

#[test]
fn only_the_public_service_gets_the_labels_of_the_load_balancer() {
    let config = json!({"ports": [{"port": 80, "public": true}, {"port": 81}]});
    let call = call(config)
        .workload(json!({"labels": {"tier": "front"}, "annotations": {"note": "x"}}))
        .label("team", "checkout")
        .platform(json!({"port": {
            "type": "aws",
            "labels": {"lb": "yes", "app.kubernetes.io/name": "stolen"},
            "annotations": {"aws/nlb": "ip"},
        }}));
    let output = output(call);
    let metadata = |index: usize| &output.resources[index].attributes["metadata"];
    assert_eq!(
        metadata(0)["labels"],
        json!({
            "kusion.io/stack": "dev",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            "team": "checkout",
            "tier": "front",
        })
    );
    assert_eq!(metadata(0)["annotations"], json!({"note": "x"}));
    assert_eq!(metadata(1)["labels"]["lb"], "yes");
    assert_eq!(metadata(1)["labels"]["app.kubernetes.io/name"], "web");
    assert_eq!(metadata(1)["annotations"], json!({"note": "x", "aws/nlb": "ip"}));
}

#[test]
fn a_second_accessory_has_resources_of_its_own() {
    let config = json!({
        "ports": [{"port": 80}],
        "ingress": {"defaultBackend": {"service": {"port": {"number": 80}}}},
        "ingressClass": {"controller": "acme.io/ingress"},
    });
    let first = output(call(config.clone()));
    let second = output(call(config).accessory("admin"));
    assert_eq!(
        ids(&first),
        [
            "v1:Service:shop:shop-dev-web-private",
            "networking.k8s.io/v1:Ingress:shop:shop-dev-web-ingress",
            "networking.k8s.io/v1:IngressClass:shop-dev-web-ingressclass",
        ]
    );
    assert_eq!(
        ids(&second),
        [
            "v1:Service:shop:shop-dev-web-admin-private",
            "networking.k8s.io/v1:Ingress:shop:shop-dev-web-admin-ingress",
            "networking.k8s.io/v1:IngressClass:shop-dev-web-admin-ingressclass",
        ]
    );
}

#[test]
fn an_ingress_finds_the_services_of_its_ports() {
    let config = json!({
        "ports": [{"port": 80}, {"port": 443, "public": true}],
        "ingress": {
            "labels": {"a": "b"},
            "annotations": {"c": "d"},
            "ingressClassName": "nginx",
            "defaultBackend": {"resource": {"apiGroup": "k8s.acme.io", "kind": "Bucket", "name": "static"}},
            "tls": [{"hosts": ["shop.example.com"], "secretName": "tls"}],
            "rules": [{
                "host": "shop.example.com",
                "http": {"paths": [
                    {"backend": {"service": {"port": {"number": 80}}}},
                    {"path": "/s", "pathType": "Exact", "backend": {"service": {"port": {"number": 443}}}},
                    {"path": "/o", "backend": {"service": {"name": "other", "port": {"name": "http"}}}},
                ]},
            }],
        },
    });
    let output = output(call(config));
    assert_eq!(
        output.resources[2].attributes,
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": "shop-dev-web-ingress",
                "namespace": "shop",
                "labels": {
                    "a": "b",
                    "kusion.io/stack": "dev",
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/part-of": "shop",
                },
                "annotations": {"c": "d"},
            },
            "spec": {
                "ingressClassName": "nginx",
                "defaultBackend": {
                    "resource": {"apiGroup": "k8s.acme.io", "kind": "Bucket", "name": "static"},
                },
                "tls": [{"hosts": ["shop.example.com"], "secretName": "tls"}],
                "rules": [{
                    "host": "shop.example.com",
                    "http": {"paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {
                                "name": "shop-dev-web-private",
                                "port": {"number": 80},
                            }},
                        },
                        {
                            "path": "/s",
                            "pathType": "Exact",
                            "backend": {"service": {
                                "name": "shop-dev-web-public",
                                "port": {"number": 443},
                            }},
                        },
                        {
                            "path": "/o",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "other", "port": {"name": "http"}}},
                        },
                    ]},
                }],
            },
        })
    );
}

#[test]
fn an_ingress_uses_the_accessorys_own_class_unless_it_names_one() {
    let class =
        json!({"controller": "acme.io/ingress", "parameters": {"kind": "Params", "name": "p"}});
    let backend = json!({"service": {"name": "s", "port": {"number": 1}}});
    let class_of = |ingress: Value| {
        let output = output(call(json!({"ingress": ingress, "ingressClass": class})));
        assert_eq!(
            output.resources[1].attributes["spec"],
            json!({"controller": "acme.io/ingress", "parameters": {"kind": "Params", "name": "p"}})
        );
        output.resources[0].attributes["spec"]["ingressClassName"].clone()
    };
    assert_eq!(class_of(json!({"defaultBackend": backend})), "shop-dev-web-ingressclass");
    assert_eq!(class_of(json!({"defaultBackend": backend, "ingressClassName": "nginx"})), "nginx");
    let old = json!({"kubernetes.io/ingress.class": "nginx"});
    assert_eq!(class_of(json!({"defaultBackend": backend, "annotations": old})), Value::Null);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let config = json!({
        "ports": [{"port": 0}, {"targetPort": 0}, {"port": 80}, {"port": 80, "public": true}],
        "ingress": {
            "defaultBackend": {},
            "rules": [{"http": {"paths": [
                {"path": "x", "backend": {"service": {"port": {"number": 81}}}},
                {"backend": {"service": {"port": {"name": "http"}}}},
                {"backend": {"service": {"name": "s", "port": {}}}},
            ]}}],
        },
    });
    let expected = [
        ("/config/ports", "ports lead to a workload, and this app has none"),
        ("/config/ports/0/port", "must be between 1 and 65535"),
        ("/config/ports/1/targetPort", "must be between 1 and 65535"),
        ("/config/ports/2/port", "there is another private port 80-tcp"),
        ("/config/ingress/defaultBackend", "needs either `service` or `resource`"),
        ("/config/ingress/rules/0/http/paths/0/path", "must begin with `/`"),
        (
            "/config/ingress/rules/0/http/paths/0/backend/service/port",
            "no port of this accessory has the number 81",
        ),
        (
            "/config/ingress/rules/0/http/paths/1/backend/service/port",
            "a port by name needs the `name` of the service too",
        ),
        (
            "/config/ingress/rules/0/http/paths/2/backend/service/port",
            "needs either `number` or `name`",
        ),
    ];
    let expected: Vec<_> =
        expected.map(|(pointer, message)| (pointer.to_owned(), message.to_owned())).into();
    assert_eq!(problems(Call::new(config)), expected);
}

#[test]
fn a_value_of_the_wrong_type_is_reported_with_its_place() {
    let call = call(json!({"ports": [{"port": "80"}]})).platform(json!({"port": {"type": "gcp"}}));
    assert_eq!(
        problems(call),
        [
            (
                "/config/ports/0/port".to_owned(),
                "expected a whole number from 0 to 65535, found the text `80`".to_owned()
            ),
            (
                "/platform/port/type".to_owned(),
                "unknown variant `gcp`, expected `aws` or `alicloud`".to_owned()
            ),
        ]
    );
}

#[test]
fn names_stay_within_what_kubernetes_allows() {
    let scope = kusion_sdk::Scope {
        project: "2048-a-very-long-name-of-a-project-which-nobody-would-type".to_owned(),
        stack: "production".to_owned(),
        workspace: "production".to_owned(),
        app: "web".to_owned(),
        namespace: "games".to_owned(),
    };
    let output = output(call(json!({"ports": [{"port": 65535}]})).scope(scope));
    let service = &output.resources[0].attributes;
    for name in [&service["metadata"]["name"], &service["spec"]["ports"][0]["name"]] {
        let name = name.as_str().unwrap_or_default();
        assert!(name.len() <= 63 && name.starts_with("s-2048-"), "{name}");
    }
}

#[test]
fn what_the_server_would_refuse_of_an_ingress_is_told_at_its_place() {
    let backend = json!({"service": {"name": "s", "port": {"number": 1}}});
    let problems = problems(call(json!({
        "ingress": {
            "labels": {"/data": "x"},
            "annotations": {"a b": "x"},
            "ingressClassName": "Nginx",
            "defaultBackend": {"resource": {"apiGroup": "K", "kind": "", "name": "a/b"}},
            "tls": [{"hosts": ["10.0.0.1"], "secretName": "T"}],
            "rules": [
                {"host": "Shop", "http": {"paths": []}},
                {"http": {"paths": [
                    {"path": "/a//b", "backend": backend},
                    {"path": "/a//b", "pathType": "ImplementationSpecific", "backend": backend},
                    {"path": "/a/..", "pathType": "Exact", "backend": backend},
                    {"backend": {"service": {"name": "0", "port": {"name": "h--p"}}}},
                ]}},
            ],
        },
        "ingressClass": {
            "labels": {"a": "b c"},
            "annotations": {"": "x"},
            "controller": "nginx",
            "parameters": {"kind": "P", "name": "p", "scope": "Namespace"},
        },
    })));
    let places: Vec<&str> = problems.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(
        places,
        [
            "/config/ingress/labels/~1data#",
            "/config/ingress/annotations/a b#",
            "/config/ingress/ingressClassName",
            "/config/ingress/tls/0/hosts/0",
            "/config/ingress/tls/0/secretName",
            "/config/ingress/defaultBackend/resource/apiGroup",
            "/config/ingress/defaultBackend/resource/kind",
            "/config/ingress/defaultBackend/resource/name",
            "/config/ingress/rules/0/host",
            "/config/ingress/rules/0/http/paths",
            "/config/ingress/rules/1/http/paths/0/path",
            "/config/ingress/rules/1/http/paths/2/path",
            "/config/ingress/rules/1/http/paths/3/backend/service/name",
            "/config/ingress/rules/1/http/paths/3/backend/service/port/name",
            "/config/ingressClass/labels/a",
            "/config/ingressClass/annotations/#",
            "/config/ingressClass/controller",
            "/config/ingressClass/parameters",
        ]
    );
}
