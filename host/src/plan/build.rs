//! Finds out what happens to each resource, and in which order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::plan::diff::unknown;
use crate::plan::drift::changes;
use crate::plan::grade::grade;
use crate::plan::{Action, Plan, Reason, Step};
use crate::spec::{
    Graph, NoteKind, Observed, Origin, Resource, ResourceId, Spec, State, StateEntry,
};

pub(super) fn plan(
    spec: &Spec,
    state: &State,
    observed: &BTreeMap<ResourceId, Observed>,
    origins: &BTreeMap<ResourceId, Origin>,
) -> Plan {
    let mut plan = Plan::default();
    let mut positions: HashMap<&ResourceId, usize> = HashMap::new();

    let graph = Graph::new(spec.resources.iter().map(|(id, resource)| (id, &resource.depends_on)));
    for node in graph.order() {
        let Some(desired) = graph.id(node).and_then(|id| spec.resources.get(id)) else { continue };
        let dependencies = graph.dependencies(node).iter().filter_map(|node| graph.id(*node));
        let after = done_before(dependencies, &positions, |_| true);
        let prior = state.resources.get(&desired.id);
        let recorded = prior.and_then(|prior| prior.origin.clone());
        let origin = origins.get(&desired.id).cloned().or(recorded);
        positions.insert(&desired.id, plan.steps.len());
        plan.steps.push(keep(desired, prior, observed.get(&desired.id), origin, after));
    }

    let graph =
        Graph::new(state.resources.iter().map(|(id, entry)| (id, &entry.resource.depends_on)));
    for node in graph.order().into_iter().rev() {
        let Some(prior) = graph.id(node).and_then(|id| state.resources.get(id)) else { continue };
        let id = &prior.resource.id;
        if spec.resources.contains_key(id) {
            continue;
        }
        let gone = observed.get(id).is_some_and(|observed| observed.live.is_none());
        let kept = observed.get(id).is_some_and(|observed| observed.kept);
        if prior.adopted || gone || kept {
            let why =
                observed.get(id).filter(|_| !gone).and_then(|observed| stays(prior, observed));
            plan.stays.extend(why.map(|why| (id.clone(), why)));
            plan.forgotten.push(id.clone());
            continue;
        }
        let dependents = graph.dependents(node).iter().filter_map(|node| graph.id(*node));
        let steps = &plan.steps;
        let after = done_before(dependents, &positions, |position| {
            steps.get(position).is_some_and(|step| step.action != Action::Unchanged)
        });
        positions.insert(id, plan.steps.len());
        plan.steps.push(delete(prior, observed.get(id), after));
    }
    plan.forgotten.sort();
    plan
}

/// Says why a resource that nobody wants any more stays in the target.
fn stays(prior: &StateEntry, observed: &Observed) -> Option<String> {
    let said = observed.notes.iter().find(|note| note.kind == NoteKind::Shared);
    let adopted = || {
        prior.adopted.then(|| {
            "it existed before kusion managed it, and keeps what kusion changed".to_owned()
        })
    };
    said.map(|note| note.message.clone()).or_else(adopted)
}

/// Returns the positions of steps to wait for. Those without a position yet close a cycle, or have no step.
fn done_before<'a>(
    ids: impl Iterator<Item = &'a ResourceId>,
    positions: &HashMap<&ResourceId, usize>,
    wait_for: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let found: BTreeSet<usize> = ids
        .filter_map(|id| positions.get(id).copied())
        .filter(|position| wait_for(*position))
        .collect();
    found.into_iter().collect()
}

fn keep(
    desired: &Resource,
    prior: Option<&StateEntry>,
    observed: Option<&Observed>,
    origin: Option<Origin>,
    after: Vec<usize>,
) -> Step {
    let as_recorded;
    let observed = match observed {
        Some(observed) => observed,
        None => {
            let live = prior.map(|prior| prior.resource.attributes.clone());
            as_recorded = Observed { live, ..Observed::default() };
            &as_recorded
        }
    };
    let (mut changes, why) = changes(desired, prior, observed);
    let (action, reason) = judge(desired, prior, observed, why);
    if observed.live.is_some() {
        changes.extend(observed.unread.iter().map(|pointer| unknown(pointer)));
    }
    let (id, kind) = (desired.id.clone(), desired.kind.clone());
    let grades = grade(action, &observed.grades);
    let notes = observed.notes.clone();
    Step { id, kind, action, reason, grades, origin, changes, notes, after }
}

/// Decides what happens; `why` is the reason for the changes, `None` if there are none.
fn judge(
    desired: &Resource,
    prior: Option<&StateEntry>,
    observed: &Observed,
    why: Option<Reason>,
) -> (Action, Option<Reason>) {
    let uncertain = prior.is_some_and(|prior| prior.uncertain);
    if observed.live.is_none() {
        let reason = match prior {
            None => Reason::Configuration,
            Some(_) if uncertain => Reason::Recovered,
            Some(_) => Reason::DeletedOutside,
        };
        return (Action::Create, Some(reason));
    }
    let action = if observed.replace { Action::Replace } else { Action::Update };
    if observed.notes.iter().any(|note| note.kind == NoteKind::Shared) {
        return (Action::Unchanged, None);
    }
    // What an interrupted run of ours made says whose it is, so that this was there before.
    if observed.foreign {
        return (action, Some(Reason::Adopted));
    }
    if uncertain {
        return (action, Some(Reason::Recovered));
    }
    if why.is_some() {
        return (action, why);
    }
    if observed.secrets_changed {
        return (action, Some(Reason::Secret));
    }
    if !observed.unread.is_empty() {
        return (action, Some(Reason::SecretUnknown));
    }
    if observed.replace {
        return (action, Some(Reason::Configuration));
    }
    let Some(prior) = prior else { return (action, Some(Reason::Unrecorded)) };
    if prior.resource.attributes != desired.attributes {
        return (action, Some(Reason::AlreadyThere));
    }
    (Action::Unchanged, None)
}

fn delete(prior: &StateEntry, observed: Option<&Observed>, after: Vec<usize>) -> Step {
    let grades = observed.map(|observed| grade(Action::Delete, &observed.grades));
    Step {
        id: prior.resource.id.clone(),
        kind: prior.resource.kind.clone(),
        action: Action::Delete,
        reason: Some(if prior.uncertain { Reason::Recovered } else { Reason::Configuration }),
        grades: grades.unwrap_or_default(),
        origin: prior.origin.clone(),
        changes: Vec::new(),
        notes: observed.map(|observed| observed.notes.clone()).unwrap_or_default(),
        after,
    }
}
