//! What the platform team decides about an app's pods.

use kusion_sdk::testing::Call;
use serde_json::{Value, json};

use super::{main_container, output, pod_spec, problems};
use crate::Service;

#[test]
fn a_restricted_pod_can_write_to_its_temporary_folder_only() {
    let call = main_container(json!({"image": "web:1"}))
        .platform(json!({"podSecurity": "restricted", "topologySpread": false}));
    let resources = json!({
        "requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"},
    });
    assert_eq!(
        pod_spec(&output(call)),
        &json!({
            "automountServiceAccountToken": false,
            "securityContext": {
                "seccompProfile": {"type": "RuntimeDefault"},
                "runAsNonRoot": true,
            },
            "containers": [{
                "name": "main",
                "image": "web:1",
                "resources": resources,
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": true,
                },
                "volumeMounts": [{"name": "main-tmp", "mountPath": "/tmp"}],
            }],
            "volumes": [{"name": "main-tmp", "emptyDir": {}}],
        })
    );
}

#[test]
fn what_the_developer_mounts_in_the_place_of_the_temporary_folder_stays() {
    let call = main_container(json!({"image": "web:1", "dirs": {"/tmp": "secret://tls"}}))
        .platform(json!({"podSecurity": "restricted"}));
    let output = output(call);
    let mounts = &pod_spec(&output)["containers"][0]["volumeMounts"];
    assert_eq!(mounts, &json!([{"name": "tls", "mountPath": "/tmp"}]));
}

#[test]
fn the_platform_gives_the_token_of_the_service_account_back() {
    let call = main_container(json!({"image": "web:1"}))
        .platform(json!({"automountServiceAccountToken": true}));
    assert_eq!(pod_spec(&output(call))["automountServiceAccountToken"], true);
}

#[test]
fn resources_are_the_developers_then_the_platforms_then_the_modules() {
    let call = main_container(json!({"image": "web:1", "resources": {"cpu": "250m-"}}))
        .platform(json!({"resources": {"cpu": "1", "ephemeral-storage": "1Gi-2Gi"}}));
    assert_eq!(
        pod_spec(&output(call))["containers"][0]["resources"],
        json!({
            "requests": {"cpu": "250m", "ephemeral-storage": "1Gi", "memory": "128Mi"},
            "limits": {"ephemeral-storage": "2Gi", "memory": "1Gi"},
        })
    );
}

#[test]
fn pods_spread_by_themselves_until_the_platform_says_otherwise() {
    let domains = |platform: Value| {
        let output = output(main_container(json!({"image": "web:1"})).platform(platform));
        let rules = pod_spec(&output)["topologySpreadConstraints"].clone();
        let domain = |rule: &Value| rule["topologyKey"].as_str().map(str::to_owned);
        rules.as_array().map(|rules| rules.iter().filter_map(domain).collect::<Vec<_>>())
    };
    let everywhere = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
    assert_eq!(domains(json!({})), Some(everywhere.map(str::to_owned).to_vec()));
    assert_eq!(domains(json!({"type": "CollaSet"})).map(|it| it.len()), Some(2));
    assert_eq!(domains(json!({"topologySpread": false})), None);
}

#[test]
fn what_the_platform_wrote_wrong_is_told_once() {
    let call =
        Call::<Service>::new(json!({"containers": {"a": {"image": "a"}, "b": {"image": "b"}}}))
            .platform(json!({
                "resources": {"cpu": "lots"},
                "labels": {"my team": "a"},
                "annotations": {"/": "a"},
            }));
    let problems = problems(call);
    let pointers: Vec<_> = problems.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/platform/labels/my team#", "/platform/annotations/~1#", "/platform/resources/cpu"]
    );
}
