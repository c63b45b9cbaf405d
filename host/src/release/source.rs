//! Where the value of a recorded secret comes from, so that a rollback can find it again.

use serde::{Deserialize, Serialize};

use crate::spec::SecretSource;

/// Where the value of a secret came from when a release used it; never the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordedSource {
    /// It was drawn by the host and is kept in the vault.
    Generated {
        /// Number of characters.
        length: u32,
        /// The characters to draw from; empty for letters and digits.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        alphabet: String,
    },
    /// It was read from the workspace's secret store.
    External {
        /// `ref://name/key?version=…`.
        reference: String,
    },
    /// It was written in app.yaml, or a module gave it as plain text.
    Literal,
}

impl From<&SecretSource> for RecordedSource {
    fn from(source: &SecretSource) -> Self {
        match source {
            SecretSource::Generated { length, alphabet } => {
                Self::Generated { length: *length, alphabet: alphabet.clone() }
            }
            SecretSource::External { reference } => Self::External { reference: reference.clone() },
            SecretSource::Literal(_) => Self::Literal,
        }
    }
}
