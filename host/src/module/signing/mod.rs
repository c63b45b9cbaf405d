//! Signing modules with a key: the private half, in the form that cosign keeps it in.

mod boxed;
mod error;
mod key;
mod publish;

pub use error::{SignError, SigningKeyError};
pub use key::{GeneratedKey, SigningKey};
