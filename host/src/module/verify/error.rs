//! Why nobody vouches for a module.

use super::{Refusal, Signer};
use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::module::registry::{RegistryError, StoreError};

/// The most refusals that a hint lists.
const MAX_LISTED: usize = 8;

/// Why nobody vouches for a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature at all.
    #[error("nobody has signed it")]
    Unsigned,
    /// There is one signature, and it does not count.
    #[error("its signature does not count")]
    Refused {
        /// Why.
        #[source]
        source: Refusal,
    },
    /// There are several signatures, and none counts.
    #[error("none of its {} signatures counts", refusals.len())]
    AllRefused {
        /// Why, for each.
        refusals: Vec<Refusal>,
    },
    /// It was signed when it was pinned, and is not any more.
    #[error("it was signed by {pinned} so far, and has no signature any more")]
    SignatureGone {
        /// Who signed, as the lock says.
        pinned: String,
    },
    /// Somebody else than before has signed it.
    #[error("it was signed by {pinned} so far, and now by {}", list(found))]
    SignerChanged {
        /// Who signed so far, as the lock says.
        pinned: String,
        /// Who has signed now, and is accepted by the policy.
        found: Vec<Signer>,
    },
    /// The lock knows a signer, and the workspace does not ask for one any more.
    #[error("kusion.lock says that {pinned} signed it, and no `verify` of the workspace covers it")]
    PolicyGone {
        /// Who signed so far, as the lock says.
        pinned: String,
    },
    /// What was signed is another version, or another module.
    #[error("what was signed is {what} `{signed}`, and not `{asked}`")]
    Mislabelled {
        /// What differs: `version` or `module`.
        what: &'static str,
        /// What the signed manifest says.
        signed: String,
        /// What was asked for.
        asked: String,
    },
    /// The lock does not say which manifest is pinned, and a signature is for a manifest.
    #[error("kusion.lock names no `manifest` of it")]
    NoManifest,
    /// Its signatures are not on this machine, and nobody may be asked.
    #[error("its signatures are not on this machine")]
    NotHere,
    /// What is signed was changed since it was fetched, and nobody may be asked for it.
    #[error("its manifest was changed on this machine: it is not `{digest}`")]
    Changed {
        /// The digest of what was fetched.
        digest: Digest,
    },
    /// Its signatures cannot be fetched.
    #[error("cannot fetch its signatures")]
    Registry {
        /// Why.
        source: Box<RegistryError>,
    },
    /// Its signatures cannot be kept or read.
    #[error("cannot keep its signatures")]
    Store {
        /// Why.
        source: StoreError,
    },
}

fn list(signers: &[Signer]) -> String {
    signers.iter().map(Signer::to_string).collect::<Vec<_>>().join(" and ")
}

impl Diagnose for SignatureError {
    fn kind(&self) -> Kind {
        match self {
            Self::Registry { source } => source.kind(),
            Self::Store { .. } => Kind::Environment,
            _ => Kind::User,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unsigned => {
                "let its publisher sign it: `kusion mod push --sign KEY`, or `cosign sign`"
            }
            Self::Refused { source: Refusal::Changed { .. } } => {
                "run `kusion mod pull` where the registry can be reached"
            }
            Self::AllRefused { refusals } => {
                return refusals.iter().take(MAX_LISTED).map(Refusal::to_string).collect();
            }
            Self::SignerChanged { .. } | Self::SignatureGone { .. } => {
                "ask its publisher; if that is meant, remove `signer` from its entry in kusion.lock"
            }
            Self::PolicyGone { .. } => {
                "put `verify` back; if that is meant, remove `signer` from its entry in kusion.lock"
            }
            Self::Mislabelled { .. } => {
                "somebody moved a signed module to another name or version in the registry"
            }
            Self::NoManifest => "somebody changed kusion.lock by hand: put it back",
            Self::NotHere | Self::Changed { .. } => {
                "run `kusion mod pull` where the registry can be reached"
            }
            Self::Registry { source } => return source.hints(),
            Self::Refused { .. } | Self::Store { .. } => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
