//! The error of reading YAML.

use std::fmt;

use crate::diagnostic::{Diagnose, Kind, Problem};

/// A YAML text that cannot be read, with every place that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct YamlError {
    first: Problem,
    problems: Vec<Problem>,
}

impl YamlError {
    /// Collects problems; none at all is no error.
    pub(super) fn of(problems: Vec<Problem>) -> Option<Self> {
        Some(Self { first: problems.first()?.clone(), problems })
    }

    /// Returns the problems without the error round them.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

impl From<Problem> for YamlError {
    fn from(problem: Problem) -> Self {
        Self { first: problem.clone(), problems: vec![problem] }
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.message)?;
        if let Some(location) = &self.first.location {
            write!(f, " at line {}, column {}", location.line(), location.column())?;
        }
        Ok(())
    }
}

impl Diagnose for YamlError {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
