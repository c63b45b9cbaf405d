//! How much a plan does.

use std::fmt;

use serde::Serialize;

use crate::plan::{Action, Step};
use crate::spec::Grade;

/// The number of steps by action, and of those that reach further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// Steps that replace pods by new ones.
    pub rolling_restart: usize,
    /// Steps that may lose data.
    pub data_at_risk: usize,
    /// Steps that put right what somebody changed or deleted in the target.
    pub drifted: usize,
    /// Steps that let somebody do more than before.
    pub permission_gained: usize,
}

impl<'a> FromIterator<&'a Step> for Summary {
    fn from_iter<I: IntoIterator<Item = &'a Step>>(steps: I) -> Self {
        let mut summary = Self::default();
        for step in steps {
            *match step.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace => &mut summary.replace,
                Action::Delete => &mut summary.delete,
                Action::Unchanged => &mut summary.unchanged,
            } += 1;
            summary.drifted += usize::from(step.is_drifted());
            for grade in &step.grades {
                *match grade {
                    Grade::RollingRestart => &mut summary.rolling_restart,
                    Grade::DataAtRisk => &mut summary.data_at_risk,
                    Grade::PermissionGained => &mut summary.permission_gained,
                    // The action says it.
                    Grade::NoRestart | Grade::Replace => continue,
                } += 1;
            }
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
        write!(f, "{delete} to delete")?;
        let graded = [
            (self.rolling_restart, Grade::RollingRestart),
            (self.data_at_risk, Grade::DataAtRisk),
            (self.permission_gained, Grade::PermissionGained),
        ];
        let graded = graded.into_iter().filter(|(count, _)| *count > 0);
        let graded: Vec<String> = graded.map(|(count, grade)| format!("{count} {grade}")).collect();
        if !graded.is_empty() {
            write!(f, " ({})", graded.join(", "))?;
        }
        f.write_str(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_and_grades_are_named_only_if_there_are_any() {
        let mut summary = Summary { create: 2, delete: 1, unchanged: 1, ..Summary::default() };
        assert_eq!(summary.to_string(), "Plan: 2 to create, 0 to update, 1 to delete.");
        summary.replace = 3;
        assert_eq!(
            summary.to_string(),
            "Plan: 2 to create, 0 to update, 3 to replace, 1 to delete."
        );
        summary = Summary {
            update: 3,
            rolling_restart: 1,
            data_at_risk: 2,
            permission_gained: 1,
            ..Summary::default()
        };
        assert_eq!(
            summary.to_string(),
            "Plan: 0 to create, 3 to update, 0 to delete (1 rolling restart, 2 data at risk, 1 permission gained)."
        );
    }
}
