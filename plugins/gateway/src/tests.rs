//! Whole answers of the `gateway` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::Gateway;

fn call(config: Value) -> Call<Gateway> {
    Call::new(config)
        .workload(json!({"containers": {"main": {"image": "web:1"}}}))
        .platform(json!({"parentRefs": [{"name": "public", "namespace": "infra"}]}))
}

fn output(call: Call<Gateway>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn spec(call: Call<Gateway>) -> Value {
    output(call).resources[0].attributes["spec"].clone()
}

fn problems(call: Call<Gateway>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

#[test]
fn all_requests_of_a_host_go_to_the_apps_service() {
    let platform = json!({
        "parentRefs": [{"name": "public", "namespace": "infra", "sectionName": "https"}],
        "labels": {"exposed": "yes", "app.kubernetes.io/name": "stolen"},
        "annotations": {"dns": "on"},
    });
    let config = json!({"hostnames": ["shop.example.com"]});
    let output = output(call(config).platform(platform).annotation("note", "x"));
    assert_eq!(output.resources.len(), 1);
    assert_eq!(
        output.resources[0].id,
        "gateway.networking.k8s.io/v1:HTTPRoute:shop:shop-dev-web-route"
    );
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {
                "name": "shop-dev-web-route",
                "namespace": "shop",
                "labels": {
                    "exposed": "yes",
                    "kusion.io/stack": "dev",
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/part-of": "shop",
                },
                "annotations": {"dns": "on", "note": "x"},
            },
            "spec": {
                "parentRefs": [{"name": "public", "namespace": "infra", "sectionName": "https"}],
                "hostnames": ["shop.example.com"],
                "rules": [{"backendRefs": [{"name": "shop-dev-web-private", "port": 80}]}],
            },
        })
    );
}

#[test]
fn a_backend_is_the_service_that_network_makes_of_a_port() {
    let backend =
        |backend: Value| spec(call(json!({"backend": backend})))["rules"][0]["backendRefs"].clone();
    for (written, name, port) in [
        (json!({}), "shop-dev-web-private", 80),
        (json!({"port": 8080, "public": true}), "shop-dev-web-public", 8080),
        (json!({"network": "admin"}), "shop-dev-web-admin-private", 80),
        (json!({"service": "legacy", "port": 1}), "legacy", 1),
    ] {
        assert_eq!(backend(written), json!([{"name": name, "port": port}]));
    }
}

#[test]
fn the_name_of_a_service_is_changed_as_network_changes_it() {
    let scope = kusion_sdk::Scope {
        project: "2048".to_owned(),
        stack: "dev".to_owned(),
        workspace: "dev".to_owned(),
        app: "web".to_owned(),
        namespace: "games".to_owned(),
    };
    let spec = spec(call(json!({})).scope(scope));
    assert_eq!(spec["rules"][0]["backendRefs"][0]["name"], "s-2048-dev-web-private");
}

#[test]
fn rules_say_which_requests_go_where() {
    let config = json!({
        "backend": {"port": 8080},
        "rules": [
            {
                "matches": [
                    {"path": {"value": "/admin"}, "headers": [{"name": "x-team", "value": "a"}], "method": "GET"},
                    {"path": {"type": "RegularExpression", "value": "/a|/b"}},
                ],
                "backend": {"network": "admin", "port": 9090},
            },
            {"matches": [{"headers": [{"type": "RegularExpression", "name": "v", "value": ".*"}]}]},
            {},
        ],
    });
    let rest = json!([{"name": "shop-dev-web-private", "port": 8080}]);
    assert_eq!(
        spec(call(config))["rules"],
        json!([
            {
                "matches": [
                    {
                        "path": {"type": "PathPrefix", "value": "/admin"},
                        "headers": [{"type": "Exact", "name": "x-team", "value": "a"}],
                        "method": "GET",
                    },
                    {"path": {"type": "RegularExpression", "value": "/a|/b"}},
                ],
                "backendRefs": [{"name": "shop-dev-web-admin-private", "port": 9090}],
            },
            {
                "matches": [{"headers": [{"type": "RegularExpression", "name": "v", "value": ".*"}]}],
                "backendRefs": rest,
            },
            {"backendRefs": rest},
        ])
    );
}

#[test]
fn a_second_accessory_has_a_route_of_its_own() {
    let output = output(call(json!({})).accessory("internal"));
    assert_eq!(
        output.resources[0].id,
        "gateway.networking.k8s.io/v1:HTTPRoute:shop:shop-dev-web-internal-route"
    );
}

#[test]
fn two_listeners_of_one_gateway_are_told_apart() {
    let told = |parents: Value| problems(call(json!({})).platform(json!({"parentRefs": parents})));
    let message = "is named before; two listeners of one gateway need two `sectionName`s";
    let expected = [("/platform/parentRefs/1".to_owned(), message.to_owned())];
    assert_eq!(told(json!([{"name": "a"}, {"name": "a"}])), expected);
    assert_eq!(told(json!([{"name": "a", "sectionName": "x"}, {"name": "a"}])), expected);
    let apart = json!([{"name": "a", "sectionName": "x"}, {"name": "a", "sectionName": "y"}, {"name": "a", "namespace": "b"}]);
    assert_eq!(spec(call(json!({})).platform(json!({"parentRefs": apart})))["parentRefs"], apart);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let many = vec![json!({"method": "GET"}); 65];
    let config = json!({
        "hostnames": ["Shop.example.com", "10.0.0.1", "*.*.com", "*"],
        "backend": {"port": 0, "network": "Net", "service": "a.b"},
        "rules": [{
            "matches": [{
                "path": {"value": "a"},
                "headers": [{"name": "a b", "value": ""}, {"name": "x", "value": "1"}, {"name": "X", "value": "1"}],
            }, {"path": {"type": "Exact", "value": "/a/../b"}}, {"path": {"type": "RegularExpression", "value": ""}}],
            "backend": {"port": 0},
        }, {"matches": many}, {"matches": many}],
    });
    let platform = json!({
        "parentRefs": [{"name": "A", "namespace": "a.b", "sectionName": "_"}],
        "labels": {"a b": "c"},
        "annotations": {"": ""},
    });
    let found: Vec<_> =
        problems(call(config).platform(platform)).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        found,
        [
            "/platform/labels/a b#",
            "/platform/annotations/#",
            "/platform/parentRefs/0/name",
            "/platform/parentRefs/0/namespace",
            "/platform/parentRefs/0/sectionName",
            "/config/backend/port",
            "/config/backend/network",
            "/config/backend/service",
            "/config/hostnames/0",
            "/config/hostnames/1",
            "/config/hostnames/2",
            "/config/hostnames/3",
            "/config/rules",
            "/config/rules/0/backend/port",
            "/config/rules/0/matches/0/path/value",
            "/config/rules/0/matches/0/headers/0/name",
            "/config/rules/0/matches/0/headers/0/value",
            "/config/rules/0/matches/0/headers/2/name",
            "/config/rules/0/matches/1/path/value",
            "/config/rules/0/matches/2/path/value",
            "/config/rules/1/matches",
            "/config/rules/2/matches",
        ]
    );
}

#[test]
fn a_route_needs_a_gateway_and_something_to_lead_to() {
    let call = Call::<Gateway>::new(json!({}));
    assert_eq!(
        problems(call),
        [
            (
                "/platform/parentRefs".to_owned(),
                "a route needs a gateway: the workspace names none".to_owned()
            ),
            (
                "/config".to_owned(),
                "leads to the Service of a workload, and this app has none".to_owned()
            ),
        ]
    );
    let config = json!({"backend": {"service": "legacy"}});
    let call = Call::<Gateway>::new(config).platform(json!({"parentRefs": [{"name": "public"}]}));
    assert_eq!(spec(call)["rules"][0]["backendRefs"], json!([{"name": "legacy", "port": 80}]));
}
