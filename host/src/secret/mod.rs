//! Secret values: where they are kept and how a runtime gets them at the last moment.

mod error;

pub use error::SecretError;

use crate::spec::{SecretRef, SecretText};

/// Turns references into values, at the last moment before they are used.
pub trait Resolve: Send + Sync {
    /// Returns the value of a secret.
    ///
    /// # Errors
    ///
    /// The secret is unknown, its home is gone, or its store cannot be read.
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError>;
}
