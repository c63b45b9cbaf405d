//! Whole answers of the `job` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection, Scope};
use serde_json::{Value, json};

use crate::Job;

fn output(config: Value) -> Output {
    answer(Call::new(config))
}

fn answer(call: Call<Job>) -> Output {
    match call.generate() {
        Ok(output) => output,
        Err(rejection) => panic!("rejected: {rejection:?}"),
    }
}

fn labels() -> Value {
    json!({
        "kusion.io/stack": "dev",
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/part-of": "shop",
    })
}

fn template() -> Value {
    json!({
        "metadata": {"labels": labels()},
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "main",
                "image": "job:1",
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"memory": "1Gi"},
                },
                "securityContext": {"allowPrivilegeEscalation": false},
            }],
            "restartPolicy": "Never",
        },
    })
}

#[test]
fn without_a_schedule_it_runs_once() {
    for schedule in [json!(null), json!(""), json!(" ")] {
        let mut config = json!({"containers": {"main": {"image": "job:1"}}, "replicas": 3});
        if !schedule.is_null() {
            config["schedule"] = schedule;
        }
        let output = output(config);
        assert_eq!(output.resources.len(), 1);
        assert_eq!(output.resources[0].id, "batch/v1:Job:shop:shop-dev-web");
        assert_eq!(output.resources[0].extensions["kusion.io/is-workload"], true);
        assert_eq!(
            output.resources[0].attributes,
            json!({
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {"name": "shop-dev-web", "namespace": "shop", "labels": labels()},
                "spec": {"template": template()},
            })
        );
    }
}

#[test]
fn with_a_schedule_it_runs_again_and_again() {
    let output = output(json!({
        "containers": {"main": {"image": "job:1"}},
        "schedule": "0 3 * * *",
    }));
    assert_eq!(output.resources[0].id, "batch/v1:CronJob:shop:shop-dev-web");
    assert_eq!(
        output.resources[0].attributes["spec"],
        json!({
            "schedule": "0 3 * * *",
            "jobTemplate": {
                "metadata": {"labels": labels()},
                "spec": {"template": template()},
            },
        })
    );
}

#[test]
fn files_come_before_the_job_that_mounts_them() {
    let output = output(json!({
        "containers": {"main": {"image": "job:1", "files": {"/etc/job.conf": {"content": "x"}}}},
    }));
    let ids: Vec<_> = output.resources.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["v1:ConfigMap:shop:shop-dev-web-main-0", "batch/v1:Job:shop:shop-dev-web"]);
    let spec = &output.resources[1].attributes["spec"]["template"]["spec"];
    assert_eq!(spec["volumes"][0]["configMap"]["name"], "shop-dev-web-main-0");
    assert_eq!(spec["restartPolicy"], "Never");
}

/// Upstream loses the workload where a ConfigMap comes with it, and all patches with that.
#[test]
fn files_with_a_text_leave_the_job_marked_as_the_workload() {
    let output = output(json!({
        "containers": {"main": {"image": "job:1", "files": {"/etc/job.conf": {"content": "x"}}}},
        "schedule": "@daily",
    }));
    let marked: Vec<_> = output
        .resources
        .iter()
        .filter(|it| it.extensions.get("kusion.io/is-workload") == Some(&json!(true)))
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(marked, ["batch/v1:CronJob:shop:shop-dev-web"]);
}

#[test]
fn the_namespace_is_the_requests_and_not_the_projects_name() {
    let scope = Scope {
        project: "shop".to_owned(),
        stack: "dev".to_owned(),
        workspace: "dev".to_owned(),
        app: "web".to_owned(),
        namespace: "other".to_owned(),
    };
    let call = Call::<Job>::new(json!({"containers": {"main": {"image": "job:1"}}})).scope(scope);
    assert_eq!(answer(call).resources[0].id, "batch/v1:Job:other:shop-dev-web");
}

#[test]
fn the_name_of_a_cron_job_leaves_room_for_those_of_its_jobs() {
    let long = "a".repeat(50);
    let scope = Scope {
        project: "shop".to_owned(),
        stack: "dev".to_owned(),
        workspace: "dev".to_owned(),
        app: long,
        namespace: "shop".to_owned(),
    };
    for (schedule, length) in [("", 59), ("@daily", 52)] {
        let config = json!({"containers": {"main": {"image": "job:1"}}, "schedule": schedule});
        let output = answer(Call::new(config).scope(scope.clone()));
        let name = output.resources[0].attributes["metadata"]["name"].as_str();
        assert_eq!(name.map(str::len), Some(length));
    }
}

#[test]
fn the_platform_restricts_pods_and_gives_them_resources() {
    let config = json!({
        "containers": {"main": {"image": "job:1", "resources": {"cpu": "2"}}},
        "schedule": "@daily",
    });
    let call = Call::new(config).platform(json!({
        "podSecurity": "restricted",
        "automountServiceAccountToken": true,
        "resources": {"cpu": "1", "memory": "64Mi-"},
    }));
    let output = answer(call);
    let spec = &output.resources[0].attributes["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(spec["automountServiceAccountToken"], true);
    assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
    let container = &spec["containers"][0];
    assert_eq!(container["securityContext"]["capabilities"], json!({"drop": ["ALL"]}));
    assert_eq!(
        container["resources"],
        json!({"requests": {"memory": "64Mi"}, "limits": {"cpu": "2"}})
    );
}

#[test]
fn pods_of_a_job_spread_only_if_the_developer_says_so() {
    let output = output(json!({
        "containers": {"main": {"image": "job:1"}},
        "topologySpreadConstraints": {"nodes": {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
        }},
    }));
    assert_eq!(
        output.resources[0].attributes["spec"]["template"]["spec"]["topologySpreadConstraints"],
        json!([{
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": labels()},
        }])
    );
}

#[test]
fn a_schedule_that_cron_cannot_read_is_refused() {
    let call = Call::<Job>::new(json!({
        "containers": {"main": {"image": "job:1"}}, "schedule": "every day",
    }));
    let expected =
        Rejection::invalid("/config/schedule", "must have five fields, as in `0 3 * * *`");
    assert_eq!(call.generate(), Err(expected));
}

#[test]
fn problems_of_containers_are_reported_with_their_place() {
    let call = Call::<Job>::new(json!({"containers": {"main": {"image": ""}}}));
    let expected = Rejection::invalid(
        "/config/containers/main/image",
        "the image of container `main` must not be empty",
    );
    assert_eq!(call.generate(), Err(expected));
}
