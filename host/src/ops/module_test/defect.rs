//! What is wrong with a module, whatever its user wrote.

use crate::diagnostic::{Diagnose, Kind};
use crate::engine::CallError;
use crate::spec::{AssembleError, ResourceId};

/// What is wrong with a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// The call fails: a trap, a limit, an answer that is none.
    #[error("the call fails")]
    Call {
        /// How.
        source: CallError,
    },
    /// The module gives up on a request that its own schemas admit.
    #[error("it gives up on a request that its schemas admit: {message}")]
    GivesUp {
        /// What it says.
        message: String,
    },
    /// One request is answered in two ways.
    #[error("two calls with one request give two answers")]
    Differs,
    /// One request costs differently.
    #[error("two calls with one request use {first} and {second} units of fuel")]
    Fuel {
        /// Fuel of the first call.
        first: u64,
        /// Fuel of the second call.
        second: u64,
    },
    /// It makes what it does not say that it makes.
    #[error("it makes `{id}`, and its description names no such type")]
    Undeclared {
        /// The resource.
        id: ResourceId,
        /// What the description names.
        declared: Vec<String>,
    },
    /// The host does not accept what it makes.
    #[error("the host does not accept what it makes")]
    NotAccepted {
        /// Why not.
        source: Box<AssembleError>,
    },
    /// What it makes is not what the caller demands of resources.
    #[error("what it makes is not valid: {problem}")]
    Invalid {
        /// What is wrong.
        problem: String,
    },
}

impl Diagnose for Defect {
    fn kind(&self) -> Kind {
        Kind::User
    }

    fn hints(&self) -> Vec<String> {
        match self {
            // They speak to who uses the module.
            Self::Call { .. } | Self::Invalid { .. } => Vec::new(),
            Self::GivesUp { .. } => vec![
                "reject it as invalid, with the place, or as unsupported; `failed` is for what cannot happen".to_owned(),
            ],
            Self::Differs | Self::Fuel { .. } => vec![
                "iterate in a fixed order, and keep nothing from one call to the next".to_owned(),
            ],
            Self::Undeclared { declared, .. } => vec![format!(
                "it names {}",
                if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
            )],
            Self::NotAccepted { source } => source.hints(),
        }
    }
}
