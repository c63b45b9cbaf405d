//! Publishes a module: nothing that breaks a promise, a version once, and signed if that is wanted.

use crate::module::registry::Pushed;
use crate::module::signing::SigningKey;
use crate::ops::publish_module::{Publication, PublishError};
use crate::ops::published::Published;

/// How a module is published.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushOptions<'a> {
    /// Publish it also if it breaks what its version number promises.
    pub allow_breaking: bool,
    /// Check everything and publish nothing.
    pub dry_run: bool,
    /// Whose signature is put beside it.
    pub sign: Option<&'a SigningKey>,
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushReport {
    /// What the push did; `None` if it would publish the version.
    pub pushed: Option<Pushed>,
    /// Whether a signature was added; `None` if none was wanted, or nothing was published.
    pub signed: Option<bool>,
}

impl Published<'_> {
    /// Publishes a module, unless it breaks what published versions promise.
    ///
    /// # Errors
    ///
    /// It breaks a promise, the version was published with other bytes, or the registry does not take it or cannot be
    /// asked.
    pub async fn push(
        &self,
        publication: &Publication,
        options: PushOptions<'_>,
    ) -> Result<PushReport, PublishError> {
        let Publication { repository, version, artifact, component, .. } = publication;
        let registry = |error| PublishError::Registry(Box::new(error));
        if !options.allow_breaking {
            self.check(publication).await?;
        }
        if options.dry_run {
            let is_there = self.client.is_published(repository, version, artifact).await;
            let pushed = is_there.map_err(registry)?.then_some(Pushed::Unchanged);
            return Ok(PushReport { pushed, signed: None });
        }
        let pushed = self.client.push(repository, version, artifact, component.clone()).await;
        let pushed = Some(pushed.map_err(registry)?);
        let Some(key) = options.sign else { return Ok(PushReport { pushed, signed: None }) };
        let place = (repository, &artifact.digest);
        let signed = key.sign_in_registry(self.client, self.store, place).await;
        Ok(PushReport { pushed, signed: Some(signed.map_err(PublishError::Sign)?) })
    }
}
