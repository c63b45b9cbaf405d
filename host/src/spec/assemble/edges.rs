//! Last pass: what depends on what, and that it can be done in some order.

use std::collections::HashMap;

use super::{Draft, Fault};
use crate::spec::{Graph, ResourceId, Semantics};

/// Joins needs with what meets them by name, so that the work grows with the resources and not with
/// their square.
pub(super) fn connect(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut providers: HashMap<String, ResourceId> = HashMap::new();
    for (id, resource) in &draft.resources {
        for capability in semantics.provides(resource) {
            providers.entry(capability).or_insert_with(|| id.clone());
        }
    }
    for (id, resource) in &mut draft.resources {
        for capability in semantics.requires(resource) {
            if let Some(provider) = providers.get(&capability).filter(|provider| *provider != id) {
                resource.depends_on.insert(provider.clone());
            }
        }
    }
    let mut faults = unknown_dependencies(draft);
    let graph = Graph::new(draft.resources.iter().map(|(id, resource)| (id, &resource.depends_on)));
    if let Some(cycle) = graph.cycle() {
        let with_origin = |id: &ResourceId| (id.clone(), draft.origins.get(id).cloned());
        faults.push(Fault::Cycle { ids: cycle.into_iter().map(with_origin).collect() });
    }
    faults
}

fn unknown_dependencies(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (id, resource) in &draft.resources {
        let Some(origin) = draft.origins.get(id) else { continue };
        for dependency in &resource.depends_on {
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
