//! From what a workspace asks for and what the lock says to verified bytes of modules in registries.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use semver::Version;

use crate::digest::Digest;
use crate::module::registry::{
    ContentStore, Descriptor, Manifest, RawManifest, RegistryClient, RegistryError, Repository,
    Requirement, Stored,
};
use crate::module::verify::SignaturePolicy;
use crate::module::{FetchError, Lock, Pin};
use crate::name::ModuleName;

/// How many modules are fetched at once.
const AT_ONCE: usize = 8;
/// How often content that is found broken is fetched again: once for what broke since, and once for bad luck.
const ATTEMPTS: usize = 3;

/// A module that a workspace asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedModule {
    /// The name under which the workspace lists it.
    pub module: ModuleName,
    /// Where its versions lie.
    pub repository: Repository,
    /// Which of them will do.
    pub requirement: Requirement,
}

/// What may happen to pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pinning {
    /// A pin that will do stays; what has none gets one.
    Keep,
    /// Every pin moves to the best version that there is.
    Update,
    /// None is made or moved.
    Locked,
}

/// The bytes of a module from a registry, and what they are pinned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedModule {
    /// What they are pinned to.
    pub pin: Pin,
    /// The component; its digest is the layer's.
    pub bytes: Bytes,
}

/// Fetches modules into a store, and from it.
#[derive(Debug)]
pub struct Fetcher {
    pub(super) store: ContentStore,
    pub(super) client: Option<RegistryClient>,
    pub(super) limit: u64,
    pub(super) policy: SignaturePolicy,
    /// The manifests of versions that are pinned somewhere, by source and version.
    known: BTreeMap<(String, Version), Digest>,
}

impl Fetcher {
    /// Uses a store and a client; without a client no connection is made. Components may have `limit` bytes.
    pub fn new(store: ContentStore, client: Option<RegistryClient>, limit: u64) -> Self {
        let (policy, known) = (SignaturePolicy::default(), BTreeMap::new());
        Self { store, client, limit, policy, known }
    }

    /// Asks for signatures of modules, which are verified before anything of a module is handed out.
    #[must_use]
    pub fn with_policy(mut self, policy: SignaturePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Remembers all that a lock pins, so that a version is the same in every workspace.
    #[must_use]
    pub fn with_known(mut self, lock: &Lock) -> Self {
        let pins = lock.pins().filter_map(|(_, _, pin)| {
            Some(((pin.source.clone(), pin.version.clone()), pin.manifest?))
        });
        self.known.extend(pins);
        self
    }

    /// Fetches modules, several at once. The answers come in the order of the questions.
    pub async fn fetch_all(
        &self,
        wanted: &[(WantedModule, Option<Pin>)],
        pinning: Pinning,
    ) -> Vec<Result<FetchedModule, FetchError>> {
        let fetch = |(wanted, pin): &(WantedModule, Option<Pin>)| {
            let (wanted, pin) = (wanted.clone(), pin.clone());
            async move { self.fetch(&wanted, pin.as_ref(), pinning).await }
        };
        stream::iter(wanted).map(fetch).buffered(AT_ONCE).collect().await
    }

    /// Fetches a module: what its pin says as long as that will do, otherwise the best version that there is.
    ///
    /// # Errors
    ///
    /// There is no version that will do, or it cannot be had, or it is not what the pin says, or nobody vouches for it.
    #[tracing::instrument(level = "debug", name = "fetch module", skip_all, fields(module = %wanted.module))]
    pub async fn fetch(
        &self,
        wanted: &WantedModule,
        pin: Option<&Pin>,
        pinning: Pinning,
    ) -> Result<FetchedModule, FetchError> {
        let mut fetched = self.fetch_unsigned(wanted, pin, pinning).await?;
        fetched.pin.signer = self.signer(wanted, &fetched.pin, pin, pinning).await?;
        Ok(fetched)
    }

    /// Fetches a module for which nobody vouches yet.
    async fn fetch_unsigned(
        &self,
        wanted: &WantedModule,
        pin: Option<&Pin>,
        pinning: Pinning,
    ) -> Result<FetchedModule, FetchError> {
        let source = wanted.repository.to_string();
        let fits = |pin: &&Pin| pin.source == source && wanted.requirement.admits(&pin.version);
        if let Some(pin) = pin.filter(fits)
            && pinning != Pinning::Update
        {
            return self.pinned(wanted, pin).await;
        }
        let module = wanted.module.clone();
        if pinning == Pinning::Locked {
            return Err(match pin {
                None => FetchError::NotPinned { module },
                Some(pin) => FetchError::Outgrown {
                    pinned: Box::new(pin.clone()),
                    wanted: Box::new(wanted.clone()),
                },
            });
        }
        let client = self
            .client
            .as_ref()
            .ok_or(FetchError::Offline { module, what: "which version is to be used" })?;
        let version = self.choose(client, wanted).await?;
        let raw = match client.manifest(&wanted.repository, &version).await {
            Err(RegistryError::NotFound { .. }) => {
                return Err(self.no_version(client, wanted).await);
            }
            raw => self.ask(&wanted.module, async { raw }).await?,
        };
        let known = self.known.get(&(source.clone(), version.clone())).copied();
        let same = pin.filter(|pin| pin.source == source && pin.version == version);
        for pinned in same.and_then(|pin| pin.manifest).into_iter().chain(known) {
            check_unmoved(wanted, (&version, pinned), raw.digest)?;
        }
        let manifest = self.keep(wanted, &version, &raw)?;
        let bytes = self.content(wanted, client, &manifest.layer).await?;
        let pin = Pin {
            source,
            version,
            manifest: Some(raw.digest),
            layer: manifest.layer.digest,
            signer: None,
        };
        Ok(FetchedModule { pin, bytes })
    }

    /// Reads what a pin says from the store, or fetches it.
    async fn pinned(&self, wanted: &WantedModule, pin: &Pin) -> Result<FetchedModule, FetchError> {
        let module = &wanted.module;
        let kept = self.store.look(&pin.layer);
        let kept = kept.map_err(|source| FetchError::Store { module: module.clone(), source })?;
        let client = match (kept, &self.client) {
            (Stored::Sound(bytes), client) => {
                if self.names_its_layer(wanted, pin)? {
                    return Ok(FetchedModule { pin: pin.clone(), bytes: bytes.into() });
                }
                let (module, version) = (module.clone(), pin.version.clone());
                client.as_ref().ok_or(FetchError::NotHere { module, version })?
            }
            (Stored::Broken | Stored::Absent, Some(client)) => client,
            (kept, None) => {
                if let Some(manifest) = self.kept_manifest(pin) {
                    check_layer(wanted, pin, &manifest)?;
                }
                let (module, version) = (module.clone(), pin.version.clone());
                return Err(match kept {
                    Stored::Broken => FetchError::Changed { module, version, digest: pin.layer },
                    _ => FetchError::NotHere { module, version },
                });
            }
        };
        let raw = client.manifest(&wanted.repository, &pin.version);
        let raw = self.ask(&wanted.module, raw).await?;
        if let Some(pinned) = pin.manifest {
            check_unmoved(wanted, (&pin.version, pinned), raw.digest)?;
        }
        let manifest = self.keep(wanted, &pin.version, &raw)?;
        check_layer(wanted, pin, &manifest)?;
        let bytes = self.content(wanted, client, &manifest.layer).await?;
        Ok(FetchedModule { pin: pin.clone(), bytes })
    }

    /// Returns whether the manifest that a pin names is on this machine, and refuses one that names another component.
    /// Where signatures are needed, whoever verifies them looks at it anyway.
    fn names_its_layer(&self, wanted: &WantedModule, pin: &Pin) -> Result<bool, FetchError> {
        let Some(digest) = pin.manifest else { return Ok(true) };
        if self.policy.rule(&wanted.repository).is_some() {
            return Ok(true);
        }
        let module = &wanted.module;
        let Some(bytes) = self.stored(module, &digest)? else { return Ok(false) };
        let raw = RawManifest { bytes, digest };
        let manifest = raw.read(self.limit).map_err(|source| FetchError::Registry {
            module: module.clone(),
            source: Box::new(RegistryError::Layout { what: format!("`{digest}`"), source }),
        })?;
        check_layer(wanted, pin, &manifest)?;
        Ok(true)
    }

    /// Returns the manifest that a pin names, if it is on this machine and can be read.
    fn kept_manifest(&self, pin: &Pin) -> Option<Manifest> {
        let bytes = self.store.get(pin.manifest.as_ref()?).ok()??;
        Manifest::read(&bytes, self.limit).ok()
    }

    /// Makes sure that everything of pinned modules is in the store, several at once.
    pub async fn complete_all(
        &self,
        pinned: &[(WantedModule, Pin)],
    ) -> Vec<Result<(), FetchError>> {
        let complete = |(wanted, pin): &(WantedModule, Pin)| {
            let (wanted, pin) = (wanted.clone(), pin.clone());
            async move { self.complete(&wanted, &pin).await }
        };
        stream::iter(pinned).map(complete).buffered(AT_ONCE).collect().await
    }

    /// Makes sure that everything of a pinned module is in the store, its configuration too, which is not needed to run
    /// it.
    ///
    /// # Errors
    ///
    /// Something is missing and cannot be had, or is not what the pin says.
    pub async fn complete(&self, wanted: &WantedModule, pin: &Pin) -> Result<(), FetchError> {
        let module = &wanted.module;
        let not_here =
            || FetchError::NotHere { module: module.clone(), version: pin.version.clone() };
        let Some(digest) = pin.manifest else { return Ok(()) };
        let raw = match (self.stored(module, &digest)?, &self.client) {
            (Some(bytes), _) => RawManifest { bytes, digest },
            (None, Some(client)) => {
                let raw = client.manifest_by_digest(&wanted.repository, &digest);
                self.ask(module, raw).await?
            }
            (None, None) => return Err(not_here()),
        };
        let manifest = self.keep(wanted, &pin.version, &raw)?;
        check_layer(wanted, pin, &manifest)?;
        for part in [&manifest.config, &manifest.layer] {
            if self.stored(module, &part.digest)?.is_none() {
                let client = self.client.as_ref().ok_or_else(not_here)?;
                self.content(wanted, client, part).await?;
            }
        }
        // Whoever takes the module elsewhere takes along who signed it, also where nobody asks for that yet.
        if self.client.is_none() {
            return Ok(());
        }
        match self.signatures(&wanted.repository, &digest).await {
            Err(source) if pin.signer.is_some() => Err(FetchError::Signature {
                wanted: Box::new(wanted.clone()),
                version: pin.version.clone(),
                source: Box::new(source),
            }),
            _ => Ok(()),
        }
    }

    /// Chooses the best version. One that is named needs no list.
    async fn choose(
        &self,
        client: &RegistryClient,
        wanted: &WantedModule,
    ) -> Result<Version, FetchError> {
        if let Some(version) = wanted.requirement.exact() {
            return Ok(version.clone());
        }
        let versions = self.ask(&wanted.module, client.versions(&wanted.repository)).await?;
        wanted.requirement.best(versions.iter().cloned()).ok_or_else(|| FetchError::NoVersion {
            wanted: Box::new(wanted.clone()),
            available: versions,
        })
    }

    /// Says which versions there are instead of the one that is named. Who has none of the module says so.
    async fn no_version(&self, client: &RegistryClient, wanted: &WantedModule) -> FetchError {
        match self.ask(&wanted.module, client.versions(&wanted.repository)).await {
            Ok(available) => FetchError::NoVersion { wanted: Box::new(wanted.clone()), available },
            Err(error) => error,
        }
    }

    /// Keeps a manifest, for whoever takes the module elsewhere, and reads it.
    fn keep(
        &self,
        wanted: &WantedModule,
        version: &Version,
        raw: &RawManifest,
    ) -> Result<Manifest, FetchError> {
        let manifest = raw.read(self.limit).map_err(|source| FetchError::Registry {
            module: wanted.module.clone(),
            source: Box::new(RegistryError::Layout {
                what: format!("`{}:{version}`", wanted.repository),
                source,
            }),
        })?;
        let kept = self.store.put(&raw.bytes);
        kept.map_err(|source| FetchError::Store { module: wanted.module.clone(), source })?;
        Ok(manifest)
    }

    /// Fetches content until it is there and sound.
    async fn content(
        &self,
        wanted: &WantedModule,
        client: &RegistryClient,
        content: &Descriptor,
    ) -> Result<Bytes, FetchError> {
        for _ in 0..ATTEMPTS {
            let fetched = client.content(&wanted.repository, content, &self.store);
            self.ask(&wanted.module, fetched).await?;
            if let Some(bytes) = self.stored(&wanted.module, &content.digest)? {
                return Ok(bytes);
            }
        }
        Err(FetchError::Vanishes { module: wanted.module.clone() })
    }

    fn stored(&self, module: &ModuleName, digest: &Digest) -> Result<Option<Bytes>, FetchError> {
        let stored = self.store.get(digest);
        let stored = stored.map_err(|source| FetchError::Store { module: module.clone(), source });
        Ok(stored?.map(Bytes::from))
    }

    async fn ask<T>(
        &self,
        module: &ModuleName,
        answer: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, FetchError> {
        let failed =
            |source| FetchError::Registry { module: module.clone(), source: Box::new(source) };
        answer.await.map_err(failed)
    }
}

/// Refuses a lock that says something else about a component than the manifest that it names.
fn check_layer(wanted: &WantedModule, pin: &Pin, manifest: &Manifest) -> Result<(), FetchError> {
    if manifest.layer.digest == pin.layer {
        return Ok(());
    }
    Err(FetchError::Contradiction {
        wanted: Box::new(wanted.clone()),
        version: pin.version.clone(),
        pinned: pin.layer,
        layer: manifest.layer.digest,
    })
}

/// Refuses a version behind which other bytes stand than those that were pinned.
fn check_unmoved(
    wanted: &WantedModule,
    (version, pinned): (&Version, Digest),
    found: Digest,
) -> Result<(), FetchError> {
    if pinned == found {
        return Ok(());
    }
    let (wanted, version) = (Box::new(wanted.clone()), version.clone());
    Err(FetchError::Moved { wanted, version, pinned, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::registry::{Artifact, Contents};

    fn wanted(requirement: &str) -> WantedModule {
        WantedModule {
            module: ModuleName::parse("mysql").unwrap(),
            repository: "oci://r.example.com/team/mysql".parse().unwrap(),
            requirement: requirement.parse().unwrap(),
        }
    }

    fn pin(version: &str, bytes: &[u8]) -> Pin {
        Pin {
            source: "oci://r.example.com/team/mysql".to_owned(),
            version: Version::parse(version).unwrap(),
            manifest: Some(artifact(bytes).digest),
            layer: Digest::of(bytes),
            signer: None,
        }
    }

    /// What lies in the registry under a version.
    fn artifact(bytes: &[u8]) -> Artifact {
        Artifact::of(bytes, &Contents::default()).unwrap()
    }

    fn offline() -> (tempfile::TempDir, Fetcher) {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(folder.path());
        store.put(b"component").unwrap();
        store.put(&artifact(b"component").manifest).unwrap();
        (folder, Fetcher::new(store, None, 1 << 20))
    }

    #[tokio::test]
    async fn what_is_pinned_and_here_needs_no_registry() {
        let (_folder, fetcher) = offline();
        let pin = pin("1.2.3", b"component");
        for requirement in ["1.2.3", "^1", "*"] {
            for pinning in [Pinning::Keep, Pinning::Locked] {
                let fetched =
                    fetcher.fetch(&wanted(requirement), Some(&pin), pinning).await.unwrap();
                assert_eq!((fetched.pin, &fetched.bytes[..]), (pin.clone(), &b"component"[..]));
            }
        }
    }

    #[tokio::test]
    async fn a_lock_says_the_same_twice_or_is_refused() {
        let (_folder, fetcher) = offline();
        fetcher.store.put(&artifact(b"another").manifest).unwrap();
        let pin = pin("1.2.3", b"component");
        for (manifest, message) in [
            (artifact(b"another").digest, "kusion.lock contradicts itself"),
            (Digest::of(b"nothing"), "module `mysql` 1.2.3 is not on this machine"),
        ] {
            let pin = Pin { manifest: Some(manifest), ..pin.clone() };
            let refused = fetcher.fetch(&wanted("^1"), Some(&pin), Pinning::Locked).await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.starts_with(message), "{refused}");
        }
    }

    #[tokio::test]
    async fn what_is_not_here_or_not_pinned_is_told() {
        let (_folder, fetcher) = offline();
        let here = pin("1.2.3", b"component");
        let elsewhere =
            Pin { source: "oci://r.example.com/other/mysql".to_owned(), ..here.clone() };
        for (requirement, pin, pinning, message) in [
            ("^1", None, Pinning::Locked, "module `mysql` is not in kusion.lock"),
            (
                "^2",
                Some(&here),
                Pinning::Locked,
                "kusion.lock pins module `mysql` to 1.2.3, and the workspace asks for `^2`",
            ),
            (
                "^1",
                Some(&elsewhere),
                Pinning::Locked,
                "kusion.lock has module `mysql` from `oci://r.example.com/other/mysql`, and the workspace from `oci://r.example.com/team/mysql`",
            ),
            (
                "^1",
                None,
                Pinning::Keep,
                "cannot tell without a connection which version is to be used of module `mysql`",
            ),
            (
                "^1",
                Some(&here),
                Pinning::Update,
                "cannot tell without a connection which version is to be used of module `mysql`",
            ),
            (
                "^1",
                Some(&pin("1.2.3", b"another")),
                Pinning::Keep,
                "module `mysql` 1.2.3 is not on this machine",
            ),
        ] {
            let error = fetcher.fetch(&wanted(requirement), pin, pinning).await.unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
