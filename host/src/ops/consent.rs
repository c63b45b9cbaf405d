//! What a plan needs consent for: whoever applies without it is refused before anything is changed.

use std::collections::BTreeMap;

use crate::diagnostic::Problem;
use crate::ops::blame::Court;
use crate::ops::{OpsError, Proposal};
use crate::plan::{Action, Plan, Reason, Step};
use crate::release::Operation;
use crate::runtime::RuntimeError;
use crate::spec::{Note, NoteKind, ResourceId, State};

/// A plan that is weighed against what was agreed to.
struct Consent<'a> {
    plan: &'a Plan,
    state: &'a State,
    court: Court<'a>,
}

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
        Consent { plan: self.plan(), state: &self.latest.state, court }.check()
    }
}

impl Consent<'_> {
    fn check(&self) -> Result<(), OpsError> {
        let changing = || self.plan.steps.iter().filter(|step| step.action != Action::Unchanged);
        let mut problems: Vec<Problem> = changing().flat_map(|step| self.withheld(step)).collect();
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
    fn withheld(&self, step: &Step) -> Vec<Problem> {
        let court = self.court;
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
        for note in of(NoteKind::NeverReplaced) {
            let message = format!("resource `{}` {}", step.id, note.message);
            let hint = "put the fields back, or delete it yourself if nothing needs it; then it is made anew";
            problems.push(court.problem_at(&step.id, &note.fields, message).hint(hint));
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
        let entry = self.state.resources.get(&step.id);
        step.reason == Some(Reason::Adopted) || entry.is_some_and(|entry| entry.adopted)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::diagnostic::Diagnose as _;
    use crate::spec::{Spec, StateEntry};

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    fn step(name: &str, action: Action, notes: &[(NoteKind, &str)]) -> Step {
        let notes = notes.iter().map(|(kind, message)| Note::new(*kind, *message));
        Step {
            id: id(name),
            kind: "Kubernetes".to_owned(),
            action,
            reason: None,
            grades: BTreeSet::new(),
            origin: None,
            changes: Vec::new(),
            notes: notes.collect(),
            after: Vec::new(),
        }
    }

    fn adopted(name: &str) -> State {
        let resource = json!({"id": name, "type": "Kubernetes", "attributes": {}});
        let entry = StateEntry {
            resource: serde_json::from_value(resource).unwrap(),
            origin: None,
            adopted: true,
            uncertain: false,
            private: json!(null),
        };
        State { resources: [(id(name), entry)].into() }
    }

    fn check(steps: Vec<Step>, state: &State) -> Result<(), OpsError> {
        let (spec, makers) = (Spec::default(), BTreeMap::new());
        let court = Court { spec: &spec, makers: &makers, project: None };
        let plan = Plan { steps, ..Plan::default() };
        Consent { plan: &plan, state, court }.check()
    }

    /// What is refused, and by which flags it could be allowed.
    fn refused(steps: Vec<Step>, state: &State) -> Vec<(String, String)> {
        let Err(OpsError::Withheld { problems }) = check(steps, state) else { return Vec::new() };
        let flag = |hints: &[String]| {
            let word =
                hints.iter().flat_map(|hint| hint.split('`')).find(|it| it.starts_with("--"));
            word.unwrap_or_default().to_owned()
        };
        problems.into_iter().map(|problem| (problem.message, flag(&problem.hints))).collect()
    }

    #[test]
    fn everything_that_needs_consent_is_told_at_once() {
        let steps = || {
            vec![
                step("a", Action::Update, &[(NoteKind::NeedsAdoption, "is managed by Helm")]),
                step(
                    "b",
                    Action::Replace,
                    &[
                        (NoteKind::NeedsReplacement, "cannot change in place: `spec.x`"),
                        (NoteKind::DataLoss, "its data goes"),
                    ],
                ),
                step(
                    "c",
                    Action::Update,
                    &[
                        (NoteKind::Conflict, "`spec.b` is managed by `hpa`"),
                        (NoteKind::Conflict, "`spec.a` is managed by `hpa`"),
                        (NoteKind::Conflict, "`spec.a` is managed by `hpa`"),
                        (NoteKind::TakenOver, "`spec.c` is managed by `kubectl`; it is taken over"),
                    ],
                ),
                // What does not change needs nothing.
                step("d", Action::Unchanged, &[(NoteKind::Conflict, "`spec.a`")]),
            ]
        };
        let conflict = |field: &str| {
            format!("resource `c` has a field that others manage: `{field}` is managed by `hpa`")
        };
        let expected = [
            ("resource `a` is managed by Helm".to_owned(), "--adopt"),
            ("resource `b` cannot change in place: `spec.x`".to_owned(), "--replace"),
            (conflict("spec.a"), "--force-conflicts"),
            (conflict("spec.b"), "--force-conflicts"),
            (OpsError::DataAtRisk { resources: vec![id("b")] }.to_string(), "--allow-data-loss"),
        ];
        let expected = expected.map(|(message, flag)| (message, flag.to_owned()));
        assert_eq!(refused(steps(), &State::default()), expected);
    }

    #[test]
    fn data_alone_is_an_error_of_its_own_and_nothing_is_none() {
        let lost = vec![step("a", Action::Delete, &[(NoteKind::DataLoss, "its data goes")])];
        let error = check(lost, &State::default()).unwrap_err();
        assert!(matches!(&error, OpsError::DataAtRisk { resources } if *resources == [id("a")]));
        assert!(error.hints().iter().any(|hint| hint.contains("--allow-data-loss")));
        let agreed = vec![step("a", Action::Delete, &[(NoteKind::DataLossAgreed, "it goes")])];
        assert!(check(agreed, &State::default()).is_ok());
    }

    #[test]
    fn what_was_adopted_is_replaced_with_no_flag() {
        let stuck = step("a", Action::Update, &[(NoteKind::NeverReplaced, "cannot change")]);
        let told = refused(vec![stuck], &State::default());
        assert_eq!(told, [("resource `a` cannot change".to_owned(), String::new())]);
        let replace = || step("a", Action::Replace, &[(NoteKind::NeedsReplacement, "cannot")]);
        let expected = [(RuntimeError::AdoptedReplaced { id: id("a") }.to_string(), String::new())];
        assert_eq!(refused(vec![replace()], &adopted("a")), expected);
        let becoming = Step { reason: Some(Reason::Adopted), ..replace() };
        assert_eq!(refused(vec![becoming], &State::default()), expected);
        // A flag that was given does not help, either.
        let agreed = step("a", Action::Replace, &[]);
        assert_eq!(refused(vec![agreed], &adopted("a")), expected);
    }
}
