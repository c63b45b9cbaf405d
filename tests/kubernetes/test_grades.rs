//! How far a change reaches is told before it is made.

use serde_json::{Value, json};

use super::stage::Stage;

fn rbac(stage: &Stage, kind: &str, rest: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
        "metadata": {"name": "x", "namespace": stage.project},
    });
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

#[test]
fn every_change_is_graded_and_the_plan_counts_them() {
    let stage = Stage::with_raw();
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": stage.project},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let deployment = |image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": stage.project},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "main", "image": image}]},
                },
            },
        })
    };
    let service = |colour: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": stage.project, "labels": {"colour": colour}},
            "spec": {"ports": [{"port": 80}], "selector": {"app": "web"}},
        })
    };
    let role = |verbs: &[&str]| {
        let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": verbs});
        rbac(&stage, "Role", &json!({"rules": [rule]}))
    };
    let binding = rbac(
        &stage,
        "RoleBinding",
        &json!({
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"},
            "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "ada"}],
        }),
    );
    stage.write_raw(&[claim, deployment("a:1"), service("red"), role(&["get"])]);
    stage.run(&["apply", "--yes", "--no-wait"]).success();

    stage.write_raw(&[deployment("a:2"), service("blue"), role(&["get", "list"]), binding]);
    let preview = stage.run(&["preview", "-o", "json", "--allow-data-loss"]).success().json();
    let steps = preview["plan"]["steps"].as_array().unwrap().iter();
    let grades: Vec<(String, Value)> = steps
        .filter(|step| step["action"] != "unchanged")
        .map(|step| {
            let kind = step["id"].as_str().unwrap().split(':').nth(1).unwrap();
            (format!("{} {kind}", step["action"].as_str().unwrap()), step["grades"].clone())
        })
        .collect();
    assert_eq!(
        grades,
        [
            ("update Deployment", json!(["rolling-restart"])),
            ("update Role", json!(["permission-gained"])),
            ("create RoleBinding", json!(["permission-gained"])),
            ("update Service", Value::Null),
            ("delete PersistentVolumeClaim", json!(["data-at-risk"])),
        ]
        .map(|(step, grades)| (step.to_owned(), grades))
    );
    let text = stage.run(&["preview", "--allow-data-loss"]).success().stdout;
    assert!(text.ends_with(
        "Plan: 1 to create, 3 to update, 1 to delete (1 rolling restart, 1 data at risk, 2 permission gained).\n"
    ), "{text}");

    let mut moved = deployment("a:1");
    moved["spec"]["selector"]["matchLabels"]["app"] = "other".into();
    moved["spec"]["template"]["metadata"]["labels"]["app"] = "other".into();
    stage.write_raw(&[moved]);
    // The plan is shown whole, and then what it needs consent for.
    let refused = stage.run(&["preview", "-o", "json"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let of = "resource `apps/v1:Deployment:[project]:web`";
    let refusal = format!("error: {of} cannot change in place: `spec.selector`");
    assert!(refused.stderr.starts_with(&refusal), "{refused}");
    assert!(refused.stderr.contains(" --> ../app.yaml:"), "{refused}");
    assert!(refused.stderr.contains("hint: pass `--replace` to delete it"), "{refused}");
    let refused = refused.json();
    assert_eq!(refused["refused"][0]["line"], 2);
    assert_eq!(refused["plan"]["summary"]["replace"], 1);
    assert_eq!(refused["context"], "[context]");
    let consent = ["preview", "--replace", "--allow-data-loss", "-o", "json"];
    let replaced = stage.run(&consent).success().json();
    let steps = replaced["plan"]["steps"].as_array().unwrap();
    let replace = steps.iter().find(|step| step["action"] == "replace").unwrap();
    assert_eq!(replace["grades"], json!(["replace"]));
}
