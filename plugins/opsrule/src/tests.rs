//! Whole answers of the `opsrule` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::OpsRule;

fn call(config: Value) -> Call<OpsRule> {
    Call::new(config).workload(json!({"containers": {"main": {"image": "web:1"}}}))
}

fn output(call: Call<OpsRule>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn problems(call: Call<OpsRule>) -> Vec<(String, String)> {
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

#[test]
fn a_deployment_gets_a_budget() {
    let call = call(json!({"maxUnavailable": "30%"}))
        .platform(json!({"unhealthyPodEvictionPolicy": "AlwaysAllow"}))
        .annotation("note", "x");
    let output = output(call);
    assert_eq!(output.resources.len(), 1);
    assert_eq!(output.resources[0].id, "policy/v1:PodDisruptionBudget:shop:shop-dev-web");
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {
                "name": "shop-dev-web",
                "namespace": "shop",
                "labels": labels(),
                "annotations": {"note": "x"},
            },
            "spec": {
                "selector": {"matchLabels": labels()},
                "maxUnavailable": "30%",
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
            },
        })
    );
}

/// Upstream looks for the kind of the workload where it never is, and makes nothing.
#[test]
fn a_collaset_gets_a_rule_although_its_configuration_does_not_say_that_it_is_one() {
    let call = call(json!({"maxUnavailable": 1}))
        .workload_kind("apps.kusionstack.io/v1alpha1", "CollaSet");
    let output = output(call);
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "apps.kusionstack.io/v1alpha1",
            "kind": "PodTransitionRule",
            "metadata": {"name": "shop-dev-web", "namespace": "shop", "labels": labels()},
            "spec": {
                "selector": {"matchLabels": labels()},
                "rules": [{
                    "name": "maxUnavailable",
                    "availablePolicy": {"maxUnavailableValue": 1},
                }],
            },
        })
    );
}

/// Upstream's schema fills in 25% for the developer, so that what the platform says never holds.
#[test]
fn the_developer_wins_over_the_platform_and_the_platform_over_the_default() {
    let amount = |config: Value, platform: Value| {
        let output = output(call(config).platform(platform));
        output.resources[0].attributes["spec"]["maxUnavailable"].clone()
    };
    assert_eq!(amount(json!({}), json!({})), "25%");
    assert_eq!(amount(json!({}), json!({"maxUnavailable": 2})), 2);
    assert_eq!(amount(json!({"maxUnavailable": 0}), json!({"maxUnavailable": 2})), 0);
    assert_eq!(amount(json!({"maxUnavailable": "3"}), json!({})), 3);
}

#[test]
fn two_accessories_of_one_app_want_the_same_object() {
    let first = output(call(json!({})));
    let second = output(call(json!({})).accessory("budget"));
    assert_eq!(first.resources[0].id, second.resources[0].id);
}

#[test]
fn what_kubernetes_would_refuse_is_refused() {
    let message = "must be a number of pods up to 2147483647, or a percentage from `0%` to `100%`";
    for amount in [
        json!("101%"),
        json!("x"),
        json!(""),
        json!("%"),
        json!("+1"),
        json!("1.5%"),
        json!(2_147_483_648_u32),
    ] {
        let call =
            call(json!({"maxUnavailable": amount})).platform(json!({"maxUnavailable": amount}));
        assert_eq!(
            problems(call),
            [
                ("/platform/maxUnavailable".to_owned(), message.to_owned()),
                ("/config/maxUnavailable".to_owned(), message.to_owned()),
            ]
        );
    }
}

#[test]
fn only_pods_that_run_all_the_time_are_guarded() {
    let none = Call::<OpsRule>::new(json!({}));
    let message = "guards the pods of a workload, and this app has none";
    assert_eq!(problems(none), [("/config".to_owned(), message.to_owned())]);
    for (api_version, kind) in
        [("batch/v1", "Job"), ("batch/v1", "CronJob"), ("x/v1", "Deployment")]
    {
        let call = call(json!({})).workload_kind(api_version, kind);
        let message = format!("guards pods that run all the time, and those of a {kind} do not");
        assert_eq!(problems(call), [("/config".to_owned(), message)]);
    }
}
