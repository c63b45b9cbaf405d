//! What a library below says went wrong.

/// What a library below says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cause(pub(crate) String);

impl Cause {
    /// Takes the innermost cause of an error: those around it tell of parts of this program.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let innermost = std::iter::successors(Some(error), |error| error.source()).last();
        Self(innermost.unwrap_or(error).to_string())
    }
}
