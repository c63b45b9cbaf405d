//! `kusion schema`

use jsonschema::Validator;
use kusion_tests::Sandbox;
use serde_json::{Value, json};

fn validator() -> Validator {
    let sandbox = Sandbox::new().with_shop();
    let schema = sandbox.run("dev", &["schema"]).success().json();
    assert!(jsonschema::meta::is_valid(&schema), "it breaks the rules of its own draft");
    assert_eq!(schema["$schema"], json!("https://json-schema.org/draft/2020-12/schema"));
    jsonschema::validator_for(&schema).unwrap()
}

fn container() -> Value {
    json!({"main": {"image": "shop:1"}})
}

#[test]
fn sound_apps_are_accepted() {
    let validator = validator();
    for app in [
        json!({"workload": {"module": "service", "containers": container()}}),
        json!({"name": "web", "labels": {"a": "b"}, "workload": {"module": "job", "schedule": "0 3 * * *", "containers": container()}}),
        json!({"accessories": {"mysql": {"type": "local", "version": "8.0"}, "network": {"ports": [{"port": 80}]}}}),
        json!({"accessories": {"orders": {"module": "mysql", "type": "local", "version": "8.0"}, "network": null}}),
        json!({"apps": {"web": {"workload": {"module": "service", "containers": container()}}, "api": {}}}),
    ] {
        let problems: Vec<String> =
            validator.iter_errors(&app).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{app}: {problems:?}");
    }
}

#[test]
fn overlays_are_accepted() {
    let validator = validator();
    for app in [
        json!({"workload": {"replicas": 2}}),
        json!({"workload": {"containers": {"main": {"env": {"LEVEL": "debug"}}}}}),
        json!({"workload": {"containers": {"main": {"readinessProbe": {"periodSeconds": 9}}}}}),
        json!({"accessories": {"orders": {"version": "8.4"}}}),
    ] {
        let problems: Vec<String> =
            validator.iter_errors(&app).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{app}: {problems:?}");
    }
}

#[test]
fn mistakes_are_refused() {
    let validator = validator();
    for app in [
        json!({"workloads": {}}),
        json!({"workload": {"module": "servise", "containers": container()}}),
        json!({"workload": {"module": "service", "containers": container(), "replica": 1}}),
        json!({"workload": {"module": "service", "containers": {"main": {"image": 1}}}}),
        json!({"workload": {"module": "mysql", "type": "local", "version": "8.0"}}),
        json!({"accessories": {"mysql": {"type": "local", "version": 8.0}}}),
        json!({"accessories": {"network": {"ports": [{"port": 0}]}}}),
    ] {
        assert!(!validator.is_valid(&app), "{app}");
    }
}
