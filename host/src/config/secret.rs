//! Secrets that a developer writes into `workload.secrets`, kept apart from everything modules see.

use std::collections::BTreeMap;
use std::fmt;

use crate::source::Location;

/// A secret of the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppSecret {
    pub(super) kind: SecretKind,
    pub(super) params: BTreeMap<String, String>,
    pub(super) data: BTreeMap<String, SecretValue>,
    pub(super) immutable: bool,
    pub(super) location: Location,
}

impl AppSecret {
    /// Returns what sort of secret it is.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// Returns the parameters of its sort.
    pub fn params(&self) -> &BTreeMap<String, String> {
        &self.params
    }

    /// Returns the values by key; a value may be empty, and is then to be generated.
    pub fn data(&self) -> &BTreeMap<String, SecretValue> {
        &self.data
    }

    /// Says whether the secret may never change.
    pub fn immutable(&self) -> bool {
        self.immutable
    }

    /// Returns the key of the secret.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

/// The sorts of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// A user name and a password.
    Basic,
    /// A token.
    Token,
    /// Any data.
    Opaque,
    /// A certificate with its key.
    Certificate,
    /// Values in a secret store, named by references.
    External,
}

impl SecretKind {
    /// Every sort, in the order in which messages list them.
    pub const ALL: [Self; 5] =
        [Self::Basic, Self::Certificate, Self::External, Self::Opaque, Self::Token];

    /// Returns the name that a file uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Token => "token",
            Self::Opaque => "opaque",
            Self::Certificate => "certificate",
            Self::External => "external",
        }
    }

    /// Finds a sort by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A secret text: it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue {
    text: String,
    location: Location,
}

impl SecretValue {
    pub(super) fn new(text: String, location: Location) -> Self {
        Self { text, location }
    }

    /// Returns the text itself; whoever calls this answers for it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns where the value was written; the quoted line shows asterisks instead.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue([redacted])")
    }
}
