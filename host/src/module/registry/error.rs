//! Why a registry does not give, or take, a module.

use std::sync::Arc;
use std::time::Duration;

use super::{CredentialError, LayoutError, StoreError};
use crate::diagnostic::{Diagnose, Kind};
use crate::digest::Digest;
use crate::http::{Cause, HttpError, Passing};

/// Why a registry does not give, or take, a module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Nobody answers, or not in the language of registries.
    #[error("cannot reach the registry `{registry}`")]
    Unreachable {
        /// The registry.
        registry: String,
        /// Whether another attempt may go better.
        may_pass: bool,
        /// What happened.
        source: Cause,
    },
    /// The connection ended before the answer did.
    #[error("the connection broke off in the middle of {what}")]
    BrokenOff {
        /// What was on its way.
        what: String,
        /// What happened.
        source: Cause,
    },
    /// Whoever asks may not do so.
    #[error("the registry does not let {} read or write {what}", who(*known))]
    Denied {
        /// What was asked for.
        what: String,
        /// The registry.
        registry: String,
        /// Whether credentials were shown.
        known: bool,
        /// Why none were shown, if some should have been.
        #[source]
        source: Option<Arc<CredentialError>>,
    },
    /// Whoever logs in is not known there, or not with this password.
    #[error("`{registry}` does not know this name with this password")]
    UnknownUser {
        /// The registry.
        registry: String,
    },
    /// It is not there.
    #[error("the registry has no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The registry does not do what it was asked for.
    #[error("the registry refuses {what}: {status}{}", because(message))]
    Refused {
        /// What it was asked for.
        what: String,
        /// The status of its answer.
        status: u16,
        /// What it says about it.
        message: String,
    },
    /// The registry cannot do it now.
    #[error("the registry is not available for {what}: {status}{}", because(message))]
    Unavailable {
        /// What it was asked for.
        what: String,
        /// The status of its answer.
        status: u16,
        /// What it says about it.
        message: String,
        /// How long it wants to be left alone.
        wait: Option<Duration>,
    },
    /// The registry breaks the rules of registries.
    #[error("the answer of the registry about {what} makes no sense: {reason}")]
    Answer {
        /// What it was asked for.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// What arrived is not what its digest says.
    #[error("{what} is not what its digest says: {actual} instead of {expected}")]
    WrongBytes {
        /// What was asked for.
        what: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what arrived.
        actual: Digest,
    },
    /// What lies there is no module.
    #[error("{what} is no module that can be used")]
    Layout {
        /// What was asked for.
        what: String,
        /// Why.
        source: LayoutError,
    },
    /// What arrived cannot be kept.
    #[error("cannot keep {what}")]
    Store {
        /// What was asked for.
        what: String,
        /// Why.
        source: StoreError,
    },
    /// The version was published with other bytes.
    #[error("{what} was published with other bytes: {published} is there, this is {digest}")]
    Exists {
        /// The version, with where it lies.
        what: String,
        /// The digest of the published manifest.
        published: Digest,
        /// The digest of the manifest that was to be published.
        digest: Digest,
    },
    /// Certificates that shall be trusted cannot be used.
    #[error("the certificates to trust cannot be used")]
    Certificates {
        /// Why.
        source: Cause,
    },
}

fn who(known: bool) -> &'static str {
    if known { "the user who is logged in" } else { "everybody" }
}

fn because(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

impl RegistryError {
    /// Says what was asked for when there was no answer, or only a part of one.
    pub(super) fn of(error: HttpError, what: &str) -> Self {
        let what = || what.to_owned();
        match error {
            HttpError::Unreachable { server, may_pass, source } => {
                Self::Unreachable { registry: server, may_pass, source }
            }
            HttpError::BrokenOff { source } => Self::BrokenOff { what: what(), source },
            HttpError::Certificates { source } => Self::Certificates { source },
            HttpError::TooLong { .. } => Self::Answer { what: what(), reason: error.to_string() },
        }
    }

    /// Says in one line what happened.
    pub(super) fn brief(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}

impl Passing for RegistryError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { may_pass, .. } => *may_pass,
            Self::BrokenOff { .. } | Self::Unavailable { .. } => true,
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

impl Diagnose for RegistryError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::Layout { .. }
            | Self::Exists { .. }
            | Self::UnknownUser { .. } => Kind::User,
            _ => Kind::Environment,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Denied { registry, known: false, .. } => {
                vec![format!("run `kusion mod login {registry}`")]
            }
            Self::Denied { registry, known: true, .. } => {
                vec![format!("run `kusion mod login {registry}` to log in as somebody who may")]
            }
            Self::Unreachable { source: Cause(cause), .. }
                if cause.contains("InvalidContentType") || cause.contains("corrupt message") =>
            {
                vec!["a registry that speaks plain HTTP needs `--plain-http`".to_owned()]
            }
            Self::Unreachable { source: Cause(cause), .. } if cause.contains("certificate") => {
                vec!["give the certificate of its authority with `--registry-ca FILE`".to_owned()]
            }
            Self::Unavailable { wait: Some(wait), .. } => {
                vec![format!("it asks to be left alone for {} seconds", wait.as_secs())]
            }
            Self::UnknownUser { .. } => {
                vec!["some registries want a token instead of the password".to_owned()]
            }
            Self::Exists { .. } => vec![
                "a published version never changes: raise the module's version and push again"
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}
