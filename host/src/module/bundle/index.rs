//! The index of a bundle: which manifests it holds, and what for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::digest::Digest;
use crate::module::registry::{Descriptor, MANIFEST};

/// The file that tells that a folder is an OCI image layout, and what it says.
pub(super) const LAYOUT: (&str, &[u8]) = ("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
/// The file with the index.
pub(super) const INDEX: &str = "index.json";
/// The folder of everything else.
pub(super) const BLOBS: &str = "blobs/sha256/";
/// The most bytes of the index and of a manifest, as registries have it.
pub(super) const MAX_MANIFEST: u64 = 4 << 20;

const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// The name of a manifest.
const NAME: &str = "org.opencontainers.image.ref.name";
/// The digest of the manifest that another one belongs to.
const ATTACHED: &str = "io.kusion.bundle.attached-to";
/// The name of the lock.
const LOCK: &str = "kusion.lock";
/// The media type of the lock.
const LOCK_TYPE: &str = "application/vnd.kusion.lock.v1+yaml";
/// The configuration of what has none.
pub(super) const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// What a manifest in the bundle is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A version of a module, by the reference under which tools find it.
    Module(String),
    /// Something that belongs to another manifest.
    Attached(Digest),
    /// The lock.
    Lock,
}

/// Manifests and what they are for, sorted by that.
pub(super) type Roles = Vec<(Role, Descriptor)>;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    schema_version: u64,
    media_type: String,
    manifests: Vec<WrittenEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenEntry {
    media_type: String,
    digest: Digest,
    size: u64,
    annotations: BTreeMap<String, String>,
}

/// Writes the index, the same for the same manifests.
pub(super) fn write(roles: &Roles) -> serde_json::Result<Vec<u8>> {
    let entry = |(role, content): &(Role, Descriptor)| {
        let (key, value) = match role {
            Role::Module(reference) => (NAME, reference.clone()),
            Role::Attached(subject) => (ATTACHED, subject.to_string()),
            Role::Lock => (NAME, LOCK.to_owned()),
        };
        WrittenEntry {
            media_type: MANIFEST.to_owned(),
            digest: content.digest,
            size: content.size,
            annotations: [(key.to_owned(), value)].into(),
        }
    };
    serde_json::to_vec(&Written {
        schema_version: 2,
        media_type: MEDIA_TYPE.to_owned(),
        manifests: roles.iter().map(entry).collect(),
    })
}

/// Reads the index. It must be what would be written for what it says, so that no byte of it goes unread.
pub(super) fn read(bytes: &[u8]) -> Result<Roles, BundleError> {
    let changed = |reason: String| BundleError::Index { reason };
    let written: Written =
        serde_json::from_slice(bytes).map_err(|error| changed(error.to_string()))?;
    let role = |entry: WrittenEntry| {
        let role = match entry.annotations.iter().next() {
            Some((key, value)) if key == NAME && value == LOCK => Role::Lock,
            Some((key, value)) if key == NAME => Role::Module(value.clone()),
            Some((key, value)) if key == ATTACHED => match value.parse() {
                Ok(subject) => Role::Attached(subject),
                Err(_) => return None,
            },
            _ => return None,
        };
        Some((role, Descriptor { digest: entry.digest, size: entry.size }))
    };
    let count = written.manifests.len();
    let roles: Roles = written.manifests.into_iter().filter_map(role).collect();
    let again = write(&roles).map_err(|error| changed(error.to_string()))?;
    if roles.len() != count || again != bytes || !roles.is_sorted() {
        return Err(changed("it is not as kusion writes it".to_owned()));
    }
    Ok(roles)
}

/// What any manifest names.
#[derive(Deserialize)]
struct Parts {
    config: Option<Part>,
    #[serde(default)]
    layers: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    digest: Digest,
    size: u64,
}

/// Lists what a manifest names.
pub(super) fn parts(manifest: &[u8]) -> serde_json::Result<Vec<Descriptor>> {
    let Parts { config, layers } = serde_json::from_slice(manifest)?;
    let part = |part: Part| Descriptor { digest: part.digest, size: part.size };
    Ok(config.into_iter().chain(layers).map(part).collect())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenManifest<'a> {
    schema_version: u64,
    media_type: &'a str,
    artifact_type: &'a str,
    config: WrittenPart<'a>,
    layers: [WrittenPart<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPart<'a> {
    media_type: &'a str,
    digest: Digest,
    size: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, &'a str>,
}

/// Writes the manifest of a lock.
pub(super) fn lock_manifest(lock: &[u8]) -> serde_json::Result<Vec<u8>> {
    let part = |media_type, bytes: &[u8]| WrittenPart {
        media_type,
        digest: Digest::of(bytes),
        size: bytes.len(),
        annotations: BTreeMap::new(),
    };
    let title = [("org.opencontainers.image.title", LOCK)].into();
    serde_json::to_vec(&WrittenManifest {
        schema_version: 2,
        media_type: MANIFEST,
        artifact_type: LOCK_TYPE,
        config: part(EMPTY_TYPE, EMPTY),
        layers: [WrittenPart { annotations: title, ..part(LOCK_TYPE, lock) }],
    })
}

/// Returns the name of a blob in the archive.
pub(super) fn blob(digest: &Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles() -> Roles {
        let content = |bytes: &[u8]| Descriptor { digest: Digest::of(bytes), size: 5 };
        vec![
            (Role::Module("r.example.com/a/mysql:1.0.0".to_owned()), content(b"1")),
            (Role::Attached(Digest::of(b"1")), content(b"2")),
            (Role::Lock, content(b"3")),
        ]
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let bytes = write(&roles()).unwrap();
        assert_eq!(read(&bytes).unwrap(), roles());
        let text = String::from_utf8(bytes.clone()).unwrap();
        for (from, to) in [
            ("\"schemaVersion\":2", "\"schemaVersion\":3"),
            (",\"mediaType\"", ", \"mediaType\""),
            ("ref.name", "ref.nam3"),
            ("index.v1", "index.v2"),
            ("manifest.v1", "manifest.v2"),
            ("\"size\":5", "\"sise\":5"),
            ("attached-to\":\"sha256:", "attached-to\":\"sha255:"),
            ("{\"org", "{\"a\":\"b\",\"org"),
        ] {
            assert!(text.contains(from), "{from}");
            let refused = read(text.replacen(from, to, 1).as_bytes());
            assert!(matches!(refused, Err(BundleError::Index { .. })), "{from}");
        }
        let mut turned = roles();
        turned.reverse();
        assert!(read(&write(&turned).unwrap()).is_err());
    }
}
