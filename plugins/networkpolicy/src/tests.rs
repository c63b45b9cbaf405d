//! Whole answers of the `networkpolicy` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::NetworkPolicy;

fn call(config: Value) -> Call<NetworkPolicy> {
    Call::new(config).workload(json!({"containers": {"main": {"image": "web:1"}}}))
}

fn output(call: Call<NetworkPolicy>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn spec(call: Call<NetworkPolicy>) -> Value {
    output(call).resources[0].attributes["spec"].clone()
}

fn problems(call: Call<NetworkPolicy>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

fn labels() -> Value {
    json!({
        "kusion.io/stack": "dev",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "shop",
    })
}

/// Nothing but what the test asks for.
fn closed() -> Value {
    json!({"fromOwnNamespace": false, "toAccessories": false})
}

#[test]
fn all_is_closed_but_the_own_namespace_dns_and_accessories() {
    let output = output(call(json!({})).annotation("note", "x"));
    assert_eq!(output.resources.len(), 2);
    assert_eq!(
        output.resources[0].id,
        "networking.k8s.io/v1:NetworkPolicy:shop:shop-dev-web-networkpolicy"
    );
    let kube_dns = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    });
    let accessories =
        json!({"podSelector": {"matchExpressions": [{"key": "accessory", "operator": "Exists"}]}});
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {
                "name": "shop-dev-web-networkpolicy",
                "namespace": "shop",
                "labels": labels(),
                "annotations": {"note": "x"},
            },
            "spec": {
                "podSelector": {"matchLabels": labels()},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [{"podSelector": {}}]}],
                "egress": [
                    {
                        "to": [kube_dns],
                        "ports": [
                            {"port": 53, "protocol": "UDP"},
                            {"port": 53, "protocol": "TCP"},
                        ],
                    },
                    {"to": [accessories]},
                ],
            },
        })
    );
}

#[test]
fn nobody_but_the_app_reaches_its_accessories() {
    let made = output(call(json!({})));
    assert_eq!(made.resources[1].attributes["metadata"]["name"], "shop-dev-web-accessories");
    assert_eq!(
        made.resources[1].attributes["spec"],
        json!({
            "podSelector": {"matchLabels": {"kusion.io/accessory-of": "shop-dev-web"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": labels()}}]}],
        })
    );
    let closed = output(call(json!({})).platform(closed()));
    assert_eq!(closed.resources.len(), 1);
}

#[test]
fn without_any_rule_nobody_reaches_the_app() {
    let spec = spec(call(json!({})).platform(closed()));
    assert_eq!(spec.get("ingress"), None);
    assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(spec["egress"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_platform_names_gateways_dns_and_rules_of_its_own() {
    let platform = json!({
        "fromOwnNamespace": false,
        "fromNamespaces": ["ingress-nginx", "monitoring"],
        "toAccessories": false,
        "dns": {"namespace": "dns", "podLabels": {}, "cidrs": ["169.254.20.10/32"], "port": 5353},
        "ingress": [{"from": [{"cidr": "10.0.0.0/8"}]}],
        "egress": [{"to": [{"namespace": "databases"}], "ports": [{"port": 3306}]}],
    });
    let spec = spec(call(json!({})).platform(platform));
    let namespace = |name: &str| json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}});
    assert_eq!(
        spec["ingress"],
        json!([
            {"from": [namespace("ingress-nginx"), namespace("monitoring")]},
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
        ])
    );
    assert_eq!(
        spec["egress"],
        json!([
            {
                "to": [namespace("dns"), {"ipBlock": {"cidr": "169.254.20.10/32"}}],
                "ports": [{"port": 5353, "protocol": "UDP"}, {"port": 5353, "protocol": "TCP"}],
            },
            {"to": [namespace("databases")], "ports": [{"port": 3306, "protocol": "TCP"}]},
        ])
    );
}

#[test]
fn a_developer_opens_more() {
    let config = json!({
        "ingress": [{"ports": [{"port": "http"}]}],
        "egress": [
            {"to": [{"app": "checkout"}]},
            {
                "to": [
                    {"namespaceLabels": {"team": "a"}, "podLabels": {"tier": "db"}},
                    {"podLabels": {"tier": "cache"}},
                    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]},
                ],
                "ports": [{"port": 8000, "endPort": 8100, "protocol": "UDP"}, {"port": 443}],
            },
        ],
    });
    let spec = spec(call(config).platform(closed()));
    assert_eq!(spec["ingress"], json!([{"ports": [{"port": "http", "protocol": "TCP"}]}]));
    let mut checkout = labels();
    checkout["app.kubernetes.io/name"] = "checkout".into();
    assert_eq!(
        spec["egress"].as_array().unwrap()[1..],
        [
            json!({"to": [{"podSelector": {"matchLabels": checkout}}]}),
            json!({
                "to": [
                    {
                        "namespaceSelector": {"matchLabels": {"team": "a"}},
                        "podSelector": {"matchLabels": {"tier": "db"}},
                    },
                    {"podSelector": {"matchLabels": {"tier": "cache"}}},
                    {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]}},
                ],
                "ports": [
                    {"port": 8000, "endPort": 8100, "protocol": "UDP"},
                    {"port": 443, "protocol": "TCP"},
                ],
            }),
        ]
    );
}

#[test]
fn a_second_accessory_adds_a_policy() {
    let output = output(call(json!({})).accessory("more"));
    assert_eq!(
        output.resources[0].id,
        "networking.k8s.io/v1:NetworkPolicy:shop:shop-dev-web-more-networkpolicy"
    );
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let config = json!({
        "ingress": [
            {"from": [], "ports": []},
            {"from": [{}, {"app": "a", "cidr": "::/0"}, {"app": "A"}, {"podLabels": {"a": "b"}, "except": ["::/1"]}]},
        ],
        "egress": [{
            "to": [
                {"cidr": "10.0.0.0/33"},
                {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16", "x/1"]},
                {"namespace": "A", "namespaceLabels": {"a b": "c"}, "podLabels": {"a": "b c"}},
            ],
            "ports": [{"port": 0}, {"port": 2, "endPort": 1}, {"port": "HTTP"}, {"port": "a", "endPort": 1}],
        }],
    });
    let platform = json!({
        "fromNamespaces": ["a.b"],
        "dns": {"namespace": "", "podLabels": {"": ""}, "cidrs": ["10.0.0.0"], "port": 0},
        "egress": [{"to": []}],
    });
    let found: Vec<_> =
        problems(call(config).platform(platform)).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        found,
        [
            "/platform/fromNamespaces/0",
            "/config/ingress/0/from",
            "/config/ingress/0/ports",
            "/config/ingress/1/from/0",
            "/config/ingress/1/from/1",
            "/config/ingress/1/from/2/app",
            "/config/ingress/1/from/3/except",
            "/platform/dns/namespace",
            "/platform/dns/podLabels/#",
            "/platform/dns/port",
            "/platform/dns/cidrs/0",
            "/platform/egress/0/to",
            "/config/egress/0/to/0/cidr",
            "/config/egress/0/to/1/except/0",
            "/config/egress/0/to/1/except/1",
            "/config/egress/0/to/2/namespaceLabels",
            "/config/egress/0/to/2/namespace",
            "/config/egress/0/to/2/namespaceLabels/a b#",
            "/config/egress/0/to/2/podLabels/a",
            "/config/egress/0/ports/0/port",
            "/config/egress/0/ports/1/endPort",
            "/config/egress/0/ports/2/port",
            "/config/egress/0/ports/3/endPort",
        ]
    );
}

#[test]
fn an_app_without_a_workload_has_no_pods_to_guard() {
    let message = "is for the pods of a workload, and this app has none";
    let call = Call::<NetworkPolicy>::new(json!({}));
    assert_eq!(problems(call), [("/config".to_owned(), message.to_owned())]);
}
