//! From the state before a release and the lines of its journal to the state after them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::release::log::Event;
use crate::release::{Change, Intent, Release};
use crate::spec::{ResourceId, State, StateEntry};

/// Folds events into a state. The same code serves the running release and the recovery of a dead one.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    state: State,
    intents: Vec<Intent>,
    /// Changes that were begun and whose end is not known.
    open: BTreeSet<ResourceId>,
    touched: BTreeSet<ResourceId>,
}

impl Fold {
    /// Begins with the state before the release.
    pub(super) fn new(release: &Release) -> Self {
        Self {
            state: release.state.clone(),
            intents: Vec::new(),
            open: BTreeSet::new(),
            touched: BTreeSet::new(),
        }
    }

    pub(super) fn add(&mut self, event: Event) {
        match event {
            Event::Begun { mut intents, .. } => {
                intents.sort_by(|a, b| a.id.cmp(&b.id));
                self.intents = intents;
            }
            Event::Started { id } => {
                self.touched.insert(id.clone());
                self.open.insert(id);
            }
            Event::Applied { entry } => {
                let id = entry.resource.id.clone();
                self.open.remove(&id);
                self.touched.insert(id.clone());
                self.state.resources.insert(id, *entry);
            }
            Event::Deleted { id } => {
                self.open.remove(&id);
                self.state.resources.remove(&id);
                self.touched.insert(id);
            }
            // A failed change may have reached the target all the same, so it stays open.
            Event::Failed { id, .. } => {
                self.touched.insert(id.clone());
                self.open.insert(id);
            }
        }
    }

    pub(super) fn is_open(&self, id: &ResourceId) -> bool {
        self.open.contains(id)
    }

    /// Takes back the start of a change that could not be recorded and so was not made.
    pub(super) fn not_started(&mut self, id: &ResourceId) {
        self.open.remove(id);
    }

    pub(super) fn intent(&self, id: &ResourceId) -> Option<&Intent> {
        let place = self.intents.binary_search_by(|intent| intent.id.cmp(id)).ok()?;
        self.intents.get(place)
    }

    /// Returns how many resources were begun, changed or settled.
    pub(super) fn touched(&self) -> usize {
        self.touched.len()
    }

    /// Returns how many of the touched resources may or may not have been changed.
    pub(super) fn uncertain(&self) -> usize {
        self.open.len()
    }

    /// Returns the state with what is known, and every open change marked as uncertain.
    ///
    /// What may have been created is entered as it was meant to be: a resource that is recorded and
    /// does not exist costs a look at the target, one that exists and is not recorded is lost.
    pub(super) fn state(&self, release: &Release) -> State {
        let mut state = self.state.clone();
        for id in &self.open {
            let intent = self.intent(id);
            if let Some(entry) = state.resources.get_mut(id) {
                entry.uncertain = true;
                if let Some(Intent { change: Change::Create, adopted, .. }) = intent {
                    // It was gone, so that what is known of it is about another object.
                    (entry.adopted, entry.private) = (*adopted, Value::Null);
                }
                continue;
            }
            if intent.is_some_and(|intent| intent.change == Change::Delete) {
                continue;
            }
            let Some(resource) = release.spec.resources.get(id) else { continue };
            let entry = StateEntry {
                resource: resource.clone(),
                origin: release.origins.get(id).and_then(|origins| origins.first()).cloned(),
                adopted: intent.is_some_and(|intent| intent.adopted),
                uncertain: true,
                private: Value::Null,
            };
            state.resources.insert(id.clone(), entry);
        }
        state
    }
}
