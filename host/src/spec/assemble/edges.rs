//! Last pass: what depends on what, and that it can be done in some order.

use std::collections::HashMap;

use super::{Draft, Fault};
use crate::spec::{Graph, ResourceId};

/// Joins needs with what meets them by name, so that the work grows with the resources and not with
/// their square.
pub(super) fn connect(draft: &mut Draft) -> Vec<Fault> {
    let mut providers: HashMap<String, ResourceId> = HashMap::new();
    for (id, entry) in &mut draft.resources {
        for capability in std::mem::take(&mut entry.provides) {
            providers.entry(capability).or_insert_with(|| id.clone());
        }
    }
    for (id, entry) in &mut draft.resources {
        for capability in std::mem::take(&mut entry.requires) {
            if let Some(provider) = providers.get(&capability).filter(|provider| *provider != id) {
                entry.resource.depends_on.insert(provider.clone());
            }
        }
    }
    let mut faults = unknown_dependencies(draft);
    let nodes = draft.resources.iter().map(|(id, entry)| (id, &entry.resource.depends_on));
    if let Some(cycle) = Graph::new(nodes).cycle() {
        let origin = |id: &ResourceId| draft.resources.get(id)?.origin.clone();
        let ids = cycle.into_iter().map(|id| (id.clone(), origin(id))).collect();
        faults.push(Fault::Cycle { ids });
    }
    faults
}

fn unknown_dependencies(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (id, entry) in &draft.resources {
        let Some(origin) = &entry.origin else { continue };
        for dependency in &entry.resource.depends_on {
            if !draft.resources.contains_key(dependency) {
                faults.push(Fault::UnknownDependency {
                    origin: origin.clone(),
                    id: id.clone(),
                    dependency: dependency.clone(),
                    near: draft.near(faults.len(), dependency.as_str()),
                });
            }
        }
    }
    faults
}
