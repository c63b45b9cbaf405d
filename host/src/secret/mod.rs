//! Secret values: where they are kept and how a runtime gets them at the last moment.
//!
//! A value lives in memory, in the target, in the workspace's secret [`Store`], or encrypted in a
//! [`Vault`]. It never enters a module, a Spec, a plan, a release, a log or a cache.

mod draw;
mod error;
mod identity;
mod recipient;
mod resolver;
mod store;
mod vault;
mod written;

pub use draw::check_drawable;
pub use error::SecretError;
pub use identity::{Identity, KeyFile};
pub use recipient::{Recipient, encrypt_to};
pub use resolver::Resolver;
pub use store::{
    Contents, EnvStore, External, ExternalRef, FakeEntry, FakeStore, NoStore, Reading, Store,
    StoreError, StoredSecret, UnknownStore, Variables, VaultSettings, VaultStore, VaultVersion,
};
pub use vault::Vault;

use crate::spec::{SecretRef, SecretText};

/// Turns references into values, at the last moment before they are used.
pub trait Resolve: Send + Sync {
    /// Returns the value of a secret.
    ///
    /// # Errors
    ///
    /// The secret is unknown, its home is gone, or its store cannot be read. In a preview,
    /// [`SecretError::is_unknown`] tells a value that cannot be known yet from a mistake.
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError>;

    /// Returns a text that tells whether a value changed, without telling the value.
    ///
    /// It is keyed with the user's identity, so it may be recorded. `None` if there is no identity
    /// yet: then whether a value changed cannot be told.
    fn fingerprint(&self, value: &SecretText) -> Option<String> {
        let _ = value;
        None
    }
}

#[cfg(test)]
mod tests;
