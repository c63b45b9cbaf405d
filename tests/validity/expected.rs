//! What the golden folders expect, of the whole and of each module.

use fs_err as fs;
use kusion_tests::repository;
use serde_json::Value;

/// Every case that expects resources, by name.
pub(super) fn all() -> Vec<(String, Value)> {
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
            // Another command prints something else.
            if path.with_file_name("command.txt").exists() {
                continue;
            }
            let expected = serde_saphyr::from_str(&text);
            found.push((name.clone(), expected.unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    }
    found
}

/// The objects of Kubernetes in a Spec, or in what a module answered.
pub(super) fn objects(expected: &Value) -> impl Iterator<Item = &Value> {
    let answers = expected.as_array().into_iter().flatten().chain([expected]);
    let resources = answers.filter_map(|answer| answer["resources"].as_array()).flatten();
    resources.filter(|resource| resource["type"] == "Kubernetes")
}
