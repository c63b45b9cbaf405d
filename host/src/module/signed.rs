//! Who vouches for a module that was fetched: the policy decides, and the lock remembers.

use crate::digest::Digest;
use crate::module::registry::{Manifest, RegistryError, Repository, Stored};
use crate::module::verify::{Signature, SignatureError, Signer};
use crate::module::{FetchError, Fetcher, Pin, Pinning, WantedModule};

/// What publishers say about a module in its manifest, which is signed.
const VERSION: &str = "org.opencontainers.image.version";
const TITLE: &str = "org.opencontainers.image.title";
/// What only `kusion mod push` says, so that a title is known to be the name of a module.
const KIND: &str = "io.kusion.module.kind";

impl Fetcher {
    /// Returns who vouches for a module, as the lock says it; `None` if nobody has to. `before` is what was pinned when
    /// the run began.
    ///
    /// What is on this machine is enough if it convinces; only what does not is asked for again.
    pub(super) async fn signer(
        &self,
        wanted: &WantedModule,
        pin: &Pin,
        before: Option<&Pin>,
        pinning: Pinning,
    ) -> Result<Option<String>, FetchError> {
        let refuse = |source| FetchError::Signature {
            wanted: Box::new(wanted.clone()),
            version: pin.version.clone(),
            source: Box::new(source),
        };
        let recorded = before
            .filter(|before| before.source == pin.source)
            .and_then(|before| before.signer.as_deref());
        let Some(rule) = self.policy.rule(&wanted.repository) else {
            return match recorded {
                Some(pinned) => {
                    Err(refuse(SignatureError::PolicyGone { pinned: pinned.to_owned() }))
                }
                None => Ok(None),
            };
        };
        let manifest = self.signed_manifest(wanted, pin).await.map_err(refuse)?;
        if manifest.layer.digest != pin.layer {
            return Err(FetchError::Contradiction {
                wanted: Box::new(wanted.clone()),
                version: pin.version.clone(),
                pinned: pin.layer,
                layer: manifest.layer.digest,
            });
        }
        check_labels(wanted, pin, &manifest).map_err(refuse)?;
        let digest = pin.manifest.ok_or_else(|| refuse(SignatureError::NoManifest))?;
        let verify = |signatures: Vec<Signature>| {
            let found = rule.verify(&digest, &signatures)?;
            choose(found, recorded)
        };
        let here = self.signatures_here(&digest).and_then(&verify);
        let found = match (here, &self.client) {
            (Err(SignatureError::Unsigned), None) => Err(SignatureError::NotHere),
            (Err(_), Some(_)) => {
                self.signatures(&wanted.repository, &digest).await.and_then(&verify)
            }
            (here, _) => here,
        };
        let signer = found.map_err(|error| match (error, recorded) {
            (SignatureError::Unsigned, Some(pinned)) => {
                refuse(SignatureError::SignatureGone { pinned: pinned.to_owned() })
            }
            (error, _) => refuse(error),
        })?;
        tracing::debug!(module = %wanted.module, signer, "verified who signed");
        // A lock that may not be written says what it said.
        let is_noted = recorded.is_some() || pinning != Pinning::Locked;
        Ok(is_noted.then_some(signer))
    }

    /// Returns the signatures of a pinned module, as its registry has them now; without a client, as they were when
    /// they were fetched.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, or they are not here.
    pub async fn signatures(
        &self,
        repository: &Repository,
        manifest: &Digest,
    ) -> Result<Vec<Signature>, SignatureError> {
        if let Some(client) = &self.client {
            let fetched = client.fetch_signatures(repository, manifest, &self.store).await;
            fetched.map_err(|source| SignatureError::Registry { source: Box::new(source) })?;
        }
        self.signatures_here(manifest)
    }

    fn signatures_here(&self, manifest: &Digest) -> Result<Vec<Signature>, SignatureError> {
        self.store.signatures(manifest).map_err(|source| SignatureError::Store { source })
    }

    /// Returns the manifest that a pin names, which is what is signed.
    async fn signed_manifest(
        &self,
        wanted: &WantedModule,
        pin: &Pin,
    ) -> Result<Manifest, SignatureError> {
        let digest = pin.manifest.as_ref().ok_or(SignatureError::NoManifest)?;
        let kept = |source| SignatureError::Store { source };
        let registry =
            |source: RegistryError| SignatureError::Registry { source: Box::new(source) };
        let bytes = match (self.store.look(digest).map_err(kept)?, &self.client) {
            (Stored::Sound(bytes), _) => bytes,
            (Stored::Broken, None) => return Err(SignatureError::Changed { digest: *digest }),
            (Stored::Absent, None) => return Err(SignatureError::NotHere),
            (Stored::Broken | Stored::Absent, Some(client)) => {
                let raw = client.manifest_by_digest(&wanted.repository, digest).await;
                let raw = raw.map_err(registry)?;
                self.store.put(&raw.bytes).map_err(kept)?;
                raw.bytes.to_vec()
            }
        };
        Manifest::read(&bytes, self.limit).map_err(|source| {
            let what = format!("`{}@{digest}`", wanted.repository);
            registry(RegistryError::Layout { what, source })
        })
    }
}

/// Chooses whom the lock names: whom it named so far, or else the first whom the policy names.
fn choose(found: Vec<Signer>, recorded: Option<&str>) -> Result<String, SignatureError> {
    let mut names = found.iter().map(Signer::to_string);
    match recorded {
        None => names.next().ok_or(SignatureError::Unsigned),
        Some(pinned) if names.any(|name| name == pinned) => Ok(pinned.to_owned()),
        Some(pinned) => Err(SignatureError::SignerChanged { pinned: pinned.to_owned(), found }),
    }
}

/// Refuses a signed module that lies under the name or version of another one: a signature is for bytes, and whoever
/// has the registry may move them.
fn check_labels(
    wanted: &WantedModule,
    pin: &Pin,
    manifest: &Manifest,
) -> Result<(), SignatureError> {
    let said = |key: &str| manifest.annotations.get(key);
    if let Some(signed) = said(VERSION)
        && let Ok(version) = signed.trim_start_matches('v').parse::<semver::Version>()
        && version != pin.version
    {
        let asked = pin.version.to_string();
        return Err(SignatureError::Mislabelled { what: "version", signed: signed.clone(), asked });
    }
    let path = wanted.repository.path();
    let name = path.rsplit('/').next().unwrap_or(path);
    match said(TITLE).filter(|_| said(KIND).is_some()) {
        Some(signed) if signed != name => Err(SignatureError::Mislabelled {
            what: "module",
            signed: signed.clone(),
            asked: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::module::registry::{Artifact, ContentStore, Contents};
    use crate::module::signing::SigningKey;
    use crate::module::verify::{
        Payload, PublicKey, Rule, SignaturePolicy, WrittenLayer, WrittenManifest,
    };
    use crate::name::ModuleName;

    const SOURCE: &str = "oci://r.example.com/team/mysql";

    /// A store in which a signed module lies; no registry can be asked.
    struct Place {
        _folder: tempfile::TempDir,
        store: ContentStore,
        manifest: Digest,
    }

    impl Place {
        fn new(title: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = ContentStore::new(folder.path());
            let annotations = [(VERSION, "1.2.3"), (TITLE, title), (KIND, "accessory")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()));
            let contents = Contents { annotations: annotations.into(), ..Contents::default() };
            let artifact = Artifact::of(b"component", &contents).unwrap();
            store.put(b"component").unwrap();
            let manifest = store.put(&artifact.manifest).unwrap();
            Self { _folder: folder, store, manifest }
        }

        /// Adds a signature of this key.
        fn sign(&self, key: &SigningKey) {
            let payload = Payload { manifest: self.manifest, reference: String::new() };
            let payload = payload.to_bytes().unwrap();
            let signature = BASE64_STANDARD.encode(key.sign(&payload).unwrap());
            let written = WrittenManifest {
                schema_version: 2,
                media_type: String::new(),
                config: WrittenLayer::simple(b"{}", String::new()),
                layers: vec![WrittenLayer::simple(&payload, signature)],
            };
            self.store.put(&payload).unwrap();
            let artifact = self.store.put(&serde_json::to_vec(&written).unwrap()).unwrap();
            self.store.attach(&self.manifest, &artifact).unwrap();
        }

        fn pin(&self) -> Pin {
            Pin {
                source: SOURCE.to_owned(),
                version: "1.2.3".parse().unwrap(),
                manifest: Some(self.manifest),
                layer: Digest::of(b"component"),
                signer: None,
            }
        }

        /// Fetches the module with a policy of these keys, and returns who signed it.
        async fn fetch(
            &self,
            keys: &[&PublicKey],
            pin: &Pin,
            pinning: Pinning,
        ) -> Result<Option<String>, String> {
            let rule = Rule {
                scope: "*".parse().unwrap(),
                keys: keys.iter().copied().cloned().collect(),
                identities: Vec::new(),
                trust_root: None,
            };
            let rules = if keys.is_empty() { Vec::new() } else { vec![rule] };
            let fetcher = Fetcher::new(self.store.clone(), None, 1 << 20)
                .with_policy(SignaturePolicy::new(rules));
            let wanted = WantedModule {
                module: ModuleName::parse("mysql").unwrap(),
                repository: SOURCE.parse().unwrap(),
                requirement: "*".parse().unwrap(),
            };
            match fetcher.fetch(&wanted, Some(pin), pinning).await {
                Ok(fetched) => Ok(fetched.pin.signer),
                Err(FetchError::Signature { source, .. }) => Err(source.to_string()),
                Err(error) => Err(error.to_string()),
            }
        }
    }

    fn key() -> SigningKey {
        let made = SigningKey::generate(b"").unwrap();
        SigningKey::open(made.text.as_bytes(), Some(b"")).unwrap()
    }

    #[tokio::test]
    async fn the_lock_remembers_who_signed_and_is_believed_only_with_a_signature() {
        let place = Place::new("mysql");
        let (ours, other) = (key(), key());
        let name = |key: &SigningKey| format!("key {}", key.public().fingerprint());
        let fresh = place.pin();
        let signed = Pin { signer: Some(name(&ours)), ..fresh.clone() };
        let (a, b) = (ours.public(), other.public());
        let keep = Pinning::Keep;
        let not_here = Err("its signatures are not on this machine".to_owned());
        assert_eq!(place.fetch(&[], &fresh, keep).await, Ok(None));
        assert_eq!(place.fetch(&[a], &fresh, keep).await, not_here);
        place.sign(&ours);
        assert_eq!(place.fetch(&[a], &fresh, keep).await, Ok(Some(name(&ours))));
        assert_eq!(place.fetch(&[a], &fresh, Pinning::Locked).await, Ok(None));
        assert_eq!(place.fetch(&[a], &signed, Pinning::Locked).await, Ok(Some(name(&ours))));
        let refused = Err("its signature does not count".to_owned());
        assert_eq!(place.fetch(&[b], &fresh, keep).await, refused);
        let gone = format!(
            "kusion.lock says that {} signed it, and no `verify` of the workspace covers it",
            name(&ours)
        );
        assert_eq!(place.fetch(&[], &signed, keep).await, Err(gone));
        // With both signatures, whom the lock names stays; it is not replaced by whom the policy names first.
        place.sign(&other);
        assert_eq!(place.fetch(&[b, a], &signed, keep).await, Ok(Some(name(&ours))));
        assert_eq!(place.fetch(&[b, a], &fresh, keep).await, Ok(Some(name(&other))));
        let changed =
            format!("it was signed by {} so far, and now by {}", name(&ours), name(&other));
        assert_eq!(place.fetch(&[b], &signed, keep).await, Err(changed));
    }

    #[tokio::test]
    async fn a_lock_that_names_another_component_version_or_module_is_refused() {
        let place = Place::new("mysql");
        let ours = key();
        place.sign(&ours);
        place.store.put(b"evil").unwrap();
        let keys = [ours.public()];
        let other = Digest::of(b"evil");
        let right = place.pin();
        for (pin, expected) in [
            (Pin { layer: other, ..right.clone() }, "kusion.lock contradicts itself"),
            (Pin { manifest: None, ..right.clone() }, "kusion.lock names no `manifest` of it"),
            (Pin { manifest: Some(other), ..right.clone() }, "cannot fetch its signatures"),
            (
                Pin { version: "1.2.4".parse().unwrap(), ..right.clone() },
                "what was signed is version `1.2.3`, and not `1.2.4`",
            ),
        ] {
            let refused = place.fetch(&keys, &pin, Pinning::Keep).await.unwrap_err();
            assert!(refused.starts_with(expected), "{refused}");
        }
        let moved = Place::new("network");
        moved.sign(&ours);
        let refused = moved.fetch(&keys, &moved.pin(), Pinning::Keep).await;
        assert_eq!(refused, Err("what was signed is module `network`, and not `mysql`".to_owned()));
    }
}
