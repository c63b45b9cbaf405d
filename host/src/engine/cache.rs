//! Compiled code on disk.
//!
//! wasmtime does not check the compiled code it loads: one flipped bit can crash the process or change
//! a result. So an entry ends with a hash of the code and of what it is the code of, the folder
//! belongs to the user alone, and the very bytes that were hashed are the bytes that are loaded. An
//! entry that fails any check is a miss.
//! An attacker who is the same user is out of scope.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use crate::digest::Digest;

const HASH_LENGTH: usize = 32;

/// A folder of compiled code for one engine configuration.
#[derive(Debug, Clone)]
pub(super) struct CodeCache {
    folder: PathBuf,
    engine: String,
}

/// Says that the folder cannot be trusted.
#[derive(Debug)]
pub(super) struct Untrusted(pub(super) PathBuf);

impl CodeCache {
    /// Uses a subfolder of `root` named by the engine's configuration.
    pub(super) fn new(root: &Path, engine: &str) -> Self {
        Self { folder: root.join(engine), engine: engine.to_owned() }
    }

    /// Returns the compiled code of a component if a sound entry exists.
    pub(super) fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Untrusted> {
        if !self.folder.exists() {
            return Ok(None);
        }
        self.check_folder()?;
        Ok(self.read_entry(digest))
    }

    fn read_entry(&self, digest: &Digest) -> Option<Vec<u8>> {
        let mut file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(self.entry(digest))
            .ok()?;
        let metadata = file.metadata().ok()?;
        if metadata.uid() != rustix::process::getuid().as_raw() || metadata.mode() & 0o077 != 0 {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        file.read_to_end(&mut bytes).ok()?;
        let code = bytes.len().checked_sub(HASH_LENGTH)?;
        let (code, hash) = bytes.split_at_checked(code)?;
        if self.seal(digest, code) != *hash.first_chunk::<HASH_LENGTH>()? {
            return None;
        }
        bytes.truncate(code.len());
        Some(bytes)
    }

    /// Stores compiled code. The cache only saves time, so a full disk is no error here.
    pub(super) fn write(&self, digest: &Digest, code: &[u8]) -> Result<(), Untrusted> {
        let mut builder = std::fs::DirBuilder::new();
        if builder.recursive(true).mode(0o700).create(&self.folder).is_err() {
            return Ok(());
        }
        self.check_folder()?;
        let _not_stored = self.write_entry(digest, code);
        Ok(())
    }

    fn write_entry(&self, digest: &Digest, code: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)?;
        file.write_all(code)?;
        file.write_all(self.seal(digest, code).as_bytes())?;
        file.persist(self.entry(digest))?;
        Ok(())
    }

    /// Returns the hash that an entry ends with. It covers the entry's name too, so that an entry
    /// under another name, or in the folder of another engine, is a miss.
    fn seal(&self, digest: &Digest, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for part in [self.engine.as_bytes(), digest.hex().as_bytes(), code] {
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }

    fn entry(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.code", digest.hex()))
    }

    fn check_folder(&self) -> Result<(), Untrusted> {
        let trusted = fs::symlink_metadata(&self.folder).is_ok_and(|metadata| {
            metadata.is_dir()
                && metadata.uid() == rustix::process::getuid().as_raw()
                && metadata.mode() & 0o077 == 0
        });
        if trusted { Ok(()) } else { Err(Untrusted(self.folder.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, CodeCache, Digest) {
        let root = tempfile::tempdir().unwrap();
        let cache = CodeCache::new(root.path(), "engine");
        let digest = Digest::of(b"component");
        cache.write(&digest, b"native code").unwrap();
        (root, cache, digest)
    }

    #[test]
    fn what_was_written_is_read() {
        let (_root, cache, digest) = cache();
        assert_eq!(cache.read(&digest).unwrap().unwrap(), b"native code");
        assert_eq!(cache.read(&Digest::of(b"other")).unwrap(), None);
    }

    #[test]
    fn every_flipped_bit_makes_a_miss() {
        let (_root, cache, digest) = cache();
        let path = cache.entry(&digest);
        let sound = fs::read(&path).unwrap();
        for bit in 0..sound.len() * 8 {
            let mut altered = sound.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, altered).unwrap();
            assert_eq!(cache.read(&digest).unwrap(), None, "bit {bit}");
        }
    }

    #[test]
    fn a_truncated_entry_is_a_miss() {
        let (_root, cache, digest) = cache();
        let path = cache.entry(&digest);
        let sound = fs::read(&path).unwrap();
        for length in 0..sound.len() {
            fs::write(&path, &sound[..length]).unwrap();
            assert_eq!(cache.read(&digest).unwrap(), None, "{length} bytes");
        }
    }

    #[test]
    fn an_entry_under_another_name_is_a_miss() {
        let (root, cache, digest) = cache();
        let other = Digest::of(b"other");
        fs::copy(cache.entry(&digest), cache.entry(&other)).unwrap();
        assert_eq!(cache.read(&other).unwrap(), None);
        fs::rename(&cache.folder, root.path().join("newer")).unwrap();
        assert_eq!(CodeCache::new(root.path(), "newer").read(&digest).unwrap(), None);
    }

    #[test]
    fn an_entry_that_others_could_write_is_a_miss() {
        let (_root, cache, digest) = cache();
        fs::set_permissions(cache.entry(&digest), std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(cache.read(&digest).unwrap(), None);
    }

    #[test]
    fn a_folder_that_others_could_write_is_refused() {
        let (_root, cache, digest) = cache();
        fs::set_permissions(&cache.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(cache.read(&digest).is_err());
        assert!(cache.write(&digest, b"x").is_err());
    }
}
