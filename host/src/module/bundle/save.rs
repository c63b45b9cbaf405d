//! Writes a bundle from what is on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use super::index::{self, BLOBS, EMPTY, INDEX, LAYOUT, Role};
use super::{BundleError, tar};
use crate::digest::Digest;
use crate::files;
use crate::module::registry::{ContentStore, Descriptor, reference};
use crate::module::verify::SignatureManifest;
use crate::module::{Lock, Pin};

/// Writes a bundle to a file, whole or not at all.
///
/// # Errors
///
/// Something is missing or broken, or the file cannot be written.
pub fn save_file(store: &ContentStore, lock: &Lock, path: &Path) -> Result<(), BundleError> {
    let written = files::write_file_with(path, |mut out| save(store, lock, &mut out));
    written.map_err(|source| BundleError::Io { source })?
}

/// Writes everything that a lock pins of registries, with its signatures, and the lock. All of it must be in the store.
///
/// # Errors
///
/// Something is missing or broken, or the file cannot be written.
pub fn save(store: &ContentStore, lock: &Lock, out: &mut impl Write) -> Result<(), BundleError> {
    let io = |source| BundleError::Io { source };
    let json = |error: serde_json::Error| BundleError::Io { source: error.into() };
    let mut roles = Vec::new();
    let mut names = BTreeSet::new();
    for (_, module, pin) in lock.pins() {
        let Some(manifest) = pin.manifest else { continue };
        let incomplete =
            || BundleError::Incomplete { module: module.clone(), version: pin.version.clone() };
        let (size, parts) = manifest_of(store, &manifest)?.ok_or_else(incomplete)?;
        roles.push((Role::Module(reference_of(pin)), Descriptor { digest: manifest, size }));
        for digest in std::iter::once(manifest).chain(parts) {
            // A component that is broken would be missed only where it is carried to.
            if names.insert(digest) && get(store, &digest)?.is_none() {
                return Err(incomplete());
            }
        }
        let mut is_signed = false;
        for attached in store.attached(&manifest).map_err(|source| BundleError::Store { source })? {
            let Some((size, parts)) = signature_of(store, &attached)? else { continue };
            is_signed = true;
            roles.push((Role::Attached(manifest), Descriptor { digest: attached, size }));
            names.insert(attached);
            names.extend(parts);
        }
        if let Some(signer) = pin.signer.as_ref().filter(|_| !is_signed) {
            let (module, version) = (module.clone(), pin.version.clone());
            return Err(BundleError::Unsigned { module, version, signer: signer.clone() });
        }
    }
    if roles.is_empty() {
        return Err(BundleError::Nothing);
    }
    let text = lock.to_text().map_err(|error| io(std::io::Error::other(error)))?.into_bytes();
    let manifest = index::lock_manifest(&text).map_err(json)?;
    let content = Descriptor { digest: Digest::of(&manifest), size: manifest.len() as u64 };
    roles.push((Role::Lock, content));
    let ours: BTreeMap<Digest, Vec<u8>> =
        [EMPTY.to_vec(), text, manifest].map(|bytes| (Digest::of(&bytes), bytes)).into();
    names.extend(ours.keys());
    roles.sort();
    roles.dedup();

    let (layout, version) = LAYOUT;
    tar::write_file(out, layout, version).map_err(io)?;
    tar::write_file(out, INDEX, &index::write(&roles).map_err(json)?).map_err(io)?;
    for folder in ["blobs/", BLOBS] {
        tar::write_folder(out, folder).map_err(io)?;
    }
    for digest in names {
        let bytes = match ours.get(&digest) {
            Some(bytes) => bytes.clone(),
            None => get(store, &digest)?.ok_or(BundleError::Lacks { digest })?,
        };
        tar::write_file(out, &index::blob(&digest), &bytes).map_err(io)?;
    }
    tar::write_end(out).map_err(io)
}

/// Returns the reference under which tools find what is pinned.
pub(super) fn reference_of(pin: &Pin) -> String {
    reference(&pin.source, &pin.version)
}

/// Returns the size of a manifest and what it names; `None` if it is not there.
fn manifest_of(
    store: &ContentStore,
    digest: &Digest,
) -> Result<Option<(u64, Vec<Digest>)>, BundleError> {
    let Some(bytes) = get(store, digest)? else { return Ok(None) };
    let Ok(parts) = index::parts(&bytes) else { return Ok(None) };
    let parts = parts.into_iter().map(|part| part.digest).collect();
    Ok(Some((bytes.len() as u64, parts)))
}

/// Returns the size of the manifest of signatures and what it names; `None` if it is something else or not whole, which
/// vouches for nothing.
fn signature_of(
    store: &ContentStore,
    digest: &Digest,
) -> Result<Option<(u64, Vec<Digest>)>, BundleError> {
    let Some(bytes) = get(store, digest)? else { return Ok(None) };
    let read = SignatureManifest::read(&bytes).ok().filter(|read| !read.is_empty());
    let Some(read) = read else { return Ok(None) };
    let parts: Vec<Digest> = read.contents().iter().map(|part| part.digest).collect();
    for part in &parts {
        if get(store, part)?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some((bytes.len() as u64, parts)))
}

fn get(store: &ContentStore, digest: &Digest) -> Result<Option<Vec<u8>>, BundleError> {
    store.get(digest).map_err(|source| BundleError::Store { source })
}
