//! Pass: which resource runs each app's containers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Draft, Entry, Fault};
use crate::name::AppName;
use crate::spec::{IS_WORKLOAD_EXTENSION, Patch, Resource, ResourceId, Semantics};

/// Finds among the resources of the module that runs an app's workload the one that runs its containers: the one that
/// is marked; without a mark the only one, else the only one with pods. `None` if that leaves a doubt.
pub fn workload_among<'a>(
    resources: impl Iterator<Item = &'a Resource> + Clone,
    semantics: &dyn Semantics,
) -> Option<&'a Resource> {
    let only = |choice: &dyn Fn(&Resource) -> bool| {
        let mut matching = resources.clone().filter(|resource| choice(resource));
        let first = matching.next()?;
        matching.next().is_none().then_some(first)
    };
    if resources.clone().any(is_marked) {
        return only(&is_marked);
    }
    only(&|_| true).or_else(|| only(&|resource| semantics.pod_template(resource).is_some()))
}

/// Chooses the workload of each app. Where that leaves a doubt, only an app whose workload is patched is in error.
pub(super) fn choose(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut chosen = Vec::new();
    for (app, candidates) in &draft.candidates {
        let entries = candidates.iter().filter_map(|id| draft.resources.get(id));
        let choice = workload_among(entries.map(|entry| &entry.resource), semantics);
        chosen.extend(choice.map(|resource| (app.clone(), resource.id.clone())));
    }
    for (app, id) in chosen {
        if let Some(Entry { resource, .. }) = draft.resources.get_mut(&id) {
            resource.extensions.insert(IS_WORKLOAD_EXTENSION.to_owned(), Value::Bool(true));
        }
        draft.workloads.insert(app, id);
    }
    missing(draft)
}

fn is_marked(resource: &Resource) -> bool {
    match resource.extensions.get(IS_WORKLOAD_EXTENSION) {
        Some(Value::Bool(marked)) => *marked,
        Some(Value::String(marked)) => marked == "true",
        _ => false,
    }
}

fn missing(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut ambiguous: BTreeSet<&AppName> = BTreeSet::new();
    for (origin, patch) in &draft.patches {
        let for_workload = !matches!(patch, Patch::Json { .. } | Patch::Merge { .. });
        if !for_workload || draft.workloads.contains_key(&origin.app) {
            continue;
        }
        match draft.candidates.get(&origin.app) {
            None => faults.push(Fault::NoWorkload { origin: origin.clone() }),
            Some(candidates) if ambiguous.insert(&origin.app) => {
                let candidates: Vec<ResourceId> = candidates.iter().cloned().collect();
                faults.push(Fault::AmbiguousWorkload { app: origin.app.clone(), candidates });
            }
            Some(_) => {}
        }
    }
    faults
}
