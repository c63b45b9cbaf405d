//! Every resource that a case expects is an object that Kubernetes knows.

use fs_err as fs;
use kusion_tests::repository;
use serde_json::Value;

use super::Definitions;
use super::rules;

/// The cases of the golden folders, and those of the modules, each with what it expects.
fn expected() -> Vec<(String, Value)> {
    let mut folders = vec![repository().join("tests/golden")];
    for module in fs::read_dir(repository().join("plugins")).unwrap() {
        folders.push(module.unwrap().path().join("tests/golden"));
    }
    let mut found = Vec::new();
    for folder in folders {
        for case in fs::read_dir(&folder).unwrap() {
            let path = case.unwrap().path().join("expected.yaml");
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let name = path.strip_prefix(repository()).unwrap().display().to_string();
            // What a command prints for people is no document.
            if let Ok(expected) = serde_saphyr::from_str(&text) {
                found.push((name, expected));
            }
        }
    }
    found
}

/// Returns the resources of a Spec, or of what a module answered.
fn resources(expected: &Value) -> Vec<&Value> {
    let answers = expected.as_array().into_iter().flatten().chain([expected]);
    answers.filter_map(|answer| answer["resources"].as_array()).flatten().collect()
}

#[test]
fn every_resource_of_every_case_is_valid_in_two_versions_of_kubernetes() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (case, expected) in expected() {
        for resource in resources(&expected).into_iter().filter(|it| it["type"] == "Kubernetes") {
            count += 1;
            let object = &resource["attributes"];
            let by_schema = Definitions::all().iter().map(|it| it.check(object));
            let problems = by_schema.chain([rules::check(object)]).filter_map(Result::err);
            wrong.extend(problems.map(|problem| format!("{case}: {}: {problem}", resource["id"])));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 250, "only {count} resources were looked at");
}
