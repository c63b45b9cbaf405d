//! What the published versions of a module promise, and whether a new one keeps it.

use semver::Version;
use serde::Deserialize;
use serde_json::Value;

use crate::engine::{Engine, Limits, Surface};
use crate::module::registry::{ContentStore, Manifest, RegistryClient, RegistryError, Requirement};
use crate::module::{FetchedModule, Fetcher, Pinning, WantedModule};
use crate::ops::compatibility::{Promise, breaks, neighbours};
use crate::ops::publish_module::{
    DEVELOPER, KIND, PLATFORM, Publication, PublishError, RESOURCE_TYPES,
};

/// Where published versions are looked up.
#[derive(Clone, Copy)]
pub struct Published<'a> {
    /// Asks the registry.
    pub client: &'a RegistryClient,
    /// Keeps what was fetched.
    pub store: &'a ContentStore,
    /// Fetches a component that was published without saying what it promises, if the workspace's policy lets it.
    pub fetcher: &'a Fetcher,
    /// Asks it.
    pub engine: &'a Engine,
}

/// The part of a configuration that tells what a component exports.
#[derive(Deserialize)]
struct Config {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    exports: Vec<String>,
}

impl Published<'_> {
    /// Checks that a version keeps what the published versions next to it promise. One that is published is not
    /// checked: it cannot change any more.
    ///
    /// # Errors
    ///
    /// It breaks a promise, or the registry cannot be asked.
    pub async fn check(&self, publication: &Publication) -> Result<(), PublishError> {
        let Publication { repository, version, .. } = publication;
        let versions = match self.client.versions(repository).await {
            Ok(versions) => versions,
            Err(RegistryError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(PublishError::Registry(Box::new(error))),
        };
        if versions.contains(version) {
            return Ok(());
        }
        let (below, above) = neighbours(&versions, version);
        for (published, is_below) in [(below, true), (above, false)] {
            let Some(published) = published else { continue };
            let promise = self.promise(publication, published).await?;
            let broken = if is_below {
                breaks(&promise, &publication.promise)
            } else {
                breaks(&publication.promise, &promise)
            };
            if !broken.is_empty() {
                let (old, new) = if is_below { (published, version) } else { (version, published) };
                return Err(PublishError::breaking(publication, (old, new), &broken));
            }
        }
        Ok(())
    }

    /// Reads what a published version promises: what is said about it is enough, otherwise it is asked itself.
    async fn promise(
        &self,
        publication: &Publication,
        version: &Version,
    ) -> Result<Promise, PublishError> {
        let repository = &publication.repository;
        let registry = |error| PublishError::Registry(Box::new(error));
        let what = format!("`{repository}:{version}`");
        let raw = self.client.manifest(repository, version).await.map_err(registry)?;
        let limit = u64::try_from(Limits::default().component_size).unwrap_or(u64::MAX);
        let manifest = raw
            .read(limit)
            .map_err(|source| registry(RegistryError::Layout { what: what.clone(), source }))?;
        self.client.content(repository, &manifest.config, self.store).await.map_err(registry)?;
        let config = self.store.get(&manifest.config.digest).map_err(PublishError::Store)?;
        if let Some(promise) = annotated(&manifest, &config.unwrap_or_default()) {
            return Ok(promise);
        }
        let wanted = WantedModule {
            module: publication.module.clone(),
            repository: repository.clone(),
            requirement: Requirement::only(version),
        };
        let fetched = self.fetcher.fetch(&wanted, None, Pinning::Keep).await;
        let FetchedModule { pin, bytes: component } = fetched.map_err(|source| {
            PublishError::Fetch { what: what.clone(), source: Box::new(source) }
        })?;
        let module = self.engine.load(&publication.module, &pin.layer, &component);
        let module =
            module.map_err(|source| PublishError::Unknown { what, source: Box::new(source) })?;
        Ok(Promise::of(module.description(), &Surface::of(&component)))
    }
}

/// Reads what is said about a version; `None` if it was published by a tool that does not say it.
fn annotated(manifest: &Manifest, config: &[u8]) -> Option<Promise> {
    let json = |key: &str| serde_json::from_str::<Value>(manifest.annotations.get(key)?).ok();
    let config: Config = serde_json::from_slice(config).ok()?;
    Some(Promise {
        kind: manifest.annotations.get(KIND)?.clone(),
        exports: config.component?.exports,
        resource_types: json(RESOURCE_TYPES).and_then(|types| serde_json::from_value(types).ok()),
        developer_schema: json(DEVELOPER)?,
        platform_schema: json(PLATFORM)?,
    })
}
