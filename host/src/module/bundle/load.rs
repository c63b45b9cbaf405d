//! Reads a bundle into the store, once all of it was checked.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::BundleError;
use super::index::{self, INDEX, LAYOUT, MAX_MANIFEST, Role, Roles};
use super::save::reference_of;
use super::tar::{self, Place};
use crate::digest::Digest;
use crate::module::registry::{ContentStore, Descriptor, Manifest};
use crate::module::verify::SignatureManifest;
use crate::module::{LOCK_FILE, Lock};
use crate::source::SourceFile;

/// How many bytes are copied at once.
const PIECE: usize = 64 << 10;
/// How often it is looked whether another process is done with the same blob.
const LOOK: Duration = Duration::from_millis(20);

/// What a bundle brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// What its modules are pinned to.
    pub lock: Lock,
    /// How many blobs it holds.
    pub blobs: usize,
    /// How many bytes they have.
    pub size: u64,
}

/// Reads a bundle. Nothing is kept before everything was checked; components may have so many bytes.
///
/// # Errors
///
/// It is damaged, something in it is not what its digest says, or it cannot be kept.
pub fn load(
    store: &ContentStore,
    archive: &mut (impl Read + Seek),
    limit: u64,
) -> Result<Bundled, BundleError> {
    let mut reader = Reader { files: tar::scan(archive)?, archive };
    reader.check_layout()?;
    let roles = index::read(&reader.small(INDEX)?)?;
    let (named, lock) = reader.check(&roles, limit)?;
    reader.check_names(&named)?;
    for (digest, size) in &named {
        reader.check_blob(&Descriptor { digest: *digest, size: *size })?;
    }
    for (digest, size) in &named {
        reader.keep(store, &Descriptor { digest: *digest, size: *size })?;
    }
    for (role, content) in &roles {
        if let Role::Attached(subject) = role {
            let attached = store.attach(subject, &content.digest);
            attached.map_err(|source| BundleError::Store { source })?;
        }
    }
    Ok(Bundled { lock, blobs: named.len(), size: named.values().sum() })
}

/// What is named in a bundle, and how many bytes it has.
type Named = BTreeMap<Digest, u64>;

struct Reader<'a, A> {
    archive: &'a mut A,
    files: BTreeMap<String, Place>,
}

impl<A: Read + Seek> Reader<'_, A> {
    fn check_layout(&mut self) -> Result<(), BundleError> {
        let (name, version) = LAYOUT;
        if self.small(name)? == version {
            return Ok(());
        }
        Err(BundleError::NoBundle { reason: format!("`{name}` does not say that it is one") })
    }

    /// Checks that the index, the manifests and the lock agree, and returns everything that they name.
    fn check(&mut self, roles: &Roles, limit: u64) -> Result<(Named, Lock), BundleError> {
        let mut named = Named::new();
        let mut modules = BTreeMap::new();
        let mut lock = None;
        for (role, content) in roles {
            let bytes = self.manifest(content)?;
            let parts = index::parts(&bytes).map_err(|error| BundleError::Index {
                reason: format!("`{}` is no manifest: {error}", content.digest),
            })?;
            for part in std::iter::once(content).chain(&parts) {
                let size = *named.entry(part.digest).or_insert(part.size);
                if size != part.size {
                    let (digest, actual) = (part.digest, part.size);
                    return Err(BundleError::Size { digest, size, actual });
                }
            }
            match role {
                Role::Module(reference) => {
                    let manifest = Manifest::read(&bytes, limit)
                        .map_err(|source| BundleError::Layout { digest: content.digest, source })?;
                    modules.insert(reference.clone(), (content.digest, manifest.layer.digest));
                }
                Role::Attached(_) => check_signature(content, &bytes)?,
                Role::Lock => lock = Some(self.lock(&bytes, &parts)?),
            }
        }
        let lock = lock
            .ok_or_else(|| BundleError::NoBundle { reason: "it has no kusion.lock".to_owned() })?;
        check_lock(&lock, roles, modules)?;
        Ok((named, lock))
    }

    fn lock(&mut self, manifest: &[u8], parts: &[Descriptor]) -> Result<Lock, BundleError> {
        let changed = |reason: &str| BundleError::Index { reason: reason.to_owned() };
        let [_config, layer] = parts else { return Err(changed("its lock is not one file")) };
        let bytes = self.manifest(layer)?;
        let expected = index::lock_manifest(&bytes);
        if expected.map_or(true, |expected| expected != manifest) {
            return Err(changed("the manifest of its lock is not as kusion writes it"));
        }
        let text = String::from_utf8(bytes).map_err(|_| changed("its lock is no text"))?;
        Lock::read(&SourceFile::new(LOCK_FILE, text)).map_err(|source| BundleError::Lock { source })
    }

    /// Checks that every file is one that the bundle names.
    fn check_names(&self, named: &Named) -> Result<(), BundleError> {
        let mut expected: BTreeSet<String> = named.keys().map(index::blob).collect();
        expected.extend([LAYOUT.0.to_owned(), INDEX.to_owned()]);
        match self.files.keys().find(|name| !expected.contains(*name)) {
            None => Ok(()),
            Some(name) => Err(BundleError::Unnamed {
                name: name.chars().filter(|c| !c.is_control()).collect(),
            }),
        }
    }

    fn check_blob(&mut self, content: &Descriptor) -> Result<(), BundleError> {
        let mut hash = Sha256::new();
        self.copy(content, |piece| {
            hash.update(piece);
            Ok(())
        })?;
        let actual: [u8; 32] = hash.finalize().into();
        let actual = Digest::from(actual);
        if actual == content.digest {
            return Ok(());
        }
        Err(BundleError::WrongBytes { expected: content.digest, actual })
    }

    fn keep(&mut self, store: &ContentStore, content: &Descriptor) -> Result<(), BundleError> {
        let kept = |source| BundleError::Store { source };
        if store.get(&content.digest).map_err(kept)?.is_some() {
            return Ok(());
        }
        let mut download = loop {
            match store.download(content).map_err(kept)? {
                Some(download) => break download,
                None => std::thread::sleep(LOOK),
            }
        };
        download.restart().map_err(|source| BundleError::Io { source })?;
        self.copy(content, |piece| download.write(piece).map_err(kept))?;
        download.finish().map_err(kept)
    }

    /// Reads a manifest or a lock, which is small.
    fn manifest(&mut self, content: &Descriptor) -> Result<Vec<u8>, BundleError> {
        let name = index::blob(&content.digest);
        let place = self.files.get(&name).ok_or(BundleError::Lacks { digest: content.digest })?;
        if place.size != content.size {
            let Descriptor { digest, size } = *content;
            return Err(BundleError::Size { digest, size, actual: place.size });
        }
        let bytes = self.small(&name)?;
        let actual = Digest::of(&bytes);
        if actual == content.digest {
            return Ok(bytes);
        }
        Err(BundleError::WrongBytes { expected: content.digest, actual })
    }

    fn small(&mut self, name: &str) -> Result<Vec<u8>, BundleError> {
        let refuse = |reason: String| BundleError::NoBundle { reason };
        let place = self.files.get(name).ok_or_else(|| refuse(format!("it has no `{name}`")))?;
        if place.size > MAX_MANIFEST {
            return Err(refuse(format!("`{name}` is longer than {MAX_MANIFEST} bytes")));
        }
        let (offset, size) = (place.offset, place.size);
        let mut bytes = Vec::new();
        let read = self.archive.seek(SeekFrom::Start(offset));
        let read = read.and_then(|_| self.archive.by_ref().take(size).read_to_end(&mut bytes));
        read.map_err(|source| BundleError::Io { source })?;
        Ok(bytes)
    }

    fn copy(
        &mut self,
        content: &Descriptor,
        mut take: impl FnMut(&[u8]) -> Result<(), BundleError>,
    ) -> Result<(), BundleError> {
        let io = |source| BundleError::Io { source };
        let Descriptor { digest, size } = *content;
        let place = self.files.get(&index::blob(&digest)).ok_or(BundleError::Lacks { digest })?;
        if place.size != size {
            return Err(BundleError::Size { digest, size, actual: place.size });
        }
        self.archive.seek(SeekFrom::Start(place.offset)).map_err(io)?;
        let mut rest = self.archive.by_ref().take(size);
        let mut buffer = vec![0; PIECE];
        loop {
            let read = rest.read(&mut buffer).map_err(io)?;
            match buffer.get(..read).unwrap_or_default() {
                [] if rest.limit() == 0 => return Ok(()),
                [] => return Err(io(io::ErrorKind::UnexpectedEof.into())),
                piece => take(piece)?,
            }
        }
    }
}

/// Checks that what belongs to a module is a signature: nothing else has to travel.
fn check_signature(content: &Descriptor, bytes: &[u8]) -> Result<(), BundleError> {
    match SignatureManifest::read(bytes) {
        Ok(read) if !read.is_empty() => Ok(()),
        _ => Err(BundleError::Index {
            reason: format!("`{}` belongs to a module and is no signature", content.digest),
        }),
    }
}

/// Checks that the lock pins the modules of the index and no others, and that what is attached belongs to one of them.
fn check_lock(
    lock: &Lock,
    roles: &Roles,
    mut modules: BTreeMap<String, (Digest, Digest)>,
) -> Result<(), BundleError> {
    let changed = |reason: String| BundleError::Index { reason };
    let manifests: BTreeSet<Digest> = modules.values().map(|(manifest, _)| *manifest).collect();
    let mut pinned = BTreeSet::new();
    for (_, module, pin) in lock.pins() {
        let Some(manifest) = pin.manifest else { continue };
        let reference = reference_of(pin);
        match modules.get(&reference) {
            Some(found) if *found == (manifest, pin.layer) => {}
            Some(_) => return Err(BundleError::Contradiction { module: module.clone() }),
            None => return Err(changed(format!("it lacks `{reference}`, which its lock pins"))),
        }
        let is_its = |(role, _): &(Role, Descriptor)| *role == Role::Attached(manifest);
        if pin.signer.is_some() && !roles.iter().any(is_its) {
            return Err(changed(format!("it lacks the signatures of `{reference}`")));
        }
        pinned.insert(reference);
    }
    modules.retain(|reference, _| !pinned.contains(reference));
    if let Some(reference) = modules.keys().next() {
        return Err(changed(format!("it has `{reference}`, which its lock does not pin")));
    }
    for (role, _) in roles {
        if let Role::Attached(subject) = role
            && !manifests.contains(subject)
        {
            return Err(changed(format!("something belongs to `{subject}`, which is no module")));
        }
    }
    Ok(())
}
