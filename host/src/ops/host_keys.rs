//! Keys of a module's platform configuration that the host handles itself.

use serde_json::Value;

use crate::config::Platform;
use crate::diagnostic::{Problem, name_hints};
use crate::ops::OpsError;
use crate::runtime::check_health_policy;
use crate::source::Node;
use crate::spec::Resource;

const IMPORT_ID: &str = "kusionstack.io/import-id";
const HEALTH_POLICY: &str = "healthPolicy";
/// What a health policy consists of.
const POLICY_KEYS: [&str; 3] = ["apiVersion", "cel", "kind"];
/// The key of upstream's form, which is let be.
const UPSTREAM_POLICY: &str = "health.kcl";

/// Marks the resources that `importedResources` and `healthPolicy` speak of.
pub(super) fn apply(platform: &Platform, resources: &mut [Resource]) -> Result<(), OpsError> {
    if let Some(imported) = &platform.imported_resources {
        import(imported, resources)?;
    }
    if let Some(policy) = &platform.health_policy {
        check_policy(policy)?;
        let policy = policy.to_json();
        for resource in resources.iter_mut().filter(|resource| concerns(&policy, resource)) {
            resource.extensions.insert(HEALTH_POLICY.to_owned(), policy.clone());
        }
    }
    Ok(())
}

fn check_policy(policy: &Node) -> Result<(), OpsError> {
    let unknown = policy.entries().filter(|entry| {
        let key = entry.key.text.as_str();
        !POLICY_KEYS.contains(&key) && key != UPSTREAM_POLICY
    });
    let mut problems: Vec<Problem> = unknown
        .map(|entry| {
            let key = entry.key.text.as_str();
            let message = format!("unknown field `{key}` in `{HEALTH_POLICY}`");
            let hints = name_hints(key, POLICY_KEYS);
            Problem { hints, ..Problem::at(entry.key.location.clone(), message) }
        })
        .collect();
    if problems.is_empty()
        && let Err(problem) = check_health_policy(&policy.to_json())
    {
        problems.push(Problem::at(policy.locate("/cel").clone(), problem));
    }
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }) }
}

fn import(imported: &Node, resources: &mut [Resource]) -> Result<(), OpsError> {
    let mut problems = Vec::new();
    for entry in imported.entries() {
        let id = entry.key.text.as_str();
        match resources.iter_mut().find(|resource| resource.id.as_str() == id) {
            Some(resource) => {
                resource.extensions.insert(IMPORT_ID.to_owned(), entry.value.to_json());
            }
            None => {
                let mut problem = Problem::at(
                    entry.key.location.clone(),
                    format!("`importedResources` names `{id}`, which the module does not make"),
                );
                problem.hints =
                    name_hints(id, resources.iter().map(|resource| resource.id.as_str()));
                problems.push(problem);
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }) }
}

fn concerns(policy: &Value, resource: &Resource) -> bool {
    ["apiVersion", "kind"].iter().all(|key| {
        policy.get(key).is_some_and(|wanted| resource.attributes.get(key) == Some(wanted))
    })
}
