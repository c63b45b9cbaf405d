//! Puts a signature of a module beside it in its registry.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{SignError, SigningKey};
use crate::digest::Digest;
use crate::module::registry::{ContentStore, RegistryClient, Repository};
use crate::module::verify::{Payload, Rule, Scope};

impl SigningKey {
    /// Signs what a registry has, in the form that cosign verifies; returns whether that was needed. A module that this
    /// key has signed already stays as it is.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked or does not take it, or the system gives no random numbers.
    pub async fn sign_in_registry(
        &self,
        client: &RegistryClient,
        store: &ContentStore,
        (repository, manifest): (&Repository, &Digest),
    ) -> Result<bool, SignError> {
        client.fetch_signatures(repository, manifest, store).await?;
        let rule = Rule {
            scope: Scope::All,
            keys: vec![self.public().clone()],
            identities: Vec::new(),
            trust_root: None,
        };
        let there = store.signatures(manifest)?;
        if rule.verify(manifest, &there).is_ok() {
            return Ok(false);
        }
        let reference = format!("{}/{}", repository.registry(), repository.path());
        let payload = Payload { manifest: *manifest, reference };
        let payload = payload.to_bytes().map_err(|source| SignError::Write { source })?;
        let signature = BASE64_STANDARD.encode(self.sign(&payload)?);
        client.add_signature(repository, manifest, (&payload, signature)).await?;
        Ok(true)
    }
}
