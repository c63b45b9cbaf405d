//! What a plan needs consent for: whoever applies without it is refused before anything is changed.

use std::collections::BTreeMap;

use crate::diagnostic::Problem;
use crate::ops::blame::Court;
use crate::ops::{OpsError, Proposal};
use crate::plan::{Action, Reason, Step};
use crate::release::Operation;
use crate::runtime::RuntimeError;
use crate::spec::{Note, NoteKind, ResourceId};

impl Proposal<'_> {
    /// Refuses what the target would refuse half-way, and what would destroy data.
    ///
    /// # Errors
    ///
    /// [`OpsError::Withheld`] and [`OpsError::DataAtRisk`] say what an apply needs that was not agreed to.
    pub fn check(&self) -> Result<(), OpsError> {
        let makers = self.basis.makers();
        let written = self.operation == Operation::Apply;
        let court = Court {
            spec: &self.basis.spec,
            makers: &makers,
            project: written.then_some(&self.session.project),
        };
        let changing = || self.plan().steps.iter().filter(|step| step.action != Action::Unchanged);
        let mut problems: Vec<Problem> =
            changing().flat_map(|step| self.withheld(step, court)).collect();
        let lost = |step: &&Step| step.notes.iter().any(|note| note.kind == NoteKind::DataLoss);
        let resources: Vec<ResourceId> =
            changing().filter(lost).map(|step| step.id.clone()).collect();
        if !resources.is_empty() {
            let error = OpsError::DataAtRisk { resources };
            if problems.is_empty() {
                return Err(error);
            }
            problems.push(Problem::of(&error));
        }
        if problems.is_empty() { Ok(()) } else { Err(OpsError::Withheld { problems }) }
    }

    /// Lists what one step needs consent for, beside the loss of data.
    fn withheld(&self, step: &Step, court: Court<'_>) -> Vec<Problem> {
        let of = |kind| step.notes.iter().filter(move |note| note.kind == kind);
        let mut problems = Vec::new();
        for note in of(NoteKind::NeedsAdoption) {
            let message = format!("resource `{}` {}", step.id, note.message);
            let hint = "pass `--adopt` to manage it from here; it is never deleted by kusion";
            problems.push(court.problem_at(&step.id, &[], message).hint(hint));
        }
        if step.action == Action::Replace && self.is_adopted(step) {
            let error = RuntimeError::AdoptedReplaced { id: step.id.clone() };
            problems.push(Problem::of(&error));
        } else {
            for note in of(NoteKind::NeedsReplacement) {
                let message = format!("resource `{}` {}", step.id, note.message);
                let hint = "pass `--replace` to delete it and make it anew, or put the fields back";
                problems.push(court.problem_at(&step.id, &note.fields, message).hint(hint));
            }
        }
        // Places at which several fields were written are shown once.
        let mut contested: BTreeMap<String, Problem> = BTreeMap::new();
        for Note { message, fields, .. } in of(NoteKind::Conflict) {
            let message =
                format!("resource `{}` has a field that others manage: {message}", step.id);
            let hint = "take the field out of the configuration, or pass `--force-conflicts` to take it over";
            let problem = court.problem_at(&step.id, fields, message.clone()).hint(hint);
            contested.insert(message, problem);
        }
        problems.extend(contested.into_values());
        problems
    }

    fn is_adopted(&self, step: &Step) -> bool {
        let entry = self.latest.state.resources.get(&step.id);
        step.reason == Some(Reason::Adopted) || entry.is_some_and(|entry| entry.adopted)
    }
}
