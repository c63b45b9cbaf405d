//! Signatures in a registry: where cosign puts them, and ours.
//!
//! Two places are known: the tag `sha256-<hex>.sig`, and artifacts that name the signed one as their subject, which
//! registries list on request, or which are listed under the tag `sha256-<hex>` where they cannot.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;

use super::client::{Call, RegistryClient, Scope, Target, read};
use super::pull::Name;
use super::{ContentStore, MANIFEST, RawManifest, RegistryError, Repository};
use crate::digest::Digest;
use crate::module::verify::{SignatureManifest, WrittenLayer, WrittenManifest};

/// The most artifacts that may refer to one module.
const MAX_ARTIFACTS: usize = 256;
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
        let mut target = Target::Path(format!("/referrers/{manifest}"));
        let mut listed = Vec::new();
        loop {
            let mut call = Call { target, ..Call::get(repository, String::new(), &what) };
            call.headers.push((ACCEPT, HeaderValue::from_static(INDEX)));
            let Some((page, next)) =
                self.persist(&what, async || self.page_of_referrers(&call).await).await?
            else {
                let tag = format!("sha256-{}", manifest.hex());
                let list = self.tagged(repository, &tag, Scope::Pull).await?;
                return list.map_or(Ok(Vec::new()), |list| read_list(&what, &list.bytes));
            };
            listed.extend(page);
            check_count(&what, &listed)?;
            match next {
                Some(next) => target = Target::Address(next),
                None => return Ok(listed),
            }
        }
    }

    /// Asks for a part of the list, and where it goes on; `None` if the registry does not know the question.
    async fn page_of_referrers(
        &self,
        call: &Call<'_>,
    ) -> Result<Option<(Vec<Digest>, Option<Uri>)>, RegistryError> {
        let answer = self.send(call).await?;
        // Registries that do not know the question say so in different ways.
        if matches!(answer.status().as_u16(), 400 | 404 | 405 | 501) {
            return Ok(None);
        }
        let answer = self.expect(answer, call.what, &[StatusCode::OK]).await?;
        let next = self.next_page(call, answer.headers())?;
        let bytes = read(answer, MAX_LIST, call.what).await?;
        Ok(Some((read_list(call.what, &bytes)?, next)))
    }
}

fn read_list(what: &str, bytes: &[u8]) -> Result<Vec<Digest>, RegistryError> {
    let index: Index = serde_json::from_slice(bytes).map_err(|_| RegistryError::Answer {
        what: what.to_owned(),
        reason: "it is no list of artifacts".to_owned(),
    })?;
    let listed: Vec<Digest> = index.manifests.into_iter().map(|listed| listed.digest).collect();
    check_count(what, &listed)?;
    Ok(listed)
}

/// Refuses to leave something out of which one might be the signature that is looked for.
fn check_count(what: &str, listed: &[Digest]) -> Result<(), RegistryError> {
    if listed.len() <= MAX_ARTIFACTS {
        return Ok(());
    }
    Err(RegistryError::Answer {
        what: what.to_owned(),
        reason: format!("it is more than {MAX_ARTIFACTS} artifacts"),
    })
}
