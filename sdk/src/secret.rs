//! Secrets a module asks for and never sees.

use serde::Serialize;

/// The accessory part of a reference in a call for the workload, which has no accessory name.
const WORKLOAD: &str = "workload";

/// Where the host takes a secret from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SecretSource {
    /// The host draws it once and keeps it.
    Generated {
        /// Number of characters.
        length: u32,
        /// The characters to draw from; empty for letters and digits.
        alphabet: String,
    },
    /// The host reads it from the workspace's secret store. The reference,
    /// `ref://name/key?version=…`, must occur in `app.yaml` or in the workspace.
    External(String),
}

/// A secret a module asks for; [`Request::secret_reference`](crate::Request::secret_reference)
/// gives the text that stands for its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// The name, unique in the answer of one call.
    pub name: String,
    /// Where its value comes from.
    pub source: SecretSource,
}

impl Secret {
    /// Asks for a random text of `length` letters and digits, drawn once and kept.
    pub fn generated(name: impl Into<String>, length: u32) -> Self {
        Self {
            name: name.into(),
            source: SecretSource::Generated { length, alphabet: String::new() },
        }
    }

    /// Asks for a random text of `length` characters out of `alphabet`, drawn once and kept.
    pub fn generated_from(
        name: impl Into<String>,
        length: u32,
        alphabet: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            source: SecretSource::Generated { length, alphabet: alphabet.into() },
        }
    }

    /// Asks for a value of the workspace's secret store, by a reference somebody wrote in `app.yaml`
    /// or in the workspace.
    pub fn external(name: impl Into<String>, reference: impl Into<String>) -> Self {
        Self { name: name.into(), source: SecretSource::External(reference.into()) }
    }
}

pub(crate) fn reference(app: &str, accessory: &str, name: &str) -> String {
    let accessory = if accessory.is_empty() { WORKLOAD } else { accessory };
    format!("$kusion_secret.{app}.{accessory}.{name}")
}
