//! How a module says no: a rejection is an answer, not a crash.

use serde::Serialize;

use crate::pointer::Pointer;

/// One thing that is wrong with what a user wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it is.
    pub pointer: Pointer,
    /// What is wrong, in lower case and without a full stop; names the user can type in backticks.
    pub message: String,
}

/// Why a module cannot answer a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rejection {
    /// The request is wrong as written; the host shows each place in the user's own file.
    Invalid(Vec<Problem>),
    /// The request is fine, but this version of the module cannot serve it.
    Unsupported(String),
    /// Anything else.
    Failed(String),
}

impl Rejection {
    /// Rejects one place of the request; [`Problems`] collects several.
    pub fn invalid(pointer: impl Into<Pointer>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem { pointer: pointer.into(), message: message.into() }])
    }

    /// Says that this version of the module cannot serve a request that is fine as such.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::Unsupported(message.into())
    }

    /// Says that something else went wrong.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// Collects everything that is wrong, so that a user sees all of it at once.
///
/// ```
/// use kusion_sdk::{Pointer, Problems};
///
/// let mut problems = Problems::default();
/// problems.add(Pointer::config().key("size"), "must be at least 1");
/// assert!(problems.finish().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one problem.
    pub fn add(&mut self, pointer: impl Into<Pointer>, message: impl Into<String>) {
        self.0.push(Problem { pointer: pointer.into(), message: message.into() });
    }

    /// Ends the collection.
    ///
    /// # Errors
    /// [`Rejection::Invalid`] with every problem noted, in the order they were noted.
    pub fn finish(self) -> Result<(), Rejection> {
        if self.0.is_empty() { Ok(()) } else { Err(Rejection::Invalid(self.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_noted_is_no_rejection() {
        assert_eq!(Problems::default().finish(), Ok(()));
    }

    #[test]
    fn all_problems_are_reported_in_order() {
        let mut problems = Problems::default();
        problems.add("/config/b", "second letter");
        problems.add("/config/a", "first letter");
        let Err(Rejection::Invalid(list)) = problems.finish() else {
            panic!("two problems were noted");
        };
        let pointers: Vec<_> = list.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/config/b", "/config/a"]);
    }
}
