//! What is attached to a manifest: signatures, which lie in the store by their digests like everything else.
//!
//! ```text
//! content/attached/<hex of the manifest>/<hex of what is attached>    an empty file
//! ```
//!
//! Names only, so that nothing has to be changed in place. That something is attached proves nothing: whoever relies
//! on a signature checks it.

use std::collections::BTreeSet;
use std::io;

use fs_err as fs;

use super::{ContentStore, StoreError};
use crate::digest::Digest;
use crate::files;

/// The most that is read of what is attached to one manifest.
const MAX_ATTACHED: usize = 1_000;

impl ContentStore {
    /// Notes that a manifest in the store, such as that of a signature, belongs to another one.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn attach(&self, subject: &Digest, attached: &Digest) -> Result<(), StoreError> {
        let path = self.attachments(subject).join(attached.hex());
        let noted = if path.is_file() { Ok(()) } else { files::touch(&path, files::PRIVATE) };
        noted.map_err(|source| StoreError::Io { source })
    }

    /// Lists the manifests that belong to another one, sorted.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn attached(&self, subject: &Digest) -> Result<BTreeSet<Digest>, StoreError> {
        let entries = match fs::read_dir(self.attachments(subject)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            entries => entries.map_err(|source| StoreError::Io { source })?,
        };
        let digest = |entry: io::Result<fs::DirEntry>| {
            let name = entry.map(|entry| entry.file_name());
            match name.map(|name| format!("sha256:{}", name.to_string_lossy()).parse()) {
                Ok(Ok(digest)) => Some(Ok(digest)),
                // Somebody is writing, or has left something.
                Ok(Err(_)) => None,
                Err(source) => Some(Err(StoreError::Io { source })),
            }
        };
        entries.filter_map(digest).take(MAX_ATTACHED).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_is_listed_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(folder.path());
        let (subject, other) = (Digest::of(b"a"), Digest::of(b"b"));
        assert!(store.attached(&subject).unwrap().is_empty());
        let attached = [Digest::of(b"1"), Digest::of(b"2")];
        for one in attached.iter().chain(&attached) {
            store.attach(&subject, one).unwrap();
        }
        fs::write(folder.path().join("attached").join(subject.hex()).join("x"), "").unwrap();
        assert_eq!(store.attached(&subject).unwrap(), attached.into());
        assert!(store.attached(&other).unwrap().is_empty());
    }
}
