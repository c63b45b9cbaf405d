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

/// Marks the resources that `importedResources` and `healthPolicy` speak of.
pub(super) fn apply(platform: &Platform, resources: &mut [Resource]) -> Result<(), OpsError> {
    if let Some(imported) = &platform.imported_resources {
        import(imported, resources)?;
    }
    if let Some(policy) = &platform.health_policy {
        let location = policy.location();
        let policy = policy.to_json();
        if let Err(problem) = check_health_policy(&policy) {
            return Err(OpsError::Invalid {
                problems: vec![Problem::at(location.clone(), problem)],
            });
        }
        for resource in resources.iter_mut().filter(|resource| concerns(&policy, resource)) {
            resource.extensions.insert(HEALTH_POLICY.to_owned(), policy.clone());
        }
    }
    Ok(())
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
