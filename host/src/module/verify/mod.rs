//! Who vouches for a module: pure functions from signatures, a policy and a trust root to a signer or a refusal.
//!
//! Nothing here opens a connection or a file. What comes from a registry is believed only as far as a key or a trust
//! root of the policy vouches for it; an empty set of signatures vouches for nothing.

mod artifact;
mod bundle;
mod check;
mod crypto;
mod error;
mod identity;
mod key;
mod policy;
mod refusal;
mod signer;
mod simple;
mod statement;

pub use artifact::{Signature, SignatureManifest};
pub(in crate::module) use artifact::{WrittenLayer, WrittenManifest};
pub use bundle::{BUNDLE, TrustRoot, TrustRootError};
pub use error::SignatureError;
pub use identity::{Identity, Subject};
pub use key::{KeyError, PublicKey};
pub use policy::{Rule, Scope, ScopeError, SignaturePolicy};
pub use refusal::Refusal;
pub use signer::Signer;
pub use simple::{Payload, SIMPLE_SIGNING};

#[cfg(test)]
mod tests;
