//! Whole answers of the `monitoring` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Patch, Rejection};
use serde_json::{Value, json};

use crate::Monitoring;

fn output(config: Value, platform: Value) -> Output {
    match Call::<Monitoring>::new(config).platform(platform).generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

#[test]
fn without_the_operator_the_pods_are_annotated() {
    let output = output(json!({"path": "/m", "port": 8080}), json!({"scheme": "https"}));
    let expected = Patch::pod_annotations([
        ("prometheus.io/scrape", "true"),
        ("prometheus.io/scheme", "https"),
        ("prometheus.io/path", "/m"),
        ("prometheus.io/port", "8080"),
    ]);
    assert_eq!(output, Output::new().patch(expected));
}

#[test]
fn what_nobody_configured_has_a_default_or_is_absent() {
    let expected = Patch::pod_annotations([
        ("prometheus.io/scrape", "true"),
        ("prometheus.io/scheme", "http"),
        ("prometheus.io/path", "/metrics"),
    ]);
    assert_eq!(output(json!({}), json!({})), Output::new().patch(expected));
}

#[test]
fn the_operator_watches_services() {
    let output = output(json!({"port": "web"}), json!({"operatorMode": true}));
    assert_eq!(output.resources.len(), 1);
    assert_eq!(
        output.resources[0].id,
        "monitoring.coreos.com/v1:ServiceMonitor:shop:shop-dev-web-service-monitor"
    );
    let labels = json!({
        "kusion.io/stack": "dev",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "shop",
    });
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": {
                "name": "shop-dev-web-service-monitor",
                "namespace": "shop",
                "labels": labels,
            },
            "spec": {
                "selector": {"matchLabels": labels},
                "endpoints": [{
                    "interval": "30s",
                    "scrapeTimeout": "15s",
                    "scheme": "http",
                    "path": "/metrics",
                    "port": "web",
                }],
            },
        })
    );
    assert_eq!(output.patches, [Patch::labels([("kusion_monitoring_appname", "shop-dev-web")])]);
}

#[test]
fn the_operator_watches_pods() {
    let platform = json!({
        "operatorMode": true,
        "monitorType": "Pod",
        "interval": "1m",
        "timeout": "60s",
        "scheme": "https",
    });
    let output = output(json!({"path": "/m", "port": "9090"}), platform);
    assert_eq!(
        output.resources[0].attributes["spec"],
        json!({
            "selector": {"matchLabels": {"kusion_monitoring_appname": "shop-dev-web"}},
            "podMetricsEndpoints": [{
                "interval": "1m",
                "scrapeTimeout": "60s",
                "scheme": "https",
                "path": "/m",
                "portNumber": 9090,
            }],
        })
    );
    assert_eq!(
        output.patches,
        [Patch::pod_labels([("kusion_monitoring_appname", "shop-dev-web")])]
    );
}

#[test]
fn a_number_is_the_port_of_the_container() {
    let output = output(json!({"port": 9090}), json!({"operatorMode": true}));
    assert_eq!(output.resources[0].attributes["spec"]["endpoints"][0]["targetPort"], 9090);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let call = Call::<Monitoring>::new(json!({"path": "metrics", "port": 0}))
        .platform(json!({"interval": "often", "timeout": "15"}));
    let Err(Rejection::Invalid(problems)) = call.generate() else {
        panic!("four things are wrong");
    };
    let pointers: Vec<_> = problems.iter().map(|it| it.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/config/path", "/config/port", "/platform/interval", "/platform/timeout"]
    );
}

#[test]
fn a_port_is_a_number_or_has_the_name_of_one() {
    for (port, is_port) in
        [("web", true), ("8080", true), ("0", false), ("/", false), ("Web", false), ("", false)]
    {
        let answer = Call::<Monitoring>::new(json!({ "port": port })).generate();
        assert_eq!(answer.is_ok(), is_port, "{port:?}: {answer:?}");
    }
}

#[test]
fn a_collection_may_not_take_longer_than_the_interval() {
    let call = Call::<Monitoring>::new(json!({})).platform(json!({"timeout": "31s"}));
    let expected =
        Rejection::invalid("/platform/timeout", "must not be longer than the interval, `30s`");
    assert_eq!(call.generate(), Err(expected));
}
