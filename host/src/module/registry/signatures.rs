//! Signatures in a registry: where cosign puts them, and ours.
//!
//! Two places are known: the tag `sha256-<hex>.sig`, and artifacts that name the signed one as their subject, which
//! registries list on request, or which are listed under the tag `sha256-<hex>` where they cannot.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::client::{Call, RegistryClient, Scope, read};
use super::pull::Name;
use super::{ContentStore, MANIFEST, RawManifest, RegistryError, Repository};
use crate::digest::Digest;
use crate::module::verify::{SignatureManifest, WrittenLayer, WrittenManifest};

/// The most artifacts of one module that are looked at.
pub(super) const MAX_ARTIFACTS: usize = 64;
/// The most bytes of a list of artifacts.
const MAX_LIST: usize = 4 << 20;
/// The media types of such a list, and of the configuration that cosign gives signatures.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    digest: Digest,
}

impl RegistryClient {
    /// Fetches the signatures of a manifest into the store, where [`ContentStore::signatures`] finds them.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, or what it has cannot be kept. That there is none is no error.
    pub async fn fetch_signatures(
        &self,
        repository: &Repository,
        manifest: &Digest,
        store: &ContentStore,
    ) -> Result<(), RegistryError> {
        let hex = manifest.hex();
        let mut artifacts = Vec::new();
        let tagged = self.tagged(repository, &format!("sha256-{hex}.sig"), Scope::Pull).await?;
        artifacts.extend(tagged);
        for listed in self.referrers(repository, manifest).await? {
            match self.manifest_by_digest(repository, &listed).await {
                Ok(artifact) => artifacts.push(artifact),
                // A list may be older than what it lists.
                Err(RegistryError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for artifact in &artifacts {
            self.keep_signatures(repository, (manifest, artifact), store).await?;
        }
        Ok(())
    }

    /// Keeps an artifact and all that it consists of, if it has a signature.
    async fn keep_signatures(
        &self,
        repository: &Repository,
        (manifest, artifact): (&Digest, &RawManifest),
        store: &ContentStore,
    ) -> Result<(), RegistryError> {
        let what = format!("`{repository}@{}`", artifact.digest);
        let kept = |source| RegistryError::Store { what: what.clone(), source };
        // One that cannot be read is kept as it is, so that it can be told why it does not count.
        if let Ok(read) = SignatureManifest::read(&artifact.bytes) {
            if read.is_empty() {
                return Ok(());
            }
            for content in read.contents() {
                match self.content(repository, content, store).await {
                    Ok(()) => {}
                    // Half of an artifact is none.
                    Err(RegistryError::NotFound { .. }) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        }
        let artifact = store.put(&artifact.bytes).map_err(kept)?;
        store.attach(manifest, &artifact).map_err(kept)
    }

    /// Adds a signature where cosign looks for it, beside those that are there. `reference` is for people who look into
    /// the registry.
    ///
    /// # Errors
    ///
    /// The registry does not take it.
    pub async fn add_signature(
        &self,
        repository: &Repository,
        manifest: &Digest,
        (payload, signature): (&[u8], String),
    ) -> Result<(), RegistryError> {
        let tag = format!("sha256-{}.sig", manifest.hex());
        let what = format!("`{repository}:{tag}`");
        let unreadable = |reason: String| RegistryError::Answer { what: what.clone(), reason };
        let mut layers = Vec::new();
        if let Some(there) = self.tagged(repository, &tag, Scope::Push).await? {
            let there: WrittenManifest = serde_json::from_slice(&there.bytes)
                .map_err(|_| unreadable("it is no manifest of signatures".to_owned()))?;
            layers = there.layers;
        }
        layers.push(WrittenLayer::simple(payload, signature));
        let digests: Vec<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
        let config = json!({
            "architecture": "", "os": "", "created": "0001-01-01T00:00:00Z", "config": {},
            "rootfs": { "type": "layers", "diff_ids": digests },
        });
        let config = Bytes::from(config.to_string());
        let written = WrittenManifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            config: WrittenLayer {
                media_type: CONFIG.to_owned(),
                size: config.len() as u64,
                digest: Digest::of(&config),
                annotations: std::collections::BTreeMap::new(),
            },
            layers,
        };
        let body = serde_json::to_vec(&written).map_err(|error| unreadable(error.to_string()))?;
        self.blob(repository, &Digest::of(payload), Bytes::copy_from_slice(payload)).await?;
        self.blob(repository, &Digest::of(&config), config).await?;
        let call = Call {
            scope: Scope::Push,
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static(MANIFEST))],
            body: Bytes::from(body),
            ..Call::get(repository, format!("/manifests/{tag}"), &what)
        };
        self.persist(&what, async || {
            let answer = self.send(&call).await?;
            self.expect(answer, &what, &[StatusCode::CREATED]).await.map(drop)
        })
        .await
    }

    async fn tagged(
        &self,
        repository: &Repository,
        tag: &str,
        scope: Scope,
    ) -> Result<Option<RawManifest>, RegistryError> {
        match self.raw_manifest(repository, Name::Tag(tag), scope).await {
            Ok(manifest) => Ok(Some(manifest)),
            Err(RegistryError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Lists the artifacts that name a manifest as their subject.
    async fn referrers(
        &self,
        repository: &Repository,
        manifest: &Digest,
    ) -> Result<Vec<Digest>, RegistryError> {
        let what = format!("`{repository}@{manifest}`, what refers to it");
        let mut call = Call::get(repository, format!("/referrers/{manifest}"), &what);
        call.headers.push((ACCEPT, HeaderValue::from_static(INDEX)));
        let answered = self
            .persist(&what, async || {
                let answer = self.send(&call).await?;
                // Registries that do not know the question say so in different ways.
                if matches!(answer.status().as_u16(), 400 | 404 | 405 | 501) {
                    return Ok(None);
                }
                let answer = self.expect(answer, &what, &[StatusCode::OK]).await?;
                read(answer, MAX_LIST, &what).await.map(Some)
            })
            .await?;
        let bytes = match answered {
            Some(bytes) => bytes,
            None => {
                let tag = format!("sha256-{}", manifest.hex());
                match self.tagged(repository, &tag, Scope::Pull).await? {
                    Some(list) => list.bytes,
                    None => return Ok(Vec::new()),
                }
            }
        };
        let index: Index = serde_json::from_slice(&bytes).map_err(|_| RegistryError::Answer {
            what,
            reason: "it is no list of artifacts".to_owned(),
        })?;
        Ok(index.manifests.into_iter().map(|listed| listed.digest).take(MAX_ARTIFACTS).collect())
    }
}
