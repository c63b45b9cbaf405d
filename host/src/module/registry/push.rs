//! Writing to a registry: a version is published once.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode, Uri};
use semver::Version;

use super::client::{Call, RegistryClient, Scope, Target};
use super::pull::Name;
use super::tag::tag_of;
use super::{Artifact, MANIFEST, RegistryError, Repository};
use crate::digest::Digest;
use crate::http::location;

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The version is published now.
    Published,
    /// It was published before, with the same bytes.
    Unchanged,
}

impl RegistryClient {
    /// Publishes a version of a module.
    ///
    /// # Errors
    ///
    /// It was published before with other bytes, or the registry does not take it.
    pub async fn push(
        &self,
        repository: &Repository,
        version: &Version,
        artifact: &Artifact,
        component: Bytes,
    ) -> Result<Pushed, RegistryError> {
        if self.is_published(repository, version, artifact).await? {
            return Ok(Pushed::Unchanged);
        }
        let tag = tag_of(version);
        let config = Bytes::from(artifact.config.clone());
        self.blob(repository, &Digest::of(&config), config).await?;
        self.blob(repository, &artifact.layer, component).await?;
        let what = format!("`{repository}:{tag}`");
        let call = Call {
            scope: Scope::Push,
            method: Method::PUT,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static(MANIFEST))],
            body: Bytes::from(artifact.manifest.clone()),
            ..Call::get(repository, format!("/manifests/{tag}"), &what)
        };
        self.persist(&what, async || {
            let answer = self.send(&call).await?;
            self.expect(answer, &what, &[StatusCode::CREATED]).await.map(drop)
        })
        .await?;
        Ok(Pushed::Published)
    }

    /// Returns whether a version is published, with these very bytes.
    ///
    /// # Errors
    ///
    /// It was published with other bytes, or the registry cannot be asked.
    pub async fn is_published(
        &self,
        repository: &Repository,
        version: &Version,
        artifact: &Artifact,
    ) -> Result<bool, RegistryError> {
        let tag = tag_of(version);
        match self.raw_manifest(repository, Name::Tag(&tag), Scope::Push).await {
            Ok(published) if published.digest == artifact.digest => Ok(true),
            Ok(published) => Err(RegistryError::Exists {
                what: format!("`{repository}:{tag}`"),
                published: published.digest,
                digest: artifact.digest,
            }),
            Err(RegistryError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads bytes, unless they are there.
    pub(super) async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let what = format!("`{repository}@{digest}`");
        self.persist(&what, async || {
            let call = Call {
                scope: Scope::Push,
                method: Method::HEAD,
                ..Call::get(repository, format!("/blobs/{digest}"), &what)
            };
            let answer = self.send(&call).await?;
            if answer.status() == StatusCode::OK {
                return Ok(());
            }
            if answer.status() != StatusCode::NOT_FOUND {
                self.expect(answer, &what, &[]).await?;
            }
            self.upload(repository, digest, bytes.clone(), &what).await
        })
        .await
    }

    async fn upload(
        &self,
        repository: &Repository,
        digest: &Digest,
        bytes: Bytes,
        what: &str,
    ) -> Result<(), RegistryError> {
        let path = "/blobs/uploads/".to_owned();
        let address = self.address(repository, &path)?;
        let call = Call {
            scope: Scope::Push,
            method: Method::POST,
            headers: vec![(CONTENT_LENGTH, HeaderValue::from_static("0"))],
            ..Call::get(repository, path, what)
        };
        let answer = self.send(&call).await?;
        let answer = self.expect(answer, what, &[StatusCode::ACCEPTED]).await?;
        let place = location(&answer, &address).and_then(|place| with_digest(&place, digest));
        let place = place.ok_or_else(|| RegistryError::Answer {
            what: what.to_owned(),
            reason: "there is no place to upload it to".to_owned(),
        })?;
        self.check_scheme(what, &place)?;
        let call = Call {
            scope: Scope::Push,
            method: Method::PUT,
            target: Target::Address(place),
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))],
            body: bytes,
            ..Call::get(repository, String::new(), what)
        };
        let answer = self.send(&call).await?;
        self.expect(answer, what, &[StatusCode::CREATED, StatusCode::NO_CONTENT]).await.map(drop)
    }
}

fn with_digest(place: &Uri, digest: &Digest) -> Option<Uri> {
    let separator = if place.query().is_some() { '&' } else { '?' };
    format!("{place}{separator}digest=sha256%3A{}", digest.hex()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_added_to_the_place_of_an_upload() {
        let digest = Digest::of(b"");
        let hex = digest.hex();
        for (place, separator) in
            [("http://r/v2/a/blobs/uploads/1", '?'), ("http://r/u?_state=x%3D", '&')]
        {
            let expected = format!("{place}{separator}digest=sha256%3A{hex}");
            assert_eq!(
                with_digest(&place.parse().unwrap(), &digest).unwrap().to_string(),
                expected
            );
        }
    }
}
