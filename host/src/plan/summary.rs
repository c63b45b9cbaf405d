//! How much a plan does.

use std::fmt;

use serde::Serialize;

use crate::plan::Action;

/// The number of steps by action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources to create.
    pub create: usize,
    /// Resources to change in place.
    pub update: usize,
    /// Resources to delete and create.
    pub replace: usize,
    /// Resources to delete.
    pub delete: usize,
    /// Resources that stay.
    pub unchanged: usize,
}

impl FromIterator<Action> for Summary {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        let mut summary = Self::default();
        for action in actions {
            *match action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Unchanged => &mut summary.unchanged,
            } += 1;
        }
        summary
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { create, update, replace, delete, .. } = self;
        write!(f, "Plan: {create} to create, {update} to update, ")?;
        if *replace > 0 {
            write!(f, "{replace} to replace, ")?;
        }
        write!(f, "{delete} to delete.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_named_only_if_there_are_any() {
        let mut summary: Summary =
            [Action::Create, Action::Create, Action::Delete, Action::Unchanged]
                .into_iter()
                .collect();
        assert_eq!(summary.to_string(), "Plan: 2 to create, 0 to update, 1 to delete.");
        summary.replace = 3;
        assert_eq!(
            summary.to_string(),
            "Plan: 2 to create, 0 to update, 3 to replace, 1 to delete."
        );
    }
}
