//! What differs between two releases of a stack, by their records alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::name::ModuleName;
use crate::ops::OpsError;
use crate::plan::{Action, Change, Plan, Step, diff};
use crate::release::{ModuleRecord, Operation, Release, ReleaseError, ReleaseStore};
use crate::spec::{Resource, ResourceId};

/// What differs between two releases. Secrets are compared by reference: a record holds no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDiff {
    /// The number of the release that is compared with.
    pub from: u64,
    /// The number of the release that is looked at.
    pub to: u64,
    /// What each of them did, if that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<(Operation, Operation)>,
    /// Where each of them went, if that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<(String, String)>,
    /// Modules that came, went or changed, by name.
    pub modules: Vec<ModuleChange>,
    /// What would have to be done to what the first recorded so that it is what the second recorded.
    pub plan: Plan,
}

/// A module that is not the same in two releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleChange {
    /// The module.
    pub name: ModuleName,
    /// What the first release used; `None` if it did not use the module.
    pub old: Option<ModuleRecord>,
    /// What the second release used; `None` if it does not use the module.
    pub new: Option<ModuleRecord>,
}

impl ReleaseDiff {
    /// Returns whether the releases recorded the same.
    pub fn is_empty(&self) -> bool {
        let Self { operation, target, modules, plan, .. } = self;
        operation.is_none() && target.is_none() && modules.is_empty() && plan.is_empty()
    }
}

/// Compares two releases; without numbers, the latest with the one before it.
///
/// # Errors
///
/// There is no such release, or a record cannot be read or understood.
pub async fn compare_releases(
    releases: &ReleaseStore,
    from: Option<u64>,
    to: Option<u64>,
) -> Result<ReleaseDiff, OpsError> {
    let revisions = releases.revisions().await?;
    let (stack, latest) = (releases.stack(), revisions.last().copied());
    let Some(to) = to.or(latest) else {
        let (stack, revision) = (stack.clone(), from.unwrap_or(1));
        return Err(ReleaseError::NoRevision { stack, revision, latest }.into());
    };
    let new = releases.get(to).await?;
    let before = || revisions.iter().rev().copied().find(|revision| *revision < to);
    let Some(from) = from.or_else(before) else {
        return Err(OpsError::NothingBefore { stack: stack.clone(), revision: to });
    };
    Ok(compare(&releases.get(from).await?, &new))
}

fn compare(from: &Release, to: &Release) -> ReleaseDiff {
    let pair = |old: &String, new: &String| (old != new).then(|| (old.clone(), new.clone()));
    ReleaseDiff {
        from: from.revision,
        to: to.revision,
        operation: (from.operation != to.operation).then_some((from.operation, to.operation)),
        target: pair(&from.target, &to.target),
        modules: modules(&from.modules, &to.modules),
        plan: plan(from, to),
    }
}

fn modules(old: &[ModuleRecord], new: &[ModuleRecord]) -> Vec<ModuleChange> {
    let by_name = |records: &[ModuleRecord]| -> BTreeMap<ModuleName, ModuleRecord> {
        records.iter().map(|record| (record.name.clone(), record.clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<&ModuleName> = old.keys().chain(new.keys()).collect();
    let change = |name: &ModuleName| {
        let (old, new) = (old.get(name).cloned(), new.get(name).cloned());
        (old != new).then(|| ModuleChange { name: name.clone(), old, new })
    };
    names.into_iter().filter_map(change).collect()
}

fn plan(from: &Release, to: &Release) -> Plan {
    let (old, new) = (&from.spec.resources, &to.spec.resources);
    let ids: BTreeSet<&ResourceId> = old.keys().chain(new.keys()).collect();
    let step = |id: &ResourceId| {
        let (before, after) = (old.get(id), new.get(id));
        let (action, changes) = match (before, after) {
            (Some(before), Some(after)) if before == after => return None,
            (Some(before), Some(after)) => (Action::Update, changes(before, after)),
            (None, Some(after)) => (Action::Create, diff(None, Some(&after.attributes), &[])),
            (Some(_), None) => (Action::Delete, Vec::new()),
            (None, None) => return None,
        };
        let origins = if after.is_some() { &to.origins } else { &from.origins };
        Some(Step {
            id: id.clone(),
            kind: after.or(before)?.kind.clone(),
            action,
            reason: None,
            grades: BTreeSet::new(),
            origin: origins.get(id).and_then(|origins| origins.first()).cloned(),
            changes,
            notes: Vec::new(),
            after: Vec::new(),
        })
    };
    Plan { steps: ids.into_iter().filter_map(step).collect(), ..Plan::default() }
}

/// Lists the changed attributes as a preview does, and after them what else differs.
fn changes(before: &Resource, after: &Resource) -> Vec<Change> {
    let beside = |resource: &Resource| -> Value {
        json!({
            "type": resource.kind,
            "dependsOn": resource.depends_on,
            "extensions": resource.extensions,
        })
    };
    let mut changes = diff(Some(&before.attributes), Some(&after.attributes), &[]);
    changes.extend(diff(Some(&beside(before)), Some(&beside(after)), &[]));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(value: Value) -> Release {
        let mut document = json!({
            "formatVersion": 1, "project": "shop", "workspace": "dev", "stack": "dev",
            "revision": 1, "operation": "apply", "phase": "succeeded",
            "createTime": "2025-11-22T12:03:00Z", "modifiedTime": "2025-11-22T12:03:00Z",
            "actor": "alice@a", "kusionVersion": "0.1.0", "target": "directory `a`",
            "spec": {"resources": []}, "state": {"resources": []},
        });
        for (key, value) in value.as_object().unwrap() {
            document[key] = value.clone();
        }
        serde_json::from_value(document).unwrap()
    }

    fn module(name: &str, version: &str, digest: &str) -> Value {
        json!({"name": name, "version": version, "digest": digest})
    }

    #[test]
    fn a_release_does_not_differ_from_itself() {
        let one = release(json!({"modules": [module("mysql", "1.0.0", "sha256:a")]}));
        let two = Release { revision: 2, ..one.clone() };
        let diff = compare(&one, &two);
        assert!(diff.is_empty(), "{diff:?}");
        assert_eq!((diff.from, diff.to), (1, 2));
    }

    #[test]
    fn operations_targets_and_modules_are_compared() {
        let one = release(json!({"modules": [
            module("gone", "1.0.0", "sha256:a"),
            module("rebuilt", "1.0.0", "sha256:a"),
            module("same", "1.0.0", "sha256:a"),
        ]}));
        let two = release(json!({
            "operation": "rollback", "target": "directory `b`",
            "modules": [
                module("new", "1.0.0", "sha256:a"),
                module("rebuilt", "1.0.0", "sha256:b"),
                module("same", "1.0.0", "sha256:a"),
            ],
        }));
        let diff = compare(&one, &two);
        assert_eq!(diff.operation, Some((Operation::Apply, Operation::Rollback)));
        assert_eq!(diff.target, Some(("directory `a`".to_owned(), "directory `b`".to_owned())));
        let digests = |record: &Option<ModuleRecord>| record.as_ref().map(|m| m.digest.clone());
        let modules: Vec<_> = diff
            .modules
            .iter()
            .map(|change| (change.name.as_str(), digests(&change.old), digests(&change.new)))
            .collect();
        let (a, b) = (Some("sha256:a".to_owned()), Some("sha256:b".to_owned()));
        assert_eq!(
            modules,
            [("gone", a.clone(), None), ("new", None, a.clone()), ("rebuilt", a, b)]
        );
    }

    #[test]
    fn resources_are_compared_value_by_value_with_their_needs() {
        let resource = |id: &str, attributes: Value, needs: Value| json!({"id": id, "type": "Kubernetes", "attributes": attributes, "dependsOn": needs});
        let secret = |key: &str| json!({"data": {"key": format!("$kusion_secret.a.b.{key}")}});
        let one = release(json!({"spec": {"resources": [
            resource("a", secret("old"), json!([])),
            resource("b", json!({"x": 1}), json!([])),
            resource("c", json!({"x": 1}), json!([])),
        ]}}));
        let two = release(json!({"spec": {"resources": [
            resource("a", secret("new"), json!(["c"])),
            resource("c", json!({"x": 1}), json!([])),
            resource("d", json!({"x": 1}), json!([])),
        ]}}));
        let plan = compare(&one, &two).plan;
        let steps: Vec<_> = plan.steps.iter().map(|step| (step.id.as_str(), step.action)).collect();
        assert_eq!(steps, [("a", Action::Update), ("b", Action::Delete), ("d", Action::Create)]);
        let lines: Vec<String> = plan.steps[0]
            .changes
            .iter()
            .map(|change| {
                let shown = |value: &Option<Value>| value.clone().unwrap_or_default();
                format!("{}: {} -> {}", change.path, shown(&change.old), shown(&change.new))
            })
            .collect();
        assert_eq!(
            lines,
            [
                r#"data.key: "$kusion_secret.a.b.old" -> "$kusion_secret.a.b.new""#,
                r#"dependsOn: [] -> ["c"]"#
            ]
        );
    }
}
