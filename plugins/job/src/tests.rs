//! Whole answers of the `job` module.

use kusion_sdk::testing::Call;
use kusion_sdk::{Output, Rejection};
use serde_json::{Value, json};

use crate::Job;

fn output(config: Value) -> Output {
    match Call::<Job>::new(config).generate() {
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
            "containers": [{"name": "main", "image": "job:1"}],
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

#[test]
fn problems_of_containers_are_reported_with_their_place() {
    let call = Call::<Job>::new(json!({"containers": {"main": {"image": ""}}}));
    let expected = Rejection::invalid(
        "/config/containers/main/image",
        "the image of container `main` must not be empty",
    );
    assert_eq!(call.generate(), Err(expected));
}
