//! What this runtime keeps about a file beside the resource.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::Resolve;
use crate::spec::{SecretText, StateEntry};

/// The private part of a state entry.
///
/// An encrypted file cannot be compared with what shall be in it, so the record says which file was
/// written and, without telling it, what was in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Record {
    /// Whether the file is encrypted; it decides the file's name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) encrypted: bool,
    /// The hash of the encrypted file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// The fingerprint of the manifest in it, keyed with the user's identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl Record {
    /// Reads what was kept; anything else was kept by another runtime and says nothing.
    pub(super) fn of(prior: &StateEntry) -> Option<Self> {
        Self::deserialize(&prior.private).ok()
    }

    /// Describes an encrypted file.
    pub(super) fn encrypted(bytes: &[u8], content: &str, secrets: &dyn Resolve) -> Self {
        let content = secrets.fingerprint(&SecretText::new(content));
        Self { encrypted: true, file: Some(hash(bytes)), content }
    }

    /// Returns whether a file is the one that was written.
    pub(super) fn is_file(&self, bytes: &[u8]) -> bool {
        self.file.as_deref() == Some(hash(bytes).as_str())
    }

    /// Returns whether a manifest is known to be the one that was encrypted.
    pub(super) fn is_content(&self, content: &str, secrets: &dyn Resolve) -> bool {
        let now = secrets.fingerprint(&SecretText::new(content));
        now.is_some() && now == self.content
    }

    pub(super) fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
