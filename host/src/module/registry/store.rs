//! What was fetched, by its digest.
//!
//! ```text
//! content/sha256/<hex>          the bytes, hashed before they are used, each time
//! content/partial/<hex>         the beginning of a download, to be continued
//! content/partial/<hex>.lock    held by the process that downloads
//! content/attached/<hex>/       what belongs to a manifest, see `attached`
//! content/catalog/<hex>         what came with the program, see `catalog`
//! ```

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use sha2::{Digest as _, Sha256};

use super::Descriptor;
use crate::digest::Digest;
use crate::files;

/// Content is public; its folder is made for the user alone all the same, as is all in the user's folder.
const MODE: u32 = 0o600;
/// The folder of what lies under its digest.
const FOLDER: &str = "sha256";

/// Content on disk, by its digest.
#[derive(Debug, Clone)]
pub struct ContentStore {
    root: PathBuf,
}

/// Why content cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error("cannot use the cache of modules")]
    Io {
        /// The file and what the operating system says about it.
        source: io::Error,
    },
    /// What arrived is not what was asked for.
    #[error("the bytes of `{expected}` are those of `{actual}`")]
    Mismatch {
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what arrived.
        actual: Digest,
    },
    /// More arrived than was announced.
    #[error("`{digest}` has more than the {size} bytes that its manifest says")]
    TooLong {
        /// The digest that was asked for.
        digest: Digest,
        /// The number of bytes that the manifest says.
        size: u64,
    },
    /// Less arrived than was announced.
    #[error("`{digest}` has {actual} bytes instead of {size}")]
    TooShort {
        /// The digest that was asked for.
        digest: Digest,
        /// The number of bytes that the manifest says.
        size: u64,
        /// The number of bytes that arrived.
        actual: u64,
    },
}

impl StoreError {
    /// Says what may help, one hint each.
    pub fn hints(&self) -> Vec<String> {
        let Self::Io { source } = self else { return Vec::new() };
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                vec!["free some space and run the command again".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

/// What lies under a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// What the digest says.
    Sound(Vec<u8>),
    /// Something else lay there, and was removed.
    Broken,
    /// Nothing.
    Absent,
}

impl ContentStore {
    /// Uses a folder; nothing is read or made yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns content if it is there and sound.
    ///
    /// # Errors
    ///
    /// The file cannot be read or removed.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(match self.look(digest)? {
            Stored::Sound(bytes) => Some(bytes),
            Stored::Broken | Stored::Absent => None,
        })
    }

    /// Looks whether content is there, and whether it is sound. Broken content is removed, so that it is fetched again.
    ///
    /// # Errors
    ///
    /// The file cannot be read or removed.
    pub fn look(&self, digest: &Digest) -> Result<Stored, StoreError> {
        let path = self.path(digest);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Stored::Absent),
            Err(source) => return Err(StoreError::Io { source }),
        };
        if Digest::of(&bytes) == *digest {
            return Ok(Stored::Sound(bytes));
        }
        tracing::warn!(%digest, "cached content is broken");
        files::ignore_missing(fs::remove_file(&path))
            .map_err(|source| StoreError::Io { source })?;
        Ok(Stored::Broken)
    }

    /// Returns whether content of this size is there; whether it is sound is seen when it is read.
    pub fn has(&self, content: &Descriptor) -> bool {
        let metadata = self.path(&content.digest).symlink_metadata();
        metadata.is_ok_and(|file| file.is_file() && file.len() == content.size)
    }

    /// Keeps bytes.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if self.get(&digest)?.is_none() {
            files::write_atomic(&self.path(&digest), bytes, MODE)
                .map_err(|source| StoreError::Io { source })?;
        }
        Ok(digest)
    }

    /// Removes what killed runs left half-written, but no download that can go on. What cannot be removed stays.
    pub fn sweep(&self) {
        let _left_as_it_is = files::sweep(&self.root.join(FOLDER));
    }

    /// Begins a download, or goes on with one that was broken off. `None` if another process downloads the same at
    /// this moment.
    ///
    /// # Errors
    ///
    /// Its file cannot be opened.
    pub fn download(&self, content: &Descriptor) -> Result<Option<Download>, StoreError> {
        Download::open(self, content).map_err(|source| StoreError::Io { source })
    }

    /// Returns the file of content.
    pub(in crate::module) fn path(&self, digest: &Digest) -> PathBuf {
        self.root.join(FOLDER).join(digest.hex())
    }

    /// Returns the folder in which it is noted what belongs to a manifest.
    pub(super) fn attachments(&self, subject: &Digest) -> PathBuf {
        self.root.join("attached").join(subject.hex())
    }

    /// Returns the file that notes that content came with the program.
    pub(super) fn of_catalog(&self, digest: &Digest) -> PathBuf {
        self.root.join("catalog").join(digest.hex())
    }
}

/// A download on its way into the store. What has arrived stays if it is dropped, and is gone on with.
#[derive(Debug)]
pub struct Download {
    file: fs::File,
    path: PathBuf,
    target: PathBuf,
    content: Descriptor,
    hash: Sha256,
    arrived: u64,
    /// Held until the download is in place, or given up.
    _lock: fs::File,
}

impl Download {
    fn open(store: &ContentStore, content: &Descriptor) -> io::Result<Option<Self>> {
        let folder = store.root.join("partial");
        files::create_folders(&folder, 0o700)?;
        let path = folder.join(content.digest.hex());
        let lock = options().open(path.with_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
        let mut file = options().read(true).open(&path)?;
        let (mut hash, mut arrived) = (Sha256::new(), 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            arrived += bytes.len() as u64;
        }
        let target = store.path(&content.digest);
        let content = content.clone();
        let mut download = Self { file, path, target, content, hash, arrived, _lock: lock };
        if arrived > download.content.size {
            download.restart()?;
        }
        Ok(Some(download))
    }

    /// Returns how many bytes have arrived, so that a server is asked for the rest.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Begins anew, as when a server sends the whole instead of the rest.
    ///
    /// # Errors
    ///
    /// The file cannot be cut.
    pub fn restart(&mut self) -> io::Result<()> {
        use std::io::Seek as _;
        self.file.set_len(0)?;
        self.file.seek(io::SeekFrom::Start(0))?;
        (self.hash, self.arrived) = (Sha256::new(), 0);
        Ok(())
    }

    /// Adds what has arrived. More than was announced is never written.
    ///
    /// # Errors
    ///
    /// There is more than was announced, or it cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let arrived = self.arrived.saturating_add(bytes.len() as u64);
        let Descriptor { digest, size } = self.content;
        if arrived > size {
            self.discard();
            return Err(StoreError::TooLong { digest, size });
        }
        self.file.write_all(bytes).map_err(|source| StoreError::Io { source })?;
        self.hash.update(bytes);
        self.arrived = arrived;
        Ok(())
    }

    /// Puts the content in its place, once it is whole and what was asked for.
    ///
    /// # Errors
    ///
    /// Something is missing, which can be fetched still; or it is something else, and is removed.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let Descriptor { digest, size } = self.content;
        let arrived = self.arrived;
        if arrived < size {
            return Err(StoreError::TooShort { digest, size, actual: arrived });
        }
        let actual = Digest::from(<[u8; 32]>::from(self.hash.finalize_reset()));
        if actual != digest {
            self.discard();
            return Err(StoreError::Mismatch { expected: digest, actual });
        }
        self.place().map_err(|source| StoreError::Io { source })
    }

    /// Nothing is made durable: whatever a crash of the machine leaves is hashed before it is used, and fetched again.
    fn place(&self) -> io::Result<()> {
        let folder = self.target.parent().unwrap_or(Path::new("."));
        files::create_folders(folder, 0o700)?;
        fs::rename(&self.path, &self.target)
    }

    /// Removes what has arrived. If it cannot be removed, the next download finds that it does not fit.
    pub(super) fn discard(&self) {
        let _stays = fs::remove_file(&self.path);
    }
}

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(MODE);
    options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, ContentStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(folder.path().join("content"));
        (folder, store)
    }

    fn content(bytes: &[u8]) -> Descriptor {
        Descriptor { digest: Digest::of(bytes), size: bytes.len() as u64 }
    }

    #[test]
    fn what_is_kept_is_returned_and_what_is_broken_is_not() {
        let (_folder, store) = store();
        let digest = store.put(b"bytes").unwrap();
        assert_eq!(store.get(&digest).unwrap().as_deref(), Some(&b"bytes"[..]));
        fs::write(store.path(&digest), b"bytez").unwrap();
        assert_eq!(store.get(&digest).unwrap(), None);
        assert!(!store.path(&digest).exists());
        assert_eq!(store.put(b"bytes").unwrap(), digest);
        assert!(store.get(&digest).unwrap().is_some());
    }

    #[test]
    fn a_download_goes_on_where_it_was_broken_off() {
        let (_folder, store) = store();
        let content = content(b"hello, world");
        let mut first = store.download(&content).unwrap().unwrap();
        first.write(b"hello").unwrap();
        assert!(store.download(&content).unwrap().is_none(), "two downloads at once");
        drop(first);
        assert_eq!(store.get(&content.digest).unwrap(), None);
        let mut second = store.download(&content).unwrap().unwrap();
        assert_eq!(second.arrived(), 5);
        second.write(b", world").unwrap();
        second.finish().unwrap();
        assert_eq!(store.get(&content.digest).unwrap().unwrap(), b"hello, world");
    }

    #[test]
    fn what_arrives_and_is_something_else_is_never_kept() {
        let (_folder, store) = store();
        let content = content(b"hello");
        let write = |bytes: &[u8]| {
            let mut download = store.download(&content).unwrap().unwrap();
            download.restart().unwrap();
            download.write(bytes).and_then(|()| download.finish()).unwrap_err().to_string()
        };
        let digest = content.digest;
        let jello = Digest::of(b"jello");
        assert_eq!(write(b"jello"), format!("the bytes of `{digest}` are those of `{jello}`"));
        let long = format!("`{digest}` has more than the 5 bytes that its manifest says");
        assert_eq!(write(b"hello!"), long);
        assert_eq!(write(b"hell"), format!("`{digest}` has 4 bytes instead of 5"));
        assert_eq!(store.get(&digest).unwrap(), None);
        // What is only missing its end is kept, the rest is not.
        assert_eq!(store.download(&content).unwrap().unwrap().arrived(), 4);
    }

    #[test]
    fn a_beginning_that_is_too_long_begins_anew() {
        let (_folder, store) = store();
        let content = content(b"ab");
        let path = store.root.join("partial").join(content.digest.hex());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"abcdef").unwrap();
        let mut download = store.download(&content).unwrap().unwrap();
        assert_eq!(download.arrived(), 0);
        download.write(b"ab").unwrap();
        download.finish().unwrap();
        assert!(store.get(&content.digest).unwrap().is_some());
    }
}
