//! Why a private key cannot be used, and why a module cannot be signed with it.

use crate::diagnostic::{Diagnose, Kind};
use crate::module::registry::{RegistryError, StoreError};

/// Why a private key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// It is something else.
    #[error("it is no private key: {reason}")]
    Form {
        /// What is wrong.
        reason: &'static str,
    },
    /// It is of a kind that nothing is signed with here.
    #[error("it is a private key of another kind than ECDSA on P-256")]
    Kind,
    /// It is encrypted, and there is no password.
    #[error("it is encrypted")]
    PasswordNeeded,
    /// The password is another one, or the file was changed.
    #[error("the password is wrong")]
    PasswordWrong,
    /// The system gives no random numbers, or the key cannot be written.
    #[error("cannot make a key")]
    Make,
}

impl Diagnose for SigningKeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::Make => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Form { .. } | Self::Kind => {
                "make one with `kusion mod keygen`, or `cosign generate-key-pair`"
            }
            Self::PasswordNeeded => "set COSIGN_PASSWORD to its password",
            Self::PasswordWrong | Self::Make => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

/// Why a module cannot be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The registry cannot be asked, or does not take the signature.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What the registry has cannot be kept here.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
    /// What is to be signed has no JSON form.
    #[error("cannot write what is to be signed")]
    Write {
        /// Why.
        source: serde_json::Error,
    },
}

impl Diagnose for SignError {
    fn kind(&self) -> Kind {
        match self {
            Self::Registry(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Store(_) | Self::Write { .. } => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Registry(error) => error.hints(),
            Self::Key(error) => error.hints(),
            Self::Store(_) | Self::Write { .. } => Vec::new(),
        }
    }
}
