//! The stores of secrets that somebody else keeps, behind one trait.
//!
//! A store is read by the host only, once per run and before anything uses a value; see [`External`]. That of
//! Kubernetes is with the cluster it speaks to, in `runtime`.

mod absent;
mod contents;
mod env;
mod error;
mod external;
mod fake;
mod reference;
mod vault;

use async_trait::async_trait;

pub use absent::{NoStore, UnknownStore};
pub use contents::Contents;
pub use env::{EnvStore, Variables};
pub use error::StoreError;
pub use external::{External, Reading};
pub use fake::{FakeEntry, FakeStore};
pub use reference::{ExternalRef, StoredSecret};
pub use vault::{VaultSettings, VaultStore, VaultVersion};

/// A place in which somebody else keeps secrets.
#[async_trait]
pub trait Store: Send + Sync {
    /// Names the store in messages.
    fn title(&self) -> String;

    /// Reads a secret with all its keys. Whoever asks bounds the time.
    ///
    /// # Errors
    ///
    /// There is no such secret, or the store does not give it; [`StoreError::is_unread`] tells what other circumstances
    /// would mend.
    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError>;
}
