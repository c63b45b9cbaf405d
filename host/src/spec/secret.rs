//! Secrets as the Spec knows them: by reference, never by value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What every reference begins with.
pub const SECRET_PREFIX: &str = "$kusion_secret.";

/// Names a secret: `$kusion_secret.<app>.<accessory>.<name>`.
///
/// App and accessory hold no dot; the name is letters, digits, `_` and `-`. The workload's secrets
/// have the accessory `workload`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretRef {
    /// The app.
    pub app: String,
    /// The accessory, or `workload`.
    pub accessory: String,
    /// The name within the accessory.
    pub name: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SECRET_PREFIX}{}.{}.{}", self.app, self.accessory, self.name)
    }
}

/// A secret's text in memory. It cannot be printed or serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, at the last moment before it is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Drawn once by the host and kept.
    Generated {
        /// Number of characters.
        length: u32,
        /// The characters to draw from; empty for letters and digits.
        alphabet: String,
    },
    /// Read from the workspace's secret store.
    External {
        /// `ref://name/key?version=…`.
        reference: String,
    },
    /// Written by a user or module as plain text; the Spec holds the reference only.
    Literal(SecretText),
}
