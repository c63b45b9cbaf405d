//! Pass: which resource runs each app's containers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Draft, Entry, Fault};
use crate::name::AppName;
use crate::spec::{IS_WORKLOAD_EXTENSION, Patch, Resource, ResourceId, Semantics};

/// Chooses among the resources of the module that runs the workload: the only one, else the one that
/// is marked, else the only one with pods. Where that leaves a doubt, only an app whose workload is
/// patched is in error.
pub(super) fn choose(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut chosen = Vec::new();
    for (app, candidates) in &draft.candidates {
        let entries = || candidates.iter().filter_map(|id| draft.resources.get(id));
        let resources = || entries().map(|entry| &entry.resource);
        let only = |choice: &dyn Fn(&Resource) -> bool| {
            let mut matching = resources().filter(|resource| choice(resource));
            let first = matching.next()?;
            matching.next().is_none().then(|| first.id.clone())
        };
        let choice = if resources().any(is_marked) {
            only(&is_marked)
        } else {
            only(&|_| true).or_else(|| only(&|resource| semantics.pod_template(resource).is_some()))
        };
        if let Some(id) = choice {
            chosen.push((app.clone(), id));
        }
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
