//! The values of a stack's secrets, while its resources are compared and applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::Key;
use crate::secret::{External, Identity, Resolve, SecretError, Vault};
use crate::spec::{SecretRef, SecretSource, SecretText};

/// Resolves the secrets of a stack.
#[derive(Debug)]
pub struct Resolver {
    homes: BTreeMap<SecretRef, Home>,
    external: External,
    vault: Key,
    identity: Option<Identity>,
}

/// Where a value is.
#[derive(Debug)]
enum Home {
    Here(SecretText),
    Store(String),
    NotMade,
    Gone,
}

impl Resolver {
    /// Says where the secrets of a stack are; `known` are those of the last release, `external` those that were read
    /// from the workspace's store.
    ///
    /// Generated ones are taken from the vault as it is now: before an apply, [`Vault::ensure_all`]
    /// and [`Vault::save`] come first; in a preview those not made yet are unknown.
    pub fn new(
        sources: &BTreeMap<SecretRef, SecretSource>,
        known: &BTreeSet<SecretRef>,
        vault: &Vault,
        external: External,
    ) -> Self {
        let home = |secret: &SecretRef, source: &SecretSource| match source {
            SecretSource::Literal(text) => Home::Here(text.clone()),
            SecretSource::External { reference } => Home::Store(reference.clone()),
            SecretSource::Generated { .. } => match vault.get(secret) {
                Some(text) => Home::Here(text.clone()),
                None if known.contains(secret) => Home::Gone,
                None => Home::NotMade,
            },
        };
        Self {
            homes: sources
                .iter()
                .map(|(secret, source)| (secret.clone(), home(secret, source)))
                .collect(),
            external,
            vault: vault.key().clone(),
            identity: vault.identity().cloned(),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        match self.homes.get(secret) {
            Some(Home::Here(text)) => Ok(text.clone()),
            Some(Home::Store(reference)) => Ok(self.external.get(reference)?),
            Some(Home::NotMade) => Err(SecretError::NotMade { secret: secret.clone() }),
            Some(Home::Gone) => {
                Err(SecretError::Gone { secret: secret.clone(), vault: self.vault.clone() })
            }
            None => Err(SecretError::Undeclared { secret: secret.clone() }),
        }
    }

    fn fingerprint(&self, value: &SecretText) -> Option<String> {
        self.identity.as_ref().map(|identity| identity.fingerprint(value))
    }
}
