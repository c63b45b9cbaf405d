//! Signatures, good ones and all sorts of bad ones, against a policy.

mod certificates;
mod der;
mod forge;
mod keys;

use super::{Identity, PublicKey, Refusal, Rule, Scope, Signature, SignatureError, Signer};
use super::{Subject, TrustRoot};
use crate::digest::Digest;

fn manifest() -> Digest {
    Digest::of(b"manifest")
}

fn rule(keys: Vec<PublicKey>) -> Rule {
    Rule { scope: Scope::All, keys, identities: Vec::new(), trust_root: None }
}

/// Returns why a single signature is refused.
fn refusal(rule: &Rule, signature: &Signature) -> Refusal {
    match rule.verify(&manifest(), std::slice::from_ref(signature)) {
        Err(SignatureError::Refused { source }) => source,
        other => panic!("{other:?}"),
    }
}
