//! What must be done so that a target becomes what a Spec says. Pure: it only compares.

mod build;
mod change;
mod diff;
mod drift;
mod grade;
mod json;
mod step;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use change::{Change, Drift, SENSITIVE};
pub use diff::diff;
pub use json::PLAN_VERSION;
pub use step::{Action, Reason, Step};
pub use summary::Summary;

use crate::spec::{Observed, Origin, ResourceId, Spec, State};

/// Steps in an order in which they can be done.
///
/// Creates, updates and what stays come first, each after what it depends on; deletes follow, each
/// after what depended on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// One step per resource that the Spec or the state knows, except for those in `forgotten`.
    pub steps: Vec<Step>,
    /// Recorded resources that leave the state without a step: adopted ones, which are never deleted, those
    /// that others need, and those that are gone from the target already.
    pub forgotten: Vec<ResourceId>,
    /// Why those in `forgotten` stay in the target that are still there.
    pub stays: BTreeMap<ResourceId, String>,
}

impl Plan {
    /// Compares what shall be with what was recorded and what a target holds.
    ///
    /// A resource that `observed` does not mention is taken to be as recorded.
    #[tracing::instrument(level = "info", name = "plan", skip_all, fields(changes))]
    pub fn between(
        spec: &Spec,
        state: &State,
        observed: &BTreeMap<ResourceId, Observed>,
        origins: &BTreeMap<ResourceId, Origin>,
    ) -> Self {
        let plan = build::plan(spec, state, observed, origins);
        let changes = plan.steps.iter().filter(|step| step.action != Action::Unchanged).count();
        tracing::Span::current().record("changes", changes);
        plan
    }

    /// Plans that everything recorded goes.
    pub fn destroy(state: &State, observed: &BTreeMap<ResourceId, Observed>) -> Self {
        Self::between(&Spec::default(), state, observed, &BTreeMap::new())
    }

    /// Counts the steps.
    pub fn summary(&self) -> Summary {
        self.steps.iter().collect()
    }

    /// Returns whether nothing must be done, neither in the target nor in the records.
    pub fn is_empty(&self) -> bool {
        self.forgotten.is_empty() && self.steps.iter().all(|step| step.action == Action::Unchanged)
    }
}
