//! Whole answers of the `volume` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Patch, Rejection};
use serde_json::{Value, json};

use crate::Volume;

fn call(config: Value) -> Call<Volume> {
    let containers = json!({"main": {"image": "web:1"}, "sidecar": {"image": "log:1"}});
    Call::new(config).workload(json!({"containers": containers}))
}

fn output(call: Call<Volume>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn problems(call: Call<Volume>) -> Vec<(String, String)> {
    match call.generate() {
        Err(Rejection::Invalid(problems)) => problems
            .into_iter()
            .map(|problem| (problem.pointer.to_string(), problem.message))
            .collect(),
        other => panic!("not rejected as invalid: {other:?}"),
    }
}

/// What keeps a rolling update from waiting for a volume that it has itself.
fn one_at_a_time() -> Patch {
    let strategy =
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}});
    Patch::merge("apps/v1:Deployment:shop:shop-dev-web", json!({"spec": {"strategy": strategy}}))
}

#[test]
fn a_claim_is_made_and_every_container_sees_it() {
    let config = json!({"claims": {"data": {"size": "10Gi", "mountPath": "/var/lib/app"}}});
    let output = output(call(config).annotation("note", "x"));
    assert_eq!(output.resources.len(), 1);
    assert_eq!(output.resources[0].id, "v1:PersistentVolumeClaim:shop:shop-dev-web-data");
    assert_eq!(
        output.resources[0].attributes,
        json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "shop-dev-web-data",
                "namespace": "shop",
                "labels": {
                    "kusion.io/stack": "dev",
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/part-of": "shop",
                },
                "annotations": {"note": "x"},
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "10Gi"}},
            },
        })
    );
    let volumes = Patch::volumes(
        [json!({"name": "data", "persistentVolumeClaim": {"claimName": "shop-dev-web-data"}})],
        [json!({"name": "data", "mountPath": "/var/lib/app"})],
    );
    assert_eq!(output.patches, [volumes, one_at_a_time()]);
}

#[test]
fn every_kind_of_volume_says_who_sees_what_of_it() {
    let config = json!({
        "claims": {"data": {
            "size": "1Gi", "accessModes": ["ReadWriteMany"], "storageClass": "nfs",
            "mountPath": "/data/", "container": "main", "subPath": "web",
        }},
        "existingClaims": {"shared": {
            "claimName": "team.share", "accessModes": ["ReadOnlyMany"], "mountPath": "/srv",
            "readOnly": true,
        }},
        "emptyDirs": {
            "cache": {"mountPath": "/cache", "medium": "Memory", "sizeLimit": "64Mi"},
            "scratch": {"mountPath": "/scratch"},
        },
    });
    let output = output(call(config));
    assert_eq!(
        output.resources[0].attributes["spec"],
        json!({
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "nfs",
            "resources": {"requests": {"storage": "1Gi"}},
        })
    );
    let volumes = Patch::volumes(
        [
            json!({"name": "data", "persistentVolumeClaim": {"claimName": "shop-dev-web-data"}}),
            json!({"name": "shared", "persistentVolumeClaim": {"claimName": "team.share"}}),
            json!({"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}}),
            json!({"name": "scratch", "emptyDir": {}}),
        ],
        [
            json!({"name": "data", "mountPath": "/data", "container": "main", "subPath": "web"}),
            json!({"name": "shared", "mountPath": "/srv", "readOnly": true}),
            json!({"name": "cache", "mountPath": "/cache"}),
            json!({"name": "scratch", "mountPath": "/scratch"}),
        ],
    );
    assert_eq!(output.patches, [volumes]);
}

#[test]
fn the_platform_gives_claims_a_class_labels_and_annotations() {
    let claim = |extra: Value| {
        let mut claim = json!({"size": "1Gi", "mountPath": "/data"});
        claim.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let platform = json!({
            "storageClass": "ssd",
            "labels": {"tier": "gold", "app.kubernetes.io/name": "stolen"},
            "annotations": {"backup": "daily"},
        });
        output(call(json!({"claims": {"data": claim}})).platform(platform)).resources.remove(0)
    };
    let plain = claim(json!({})).attributes;
    assert_eq!(plain["spec"]["storageClassName"], "ssd");
    assert_eq!(plain["metadata"]["labels"]["tier"], "gold");
    assert_eq!(plain["metadata"]["labels"]["app.kubernetes.io/name"], "web");
    assert_eq!(plain["metadata"]["annotations"], json!({"backup": "daily"}));
    let none = claim(json!({"storageClass": ""})).attributes;
    assert_eq!(none["spec"]["storageClassName"], "");
}

#[test]
fn two_accessories_of_one_app_have_claims_and_volumes_of_their_own() {
    let config = json!({"claims": {"data": {"size": "1Gi", "mountPath": "/data"}}});
    let output = output(call(config).accessory("uploads"));
    assert_eq!(output.resources[0].id, "v1:PersistentVolumeClaim:shop:shop-dev-web-uploads-data");
    let claim = json!({"claimName": "shop-dev-web-uploads-data"});
    let volumes = Patch::volumes(
        [json!({"name": "uploads-data", "persistentVolumeClaim": claim})],
        [json!({"name": "uploads-data", "mountPath": "/data"})],
    );
    assert_eq!(output.patches[0], volumes);
}

#[test]
fn a_rolling_update_lets_go_of_a_volume_of_one_node_before_it_takes_it_again() {
    let patches = |config: Value, api_version: &str, kind: &str| {
        output(call(config).workload_kind(api_version, kind)).patches
    };
    let claim = |mode: &str| json!({"claims": {"d": {"size": "1", "accessModes": [mode], "mountPath": "/d"}}});
    let existing = json!({"existingClaims": {"d": {"claimName": "d", "mountPath": "/d"}}});
    for config in [claim("ReadWriteOnce"), claim("ReadWriteOncePod"), existing] {
        assert_eq!(patches(config, "apps/v1", "Deployment")[1..], [one_at_a_time()]);
    }
    for (config, api_version, kind) in [
        (claim("ReadWriteMany"), "apps/v1", "Deployment"),
        (claim("ReadWriteOnce"), "apps/v1", "StatefulSet"),
        (claim("ReadWriteOnce"), "batch/v1", "Job"),
        (json!({"emptyDirs": {"d": {"mountPath": "/d"}}}), "apps/v1", "Deployment"),
    ] {
        assert_eq!(patches(config, api_version, kind).len(), 1, "{kind}");
    }
}

#[test]
fn a_group_can_be_given_the_volumes_wherever_the_pods_are() {
    let context = json!({"fsGroup": 2000, "fsGroupChangePolicy": "OnRootMismatch"});
    let pods = json!({"template": {"spec": {"securityContext": context}}});
    for (api_version, kind, id, spec) in [
        ("apps/v1", "Deployment", "apps/v1:Deployment:shop:shop-dev-web", pods.clone()),
        (
            "batch/v1",
            "CronJob",
            "batch/v1:CronJob:shop:shop-dev-web",
            json!({"jobTemplate": {"spec": pods}}),
        ),
    ] {
        let call = call(json!({"fsGroup": 2000})).workload_kind(api_version, kind);
        assert_eq!(output(call).patches, [Patch::merge(id, json!({"spec": spec}))]);
    }
    let other = call(json!({"fsGroup": 1})).workload_kind("example.com/v1", "Thing");
    let message = "it is unknown where a Thing has its pods";
    assert_eq!(problems(other), [("/config/fsGroup".to_owned(), message.to_owned())]);
}

#[test]
fn a_volume_for_one_pod_excludes_a_second_replica() {
    let call = |mode: &str| {
        let claim = json!({"size": "1Gi", "accessModes": [mode], "mountPath": "/data"});
        Call::<Volume>::new(json!({"claims": {"data": claim}}))
            .workload(json!({"containers": {"main": {}}, "replicas": 2}))
    };
    let message = "is for one pod, and the workload has 2 replicas";
    assert_eq!(
        problems(call("ReadWriteOncePod")),
        [("/config/claims/data/accessModes".to_owned(), message.to_owned())]
    );
    assert_eq!(output(call("ReadWriteOnce")).resources.len(), 1);
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let config = json!({
        "claims": {
            "Data": {"size": "1Gi", "mountPath": "/a"},
            "b": {"size": "0", "mountPath": "b", "accessModes": [], "storageClass": "A B"},
            "c": {"size": "large", "mountPath": "/c", "container": "mian", "subPath": "../x"},
            "d": {"size": "1", "mountPath": "/c/", "accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]},
        },
        "existingClaims": {"c": {"claimName": "", "mountPath": "/e"}},
        "emptyDirs": {"f": {"mountPath": "/", "sizeLimit": "0"}, "g": {"mountPath": "/c"}},
        "fsGroup": 2_147_483_648_u32,
    });
    let platform = json!({"storageClass": "_", "labels": {"a": "b c"}, "annotations": {"": ""}});
    let found: Vec<_> =
        problems(call(config).platform(platform)).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        found,
        [
            "/config/claims/Data#",
            "/config/existingClaims/c#",
            "/platform/storageClass",
            "/platform/labels/a",
            "/platform/annotations/#",
            "/config/existingClaims/c/claimName",
            "/config/claims/b/accessModes",
            "/config/claims/b/storageClass",
            "/config/claims/b/size",
            "/config/claims/c/size",
            "/config/claims/d/accessModes",
            "/config/emptyDirs/f/sizeLimit",
            "/config/claims/b/mountPath",
            "/config/claims/c/container",
            "/config/claims/c/subPath",
            "/config/emptyDirs/f/mountPath",
            "/config/emptyDirs/g/mountPath",
            "/config/fsGroup",
        ]
    );
}

#[test]
fn an_app_without_a_workload_has_no_use_for_volumes() {
    let call = Call::<Volume>::new(json!({"emptyDirs": {"d": {"mountPath": "/d"}}}));
    let message = "gives a workload volumes, and this app has none";
    assert_eq!(problems(call), [("/config".to_owned(), message.to_owned())]);
}
