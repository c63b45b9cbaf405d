//! Whole answers of the `autoscaler` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Patch, Rejection};
use serde_json::{Value, json};

use crate::Autoscaler;

fn call(config: Value) -> Call<Autoscaler> {
    Call::new(config).workload(json!({"containers": {"main": {"image": "web:1"}}}))
}

fn output(call: Call<Autoscaler>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn spec(call: Call<Autoscaler>) -> Value {
    output(call).resources[0].attributes["spec"].clone()
}

fn problems(call: Call<Autoscaler>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

fn replicas_removed() -> Patch {
    Patch::merge("apps/v1:Deployment:shop:shop-dev-web", json!({"spec": {"replicas": null}}))
}

#[test]
fn the_autoscaler_targets_the_resource_that_runs_the_app() {
    let output = output(call(json!({"maxReplicas": 5, "cpuUtilization": 70})).label("team", "a"));
    assert_eq!(output.resources.len(), 1);
    assert_eq!(output.resources[0].id, "autoscaling/v2:HorizontalPodAutoscaler:shop:shop-dev-web");
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "name": "shop-dev-web",
                "namespace": "shop",
                "labels": {
                    "team": "a",
                    "kusion.io/stack": "dev",
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/part-of": "shop",
                },
            },
            "spec": {
                "scaleTargetRef": {
                    "apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-dev-web",
                },
                "minReplicas": 1,
                "maxReplicas": 5,
                "metrics": [{
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }],
            },
        })
    );
    assert_eq!(output.patches, [replicas_removed()]);
}

#[test]
fn the_replicas_of_the_workload_are_the_fewest_and_no_longer_set_by_it() {
    let workload = |replicas: u32| json!({"containers": {}, "replicas": replicas});
    let call =
        || Call::<Autoscaler>::new(json!({"maxReplicas": 9})).platform(json!({"minReplicas": 2}));
    let output = output(call().workload(workload(3)));
    assert_eq!(output.resources[0].attributes["spec"]["minReplicas"], 3);
    assert_eq!(output.patches, [replicas_removed()]);
    assert_eq!(spec(call().workload(json!({"containers": {}})))["minReplicas"], 2);
    let own = Call::<Autoscaler>::new(json!({"minReplicas": 4, "maxReplicas": 9}));
    assert_eq!(spec(own.workload(workload(3)))["minReplicas"], 4);
}

#[test]
fn an_app_that_was_stopped_stays_so() {
    let call = Call::<Autoscaler>::new(json!({"maxReplicas": 9}))
        .workload(json!({"containers": {}, "replicas": 0}));
    let output = output(call);
    assert_eq!(output.resources[0].attributes["spec"]["minReplicas"], 1);
    assert!(output.patches.is_empty());
}

#[test]
fn without_a_metric_the_platform_says_how_much_cpu_is_used() {
    let utilization = |platform: Value| {
        let spec = spec(call(json!({})).platform(platform));
        spec["metrics"][0]["resource"]["target"]["averageUtilization"].clone()
    };
    assert_eq!(utilization(json!({"maxReplicas": 2})), 80);
    assert_eq!(utilization(json!({"maxReplicas": 2, "cpuUtilization": 60})), 60);
    let memory = call(json!({"memoryUtilization": 50}))
        .platform(json!({"maxReplicas": 2, "cpuUtilization": 60}));
    let metrics = spec(memory)["metrics"].clone();
    assert_eq!(
        metrics,
        json!([{
            "type": "Resource",
            "resource": {
                "name": "memory",
                "target": {"type": "Utilization", "averageUtilization": 50},
            },
        }])
    );
}

#[test]
fn other_metrics_are_named_with_their_labels() {
    let config = json!({
        "maxReplicas": 3,
        "pods": [{"metric": "requests_per_second", "averageValue": 100}],
        "external": [
            {"metric": "queue", "labels": {"name": "orders"}, "value": "30"},
            {"metric": "lag", "averageValue": "500m"},
        ],
    });
    assert_eq!(
        spec(call(config))["metrics"],
        json!([
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "requests_per_second"},
                    "target": {"type": "AverageValue", "averageValue": "100"},
                },
            },
            {
                "type": "External",
                "external": {
                    "metric": {"name": "queue", "selector": {"matchLabels": {"name": "orders"}}},
                    "target": {"type": "Value", "value": "30"},
                },
            },
            {
                "type": "External",
                "external": {
                    "metric": {"name": "lag"},
                    "target": {"type": "AverageValue", "averageValue": "500m"},
                },
            },
        ])
    );
}

#[test]
fn the_developers_behaviour_takes_the_place_of_the_platforms() {
    let developer = json!({
        "scaleUp": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
        "scaleDown": {"stabilizationWindowSeconds": 0, "selectPolicy": "Disabled"},
    });
    let platform = json!({"scaleDown": {"stabilizationWindowSeconds": 600}});
    let with = |config: Value| {
        let platform = json!({"maxReplicas": 2, "behavior": platform});
        spec(call(config).platform(platform))["behavior"].clone()
    };
    assert_eq!(with(json!({"behavior": developer})), developer);
    assert_eq!(with(json!({})), platform);
}

#[test]
fn numbers_that_do_not_fit_together_are_told() {
    let told = |config: Value, platform: Value, workload: Value| {
        problems(Call::new(config).platform(platform).workload(workload))
    };
    let at = |pointer: &str, message: &str| vec![(pointer.to_owned(), message.to_owned())];
    let none = json!({"containers": {}});
    assert_eq!(
        told(json!({}), json!({}), none.clone()),
        at(
            "/config",
            "needs `maxReplicas`, because neither the developer nor the platform says it"
        )
    );
    assert_eq!(
        told(json!({"minReplicas": 3, "maxReplicas": 2}), json!({}), none.clone()),
        at("/config/maxReplicas", "is less than the fewest pods, 3 (`/config/minReplicas`)")
    );
    assert_eq!(
        told(json!({}), json!({"maxReplicas": 2}), json!({"replicas": 3})),
        at("/platform/maxReplicas", "is less than the fewest pods, 3 (`/workload/replicas`)")
    );
    assert_eq!(
        told(json!({"maxReplicas": 20}), json!({"maxReplicasLimit": 10}), none),
        at("/config/maxReplicas", "must be at most 10, as the platform says")
    );
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let rules = json!({
        "stabilizationWindowSeconds": 3601,
        "policies": [{"type": "Pods", "value": 0, "periodSeconds": 1801}],
    });
    let config = json!({
        "minReplicas": 0,
        "maxReplicas": 2_147_483_648_u32,
        "cpuUtilization": 0,
        "memoryUtilization": 0,
        "pods": [{"metric": "a/b", "labels": {"a b": "x"}, "averageValue": 0}],
        "external": [
            {"metric": "a"},
            {"metric": "..", "value": "lots"},
            {"metric": "a", "value": 1, "averageValue": 1},
        ],
        "behavior": {"scaleUp": rules, "scaleDown": {"policies": []}},
    });
    let found: Vec<_> = problems(call(config)).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        found,
        [
            "/config/minReplicas",
            "/config/maxReplicas",
            "/config/cpuUtilization",
            "/config/memoryUtilization",
            "/config/pods/0/averageValue",
            "/config/pods/0/metric",
            "/config/pods/0/labels/a b#",
            "/config/external/0",
            "/config/external/1/value",
            "/config/external/1/metric",
            "/config/external/2",
            "/config/behavior/scaleUp/stabilizationWindowSeconds",
            "/config/behavior/scaleUp/policies/0/value",
            "/config/behavior/scaleUp/policies/0/periodSeconds",
            "/config/behavior/scaleDown/policies",
        ]
    );
}

#[test]
fn only_what_has_a_number_of_replicas_to_set_is_scaled() {
    let none = Call::<Autoscaler>::new(json!({"maxReplicas": 2}));
    let message = "scales a workload, and this app has none";
    assert_eq!(problems(none), [("/config".to_owned(), message.to_owned())]);
    for (api_version, kind) in [
        ("batch/v1", "CronJob"),
        ("apps/v1", "DaemonSet"),
        ("apps.kusionstack.io/v1alpha1", "CollaSet"),
    ] {
        let call = call(json!({"maxReplicas": 2})).workload_kind(api_version, kind);
        let message =
            format!("scales a Deployment or StatefulSet; no autoscaler can scale a {kind}");
        assert_eq!(problems(call), [("/config".to_owned(), message)]);
    }
    let stateful = call(json!({"maxReplicas": 2})).workload_kind("apps/v1", "StatefulSet");
    assert_eq!(spec(stateful)["scaleTargetRef"]["kind"], "StatefulSet");
}
