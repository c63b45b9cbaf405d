//! Why a secret store does not give a value. No message holds one.

use std::error::Error;
use std::time::Duration;

use crate::diagnostic::{Diagnose, Kind, name_hints};
use crate::http::{Cause, HttpError, Passing};
use crate::secret::StoredSecret;

/// The most characters of a reference that are shown.
const MAX_SHOWN: usize = 200;

/// Why a secret store does not give a value.
///
/// It can be copied, because every resource that uses the value hears of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A text is not a reference to a secret store.
    #[error("`{reference}` is not a secret reference: {reason}")]
    Reference {
        /// The text.
        reference: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The workspace names no secret store.
    #[error("`{reference}` needs a secret store, and the workspace has none")]
    NoStore {
        /// The reference.
        reference: String,
    },
    /// This version cannot talk to the store.
    #[error(
        "secret store provider `{provider}` is not available in this version; `{reference}` needs it"
    )]
    NoProvider {
        /// The reference.
        reference: String,
        /// The provider.
        provider: String,
    },
    /// The store cannot be used as the workspace and the surroundings describe it.
    #[error("secret store provider `{provider}` cannot be used")]
    Unusable {
        /// The provider.
        provider: String,
        /// Why.
        source: Cause,
        /// What to do.
        hints: Vec<String>,
    },
    /// The store cannot be used from here, though it is described well.
    #[error("secret store provider `{provider}` cannot be used here")]
    Lacking {
        /// The provider, as the workspace names it.
        provider: String,
        /// What is missing.
        source: Cause,
        /// What the user can do.
        hints: Vec<String>,
    },
    /// The store keeps nothing under such a name.
    #[error("{store} has no secret for `{reference}`{}", because(said))]
    NotInStore {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// What it says about it.
        said: String,
    },
    /// The secret has no such key.
    #[error("the secret of `{reference}` has no key `{key}`")]
    NoKey {
        /// The reference.
        reference: String,
        /// The key.
        key: String,
        /// The keys that it has.
        known: Vec<String>,
    },
    /// The reference means a whole secret, which has several values.
    #[error("`{reference}` names no key")]
    KeyNeeded {
        /// The reference.
        reference: String,
        /// The keys that there are.
        known: Vec<String>,
    },
    /// The value is nothing that a text can hold.
    #[error("the value of `{reference}` is {what}")]
    NoText {
        /// The reference.
        reference: String,
        /// What it is.
        what: &'static str,
    },
    /// The workspace does not offer it.
    #[error("the workspace does not offer `{reference}`: {reason}")]
    NotOffered {
        /// The reference.
        reference: String,
        /// Why.
        reason: String,
    },
    /// Nobody answers, or the answer broke off.
    #[error("cannot reach {store}, which has `{reference}`")]
    Unreachable {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// Whether another attempt may go better.
        may_pass: bool,
        /// What happened.
        source: Cause,
    },
    /// The store cannot give it now.
    #[error("{store} cannot give `{reference}` now: {status}{}", because(said))]
    Unavailable {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// The status of its answer.
        status: u16,
        /// What it says about it.
        said: String,
        /// How long it wants to be left alone.
        wait: Option<Duration>,
    },
    /// Whoever asks may not read it.
    #[error("{store} does not let us read `{reference}`{}", because(said))]
    Denied {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// What it says about it.
        said: String,
        /// What to do.
        hints: Vec<String>,
    },
    /// The store sends those who ask to another server, which is told no token.
    #[error("{store} sends whoever asks for `{reference}` to another place: {place}")]
    Elsewhere {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// The other place.
        place: String,
    },
    /// The store does not do what it was asked for.
    #[error("{store} refuses `{reference}`: {status}{}", because(said))]
    Refused {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// The status of its answer.
        status: u16,
        /// What it says about it.
        said: String,
    },
    /// The answer is not one of such a store.
    #[error("the answer of {store} about `{reference}` makes no sense: {reason}")]
    Answer {
        /// The reference.
        reference: String,
        /// The store.
        store: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody has read it.
    #[error("`{reference}` was not read")]
    NotRead {
        /// The reference.
        reference: String,
    },
}

fn because(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({said})") }
}

impl StoreError {
    /// Says that nobody answers, for reasons that an error tells; `may_pass` says whether another attempt may go
    /// better.
    pub fn unreachable(
        secret: &StoredSecret,
        store: impl Into<String>,
        error: &(dyn Error + 'static),
        may_pass: bool,
    ) -> Self {
        let (reference, store) = (secret.to_string(), store.into());
        Self::Unreachable { reference, store, may_pass, source: Cause::of(error) }
    }

    /// Says that a store cannot be used as it is described.
    pub fn unusable(provider: &str, error: &impl Diagnose) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        Self::Unusable { provider: provider.to_owned(), source: Cause(text), hints: error.hints() }
    }

    /// Says why a request has no answer, or only a part of one.
    pub(super) fn of(error: HttpError, secret: &StoredSecret, store: &str) -> Self {
        let (reference, store) = (secret.to_string(), store.to_owned());
        match error {
            HttpError::Unreachable { may_pass, source, .. } => {
                Self::Unreachable { reference, store, may_pass, source }
            }
            HttpError::BrokenOff { source } => {
                Self::Unreachable { reference, store, may_pass: true, source }
            }
            HttpError::TooLong { .. } => {
                Self::Answer { reference, store, reason: error.to_string() }
            }
            HttpError::Certificates { source } => {
                let hints =
                    vec!["name a file with certificates in PEM form in VAULT_CACERT".to_owned()];
                Self::Unusable { provider: "vault".to_owned(), source, hints }
            }
        }
    }

    /// Returns whether a preview goes on without the value: the store is there in other circumstances.
    pub fn is_unread(&self) -> bool {
        matches!(
            self,
            Self::NoProvider { .. }
                | Self::Unreachable { .. }
                | Self::Unavailable { .. }
                | Self::Denied { .. }
                | Self::Elsewhere { .. }
                | Self::Lacking { .. }
        )
    }

    /// Returns whether all other secrets of the store would fare the same.
    pub(super) fn is_of_the_store(&self) -> bool {
        let is_closed = matches!(self, Self::Unavailable { status: 429 | 503, .. });
        is_closed
            || matches!(
                self,
                Self::Unreachable { .. } | Self::Unusable { .. } | Self::Lacking { .. }
            )
    }

    /// Returns whether it is what is written that is wrong, so that it is wrong wherever the store is read.
    pub fn is_of_the_reference(&self) -> bool {
        matches!(
            self,
            Self::Reference { .. }
                | Self::NotInStore { .. }
                | Self::NoKey { .. }
                | Self::KeyNeeded { .. }
                | Self::NoText { .. }
                | Self::NotOffered { .. }
        )
    }

    /// Returns the same about another reference, as somebody wrote it.
    pub(super) fn about(mut self, text: &str) -> Self {
        match &mut self {
            Self::Reference { reference, .. }
            | Self::NoStore { reference }
            | Self::NoProvider { reference, .. }
            | Self::NotInStore { reference, .. }
            | Self::NoKey { reference, .. }
            | Self::KeyNeeded { reference, .. }
            | Self::NoText { reference, .. }
            | Self::NotOffered { reference, .. }
            | Self::Unreachable { reference, .. }
            | Self::Unavailable { reference, .. }
            | Self::Denied { reference, .. }
            | Self::Elsewhere { reference, .. }
            | Self::Refused { reference, .. }
            | Self::Answer { reference, .. }
            | Self::NotRead { reference } => *reference = text.chars().take(MAX_SHOWN).collect(),
            Self::Unusable { .. } | Self::Lacking { .. } => {}
        }
        self
    }
}

impl Passing for StoreError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { may_pass, .. } => *may_pass,
            Self::Unavailable { .. } => true,
            _ => false,
        }
    }

    fn asked_wait(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { wait, .. } => *wait,
            _ => None,
        }
    }
}

impl Diagnose for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Reference { .. }
            | Self::NoStore { .. }
            | Self::NoProvider { .. }
            | Self::Unusable { .. }
            | Self::Lacking { .. }
            | Self::NotInStore { .. }
            | Self::NoKey { .. }
            | Self::KeyNeeded { .. }
            | Self::NoText { .. }
            | Self::NotOffered { .. } => Kind::User,
            Self::NotRead { .. } => Kind::Internal,
            _ => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Reference { .. } => "write `ref://<name>/<key>?version=<version>`".to_owned(),
            Self::NoStore { .. } => "add `secretStore` to the workspace".to_owned(),
            Self::NoProvider { .. } => {
                "this version reads from `vault`, `kubernetes`, `env` and `fake`".to_owned()
            }
            Self::Unusable { hints, .. }
            | Self::Lacking { hints, .. }
            | Self::Denied { hints, .. } => return hints.clone(),
            Self::NoKey { key, known, .. } => {
                return name_hints(key, known.iter().map(String::as_str));
            }
            Self::KeyNeeded { known, .. } => {
                return name_hints("", known.iter().map(String::as_str));
            }
            Self::NoText { .. } => "store it as a text".to_owned(),
            Self::Unreachable { source: Cause(cause), .. } if cause.contains("UnknownIssuer") => {
                "name the file of its authority in VAULT_CACERT".to_owned()
            }
            Self::Elsewhere { .. } => "name that server in the workspace".to_owned(),
            Self::Unavailable { wait: Some(wait), .. } => {
                format!("it asks to be left alone for {} seconds", wait.as_secs())
            }
            _ => return Vec::new(),
        };
        vec![hint]
    }
}
