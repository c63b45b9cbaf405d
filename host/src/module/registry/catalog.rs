//! Which content came with a program: modules of the catalog, which a later program may not carry any more.
//!
//! ```text
//! content/catalog/<hex>    an empty file
//! ```
//!
//! Modules of the catalog need no signature, and content of any origin lies in the store. So only what a program that
//! carried it has noted here can stand in for one, whatever a lock says.

use super::{ContentStore, StoreError};
use crate::digest::Digest;
use crate::files;

impl ContentStore {
    /// Keeps a module that the program carries.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn put_of_catalog(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let note = self.of_catalog(digest);
        if note.is_file() && self.path(digest).is_file() {
            return Ok(());
        }
        self.put(bytes)?;
        files::touch(&note, files::PRIVATE).map_err(|source| StoreError::Io { source })
    }

    /// Returns a module that a program carried, if it is there and sound.
    ///
    /// # Errors
    ///
    /// The file cannot be read or removed.
    pub fn get_of_catalog(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        if self.of_catalog(digest).is_file() { self.get(digest) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_program_carried_is_of_the_catalog() {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(folder.path());
        let fetched = store.put(b"fetched").unwrap();
        assert_eq!(store.get_of_catalog(&fetched).unwrap(), None);
        let carried = Digest::of(b"carried");
        assert_eq!(store.get_of_catalog(&carried).unwrap(), None);
        store.put_of_catalog(&carried, b"carried").unwrap();
        assert_eq!(store.get_of_catalog(&carried).unwrap().unwrap(), b"carried");
        fs_err::write(store.path(&carried), b"changed").unwrap();
        assert_eq!(store.get_of_catalog(&carried).unwrap(), None);
        store.put_of_catalog(&carried, b"carried").unwrap();
        assert_eq!(store.get_of_catalog(&carried).unwrap().unwrap(), b"carried");
    }
}
