//! Who signed, as locks and messages name it.

use std::fmt;

use crate::digest::Digest;

/// Somebody who signed, and whom the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// Whoever holds a private key.
    Key {
        /// The digest of the public key in DER form.
        fingerprint: Digest,
    },
    /// Whom an identity provider knew at the moment of signing.
    Identity {
        /// The provider, as in `https://token.actions.githubusercontent.com`.
        issuer: String,
        /// The name that it gave: an address of a mailbox, or of a workflow.
        subject: String,
    },
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { fingerprint } => write!(f, "key {fingerprint}"),
            Self::Identity { issuer, subject } => write!(f, "{subject} ({issuer})"),
        }
    }
}
