//! Keys of a module's platform configuration that the host handles itself.

use serde_json::Value;

use crate::config::{ModuleEntry, Platform, Workspace};
use crate::diagnostic::{Problem, name_hints};
use crate::ops::{OpsError, signature_policy};
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

/// Checks what a workspace says about when resources work, for all projects, before anybody applies with it.
///
/// # Errors
///
/// Every policy that cannot be read, of health and of signatures, at its place.
pub fn check_workspace(workspace: &Workspace) -> Result<(), OpsError> {
    let policies = workspace.modules().values().flat_map(ModuleEntry::health_policies);
    let mut problems: Vec<Problem> = policies.flat_map(problems_of).collect();
    match signature_policy(workspace) {
        Ok(_) => {}
        Err(OpsError::Invalid { problems: more }) => problems.extend(more),
        Err(error) => return Err(error),
    }
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }) }
}

fn check_policy(policy: &Node) -> Result<(), OpsError> {
    let problems = problems_of(policy);
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }) }
}

fn problems_of(policy: &Node) -> Vec<Problem> {
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
    problems
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose as _;
    use crate::name::WorkspaceName;
    use crate::source::SourceFile;
    use crate::yaml;

    fn problems(text: &str) -> Vec<(String, usize, Vec<String>)> {
        let node = yaml::read(&SourceFile::new("dev.yaml", text)).unwrap().remove(0);
        let Err(error) = check_policy(&node) else { return Vec::new() };
        let described = |problem: &Problem| {
            let line = problem.location.as_ref().map_or(0, |at| at.line());
            (problem.message.clone(), line, problem.hints.clone())
        };
        error.problems().iter().map(described).collect()
    }

    #[test]
    fn a_health_policy_is_checked_where_it_is_written() {
        assert!(problems("kind: Queue\napiVersion: v1\ncel: object.ready\n").is_empty());
        assert!(problems("health.kcl: assert True\n").is_empty());
        let unread = "`healthPolicy` cannot be read: there is no variable `size`, only `object`";
        let expected = vec![(unread.to_owned(), 2, Vec::new())];
        assert_eq!(problems("kind: Queue\ncel: size\n"), expected);
        let found = problems("kind: Queue\ncell: object.ready\n");
        assert_eq!(found[0].0, "unknown field `cell` in `healthPolicy`");
        assert_eq!((found[0].1, found[0].2[0].as_str()), (2, "did you mean `cel`?"));
    }

    #[test]
    fn a_workspace_is_checked_as_a_whole() {
        let text = "modules:\n  queue:\n    configs:\n      default:\n        healthPolicy: {cel: object.ready}\n      \
                    small:\n        projectSelector: [a]\n        healthPolicy: {cel: size}\n";
        let name = WorkspaceName::parse("dev").unwrap();
        let workspace = Workspace::parse(name, &SourceFile::new("dev.yaml", text), None).unwrap();
        let error = check_workspace(&workspace).unwrap_err();
        let lines: Vec<usize> =
            error.problems().iter().filter_map(|it| Some(it.location.as_ref()?.line())).collect();
        assert_eq!(lines, [8]);
    }
}
