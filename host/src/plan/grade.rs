//! How far a step reaches.

use std::collections::BTreeSet;

use crate::plan::Action;
use crate::spec::Grade;

/// Adds to what a runtime knows about a change what follows from the action.
pub(super) fn grade(action: Action, known: &BTreeSet<Grade>) -> BTreeSet<Grade> {
    let mut grades = known.clone();
    match action {
        Action::Unchanged => grades.clear(),
        Action::Replace => {
            grades.insert(Grade::Replace);
        }
        Action::Update | Action::Create | Action::Delete => {}
    }
    if action != Action::Update {
        grades.remove(&Grade::NoRestart);
    }
    grades
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_adds_what_it_means() {
        let of = |action, known: &[Grade]| -> Vec<Grade> {
            grade(action, &known.iter().copied().collect()).into_iter().collect()
        };
        let (gained, restart) = (Grade::PermissionGained, Grade::RollingRestart);
        assert_eq!(of(Action::Update, &[]), []);
        assert_eq!(of(Action::Update, &[Grade::NoRestart, gained]), [Grade::NoRestart, gained]);
        assert_eq!(of(Action::Update, &[restart]), [restart]);
        assert_eq!(of(Action::Replace, &[Grade::NoRestart]), [Grade::Replace]);
        assert_eq!(of(Action::Replace, &[Grade::DataAtRisk]), [Grade::Replace, Grade::DataAtRisk]);
        assert_eq!(of(Action::Create, &[gained]), [gained]);
        assert_eq!(of(Action::Delete, &[Grade::DataAtRisk]), [Grade::DataAtRisk]);
        assert_eq!(of(Action::Unchanged, &[gained]), []);
    }
}
