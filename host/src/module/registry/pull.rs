//! Reading from a registry: versions, manifests, and bytes into the store.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_RANGE, LINK, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use semver::Version;
use serde::Deserialize;

use super::client::{Call, RegistryClient, Scope, Target, read};
use super::store::Download;
use super::tag::version_of;
use super::{
    ContentStore, Descriptor, LayoutError, Manifest, PullEvent, RegistryError, Repository,
    StoreError, layout,
};
use crate::digest::Digest;
use crate::http::{Cause, authority, next_piece, resolve, texts};

/// The most bytes of a manifest, as registries have it.
const MAX_MANIFEST: usize = 4 << 20;
/// The most bytes of one page of tags.
const MAX_PAGE: usize = 4 << 20;
/// The most pages of tags.
const MAX_PAGES: usize = 1_000;
/// The most versions of a module that are read.
const MAX_VERSIONS: usize = 100_000;
/// How often a process looks whether another one is done with the download of the same bytes.
const LOOK: Duration = Duration::from_millis(20);
/// In which steps the arrival of bytes is told.
const TELL: u64 = 64 << 10;

/// How a manifest is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name<'a> {
    Tag(&'a str),
    Digest(&'a Digest),
}

/// A manifest as it lies in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawManifest {
    /// The bytes.
    pub bytes: Bytes,
    /// Their digest, computed here.
    pub digest: Digest,
}

impl RawManifest {
    /// Reads what it says about a module, the component of which may have so many bytes.
    ///
    /// # Errors
    ///
    /// It is not that of a module.
    pub fn read(&self, limit: u64) -> Result<Manifest, LayoutError> {
        Manifest::read(&self.bytes, limit)
    }
}

#[derive(Deserialize)]
struct Tags {
    /// Some registries write `null` for none.
    tags: Option<Vec<String>>,
}

impl RegistryClient {
    /// Lists the versions of a module, sorted. Tags that are no versions are passed over.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, or has no such module.
    pub async fn versions(&self, repository: &Repository) -> Result<Vec<Version>, RegistryError> {
        let what = format!("`{repository}`");
        let mut versions = Vec::new();
        let mut target = Target::Path("/tags/list?n=1000".to_owned());
        for _ in 0..MAX_PAGES {
            let call = Call { target, ..Call::get(repository, String::new(), &what) };
            let (page, next) = self.persist(&what, async || self.page(&call).await).await?;
            versions.extend(page.iter().filter_map(|tag| version_of(tag)));
            if versions.len() > MAX_VERSIONS {
                let reason = format!("it has more than {MAX_VERSIONS} versions");
                return Err(RegistryError::Answer { what, reason });
            }
            match next {
                Some(next) => target = Target::Address(next),
                None => {
                    versions.sort();
                    versions.dedup();
                    return Ok(versions);
                }
            }
        }
        Err(RegistryError::Answer { what, reason: format!("it has more than {MAX_PAGES} pages") })
    }

    async fn page(&self, call: &Call<'_>) -> Result<(Vec<String>, Option<Uri>), RegistryError> {
        let broken = |reason: &str| RegistryError::Answer {
            what: call.what.to_owned(),
            reason: reason.to_owned(),
        };
        let answer = self.send(call).await?;
        let answer = self.expect(answer, call.what, &[StatusCode::OK]).await?;
        let next = self.next_page(call, answer.headers())?;
        let body = read(answer, MAX_PAGE, call.what).await?;
        let Tags { tags } =
            serde_json::from_slice(&body).map_err(|_| broken("it is no list of tags"))?;
        Ok((tags.unwrap_or_default(), next))
    }

    /// Returns where a list goes on, which is within the same registry.
    pub(super) fn next_page(
        &self,
        call: &Call<'_>,
        headers: &HeaderMap,
    ) -> Result<Option<Uri>, RegistryError> {
        let broken = |reason: &str| RegistryError::Answer {
            what: call.what.to_owned(),
            reason: reason.to_owned(),
        };
        let links = texts(headers, &LINK);
        let Some(next) = links.iter().find_map(|link| next_page(link)) else { return Ok(None) };
        let base = self.address(call.repository, "/")?;
        let next = resolve(&base, next).ok_or_else(|| broken("its next page has no address"))?;
        if authority(&next) == authority(&base) {
            return Ok(Some(next));
        }
        Err(broken("its next page is in another registry"))
    }

    /// Fetches the manifest of a version.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has none, or answers with something else.
    pub async fn manifest(
        &self,
        repository: &Repository,
        version: &Version,
    ) -> Result<RawManifest, RegistryError> {
        let tag = super::tag::tag_of(version);
        self.raw_manifest(repository, Name::Tag(&tag), Scope::Pull).await
    }

    /// Fetches a manifest by its digest.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has none, or answers with something else.
    pub async fn manifest_by_digest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<RawManifest, RegistryError> {
        self.raw_manifest(repository, Name::Digest(digest), Scope::Pull).await
    }

    pub(super) async fn raw_manifest(
        &self,
        repository: &Repository,
        name: Name<'_>,
        scope: Scope,
    ) -> Result<RawManifest, RegistryError> {
        let (what, path) = match name {
            Name::Tag(tag) => (format!("`{repository}:{tag}`"), format!("/manifests/{tag}")),
            Name::Digest(digest) => {
                (format!("`{repository}@{digest}`"), format!("/manifests/{digest}"))
            }
        };
        let mut call = Call { scope, ..Call::get(repository, path, &what) };
        call.headers.push((ACCEPT, HeaderValue::from_static(layout::ACCEPTED)));
        self.persist(&what, async || {
            let answer = self.send(&call).await?;
            let answer = self.expect(answer, &what, &[StatusCode::OK]).await?;
            let said = texts(answer.headers(), &HeaderName::from_static("docker-content-digest"));
            let bytes = read(answer, MAX_MANIFEST, &what).await?;
            let digest = Digest::of(&bytes);
            let expected = match name {
                Name::Digest(expected) => Some(*expected),
                Name::Tag(_) => said.first().and_then(|said| said.parse().ok()),
            };
            match expected.filter(|expected| *expected != digest) {
                None => Ok(RawManifest { bytes, digest }),
                Some(expected) => {
                    Err(RegistryError::WrongBytes { what: what.clone(), expected, actual: digest })
                }
            }
        })
        .await
    }

    /// Fetches content into the store, unless it is there; what arrived earlier is gone on with.
    ///
    /// # Errors
    ///
    /// The registry cannot be asked, has it not, or answers with something else; or it cannot be kept.
    pub async fn content(
        &self,
        repository: &Repository,
        content: &Descriptor,
        store: &ContentStore,
    ) -> Result<(), RegistryError> {
        let what = format!("`{repository}@{}`", content.digest);
        let kept = |source| RegistryError::Store { what: what.clone(), source };
        loop {
            let mut download = loop {
                if store.has(content) {
                    return Ok(());
                }
                match store.download(content).map_err(kept)? {
                    Some(download) => break download,
                    // Another process fetches the same; if it gives up, it is our turn.
                    None => tokio::time::sleep(LOOK).await,
                }
            };
            // Between the look and the lock it may have come.
            if store.has(content) {
                download.discard();
                return Ok(());
            }
            let resumed = download.arrived() > 0;
            let observer = &self.options.observer;
            observer.notice(PullEvent::Begins {
                what: &what,
                size: content.size,
                arrived: download.arrived(),
            });
            self.fill(repository, content, &mut download, &what).await?;
            match download.finish() {
                Ok(()) => {
                    observer.notice(PullEvent::Ends { what: &what });
                    return Ok(());
                }
                // What was here from another time may have been wrong.
                Err(StoreError::Mismatch { .. }) if resumed => {}
                Err(StoreError::Mismatch { expected, actual }) => {
                    return Err(RegistryError::WrongBytes { what, expected, actual });
                }
                Err(source) => return Err(kept(source)),
            }
        }
    }

    /// Fetches what is missing, as often as it breaks off.
    async fn fill(
        &self,
        repository: &Repository,
        content: &Descriptor,
        download: &mut Download,
        what: &str,
    ) -> Result<(), RegistryError> {
        let mut arrived = download.arrived();
        loop {
            let path = format!("/blobs/{}", content.digest);
            let call = Call::get(repository, path, what);
            let filled =
                self.persist(what, async || self.rest(&call, content, download).await).await;
            match filled {
                // As long as much comes each time, it is gone on.
                Err(RegistryError::BrokenOff { .. })
                    if download.arrived() > arrived.saturating_add(1 << 20) =>
                {
                    arrived = download.arrived();
                }
                other => return other,
            }
        }
    }

    /// Fetches what is missing, once.
    async fn rest(
        &self,
        call: &Call<'_>,
        content: &Descriptor,
        download: &mut Download,
    ) -> Result<(), RegistryError> {
        let what = call.what;
        let kept = |source| RegistryError::Store { what: what.to_owned(), source };
        let broken = |reason: String| RegistryError::Answer { what: what.to_owned(), reason };
        let from = download.arrived();
        if from == content.size {
            return Ok(());
        }
        let mut call = Call::get(call.repository, format!("/blobs/{}", content.digest), what);
        if from > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={from}-"))
        {
            call.headers.push((RANGE, range));
        }
        let answer = self.send(&call).await?;
        if from > 0 && answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            download.restart().map_err(|source| kept(StoreError::Io { source }))?;
            return Err(RegistryError::BrokenOff {
                what: what.to_owned(),
                source: Cause("the registry does not go on where it stopped".to_owned()),
            });
        }
        let answer =
            self.expect(answer, what, &[StatusCode::OK, StatusCode::PARTIAL_CONTENT]).await?;
        let is_rest = answer.status() == StatusCode::PARTIAL_CONTENT;
        let range = texts(answer.headers(), &CONTENT_RANGE);
        if is_rest
            && (from == 0
                || !range.iter().any(|range| range.starts_with(&format!("bytes {from}-"))))
        {
            return Err(broken(format!("it begins elsewhere than at byte {from}")));
        }
        let expected = if is_rest { content.size - from } else { content.size };
        let length = texts(answer.headers(), &CONTENT_LENGTH)
            .first()
            .and_then(|text| text.parse::<u64>().ok());
        if let Some(length) = length.filter(|length| *length != expected) {
            return Err(broken(format!("it announces {length} bytes instead of {expected}")));
        }
        if !is_rest && from > 0 {
            download.restart().map_err(|source| kept(StoreError::Io { source }))?;
        }
        let mut body = answer.into_body();
        let mut told = download.arrived();
        let broken = |error| RegistryError::of(error, what);
        while let Some(piece) = next_piece(&mut body).await.map_err(broken)? {
            download.write(&piece).map_err(kept)?;
            let arrived = download.arrived();
            if arrived - told >= TELL {
                told = arrived;
                self.options.observer.notice(PullEvent::Arrived { what, arrived });
            }
        }
        if download.arrived() < content.size {
            let source = format!("{} of {} bytes came", download.arrived(), content.size);
            return Err(RegistryError::BrokenOff { what: what.to_owned(), source: Cause(source) });
        }
        Ok(())
    }
}

/// Returns the address of the next page from a header `Link`.
fn next_page(link: &str) -> Option<&str> {
    let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next =
        rest.split(';').any(|parameter| matches!(parameter.trim(), r#"rel="next""# | "rel=next"));
    is_next.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        assert_eq!(
            next_page(r#"</v2/a/tags/list?last=b&n=1>; rel="next""#),
            Some("/v2/a/tags/list?last=b&n=1")
        );
        for none in ["", "x", "<x", r#"<x>; rel="prev""#] {
            assert_eq!(next_page(none), None, "{none}");
        }
    }
}
