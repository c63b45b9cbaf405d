//! Compiled code on disk, and what is known of the components it was made of.
//!
//! wasmtime does not check the compiled code it loads: one flipped bit can crash the process or change
//! a result. So an entry ends with a hash of its content and of what it is the code of, the folder
//! belongs to the user alone, and the very file that was hashed is the file that is mapped. kusion never
//! writes into a file of the cache again: it writes another and renames it. An entry that fails any check
//! is a miss.
//! An attacker who is the same user is out of scope.

use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::Description;
use crate::files;

mod entry;
mod prune;

pub(super) use entry::Entry;

/// How old the time of an entry may be before a use renews it. Each renewal is a write.
const RENEWAL: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of compiled code for one engine configuration.
#[derive(Debug, Clone)]
pub(super) struct CodeCache {
    root: PathBuf,
    folder: PathBuf,
    engine: String,
}

/// Says that the folder cannot be trusted.
#[derive(Debug)]
pub(super) struct Untrusted(pub(super) PathBuf);

/// What was found out about a component when it was compiled, so that it need not be found out again.
///
/// All of it follows from the component and this version of kusion alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// The most expanded instances that were allowed when the component was inspected.
    pub(super) expanded_instances: u64,
    /// Whether it imports WASI.
    pub(super) needs_wasi: bool,
    /// What it says about itself.
    pub(super) description: Description,
}

impl CodeCache {
    /// Uses a subfolder of `root` named by the engine's configuration.
    pub(super) fn new(root: &Path, engine: &str) -> Self {
        Self { root: root.to_owned(), folder: root.join(engine), engine: engine.to_owned() }
    }

    /// Returns what is kept of a component if a sound entry exists.
    pub(super) fn read(&self, digest: &Digest) -> Result<Option<Entry>, Untrusted> {
        if !self.folder.exists() {
            return Ok(None);
        }
        self.check_folder()?;
        Ok(self.read_entry(digest))
    }

    fn read_entry(&self, digest: &Digest) -> Option<Entry> {
        let file = fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(self.path(digest))
            .ok()?;
        let metadata = file.metadata().ok()?;
        if metadata.uid() != rustix::process::getuid().as_raw() || metadata.mode() & 0o077 != 0 {
            return None;
        }
        let modified = metadata.modified().ok()?;
        if modified.elapsed().is_ok_and(|age| age > RENEWAL) {
            // An entry whose time cannot be renewed is made again one day.
            let _stays_old = file.file().set_modified(SystemTime::now());
        }
        let entry = Entry::open([&self.engine, &digest.hex()], file);
        if entry.is_none() {
            tracing::warn!(component = %digest, "the compiled code on disk was changed, and is not used");
        }
        entry
    }

    /// Stores compiled code. The cache only saves time, so a full disk is no error here.
    pub(super) fn write(
        &self,
        digest: &Digest,
        code: &[u8],
        facts: Option<&Facts>,
    ) -> Result<(), Untrusted> {
        let mut builder = std::fs::DirBuilder::new();
        if builder.recursive(true).mode(0o700).create(&self.folder).is_err() {
            return Ok(());
        }
        self.check_folder()?;
        let trailer = Entry::trailer([&self.engine, &digest.hex()], code, facts);
        let _not_stored = files::write_disposable(&self.path(digest), &[code, &trailer]);
        prune::prune(&self.root, SystemTime::now());
        Ok(())
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(format!("{}.{}", digest.hex(), prune::EXTENSION))
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
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn cache() -> (tempfile::TempDir, CodeCache, Digest) {
        let root = tempfile::tempdir().unwrap();
        let cache = CodeCache::new(root.path(), "engine");
        let digest = Digest::of(b"component");
        cache.write(&digest, b"native code", Some(&facts())).unwrap();
        (root, cache, digest)
    }

    fn facts() -> Facts {
        let description = Description {
            name: "n".to_owned(),
            version: "1.0.0".to_owned(),
            kind: "workload".to_owned(),
            summary: "It is.".to_owned(),
            context_keys: Vec::new(),
            developer_schema: true.into(),
            platform_schema: serde_json::json!({"type": "object"}),
            resource_types: vec!["v1:Pod".to_owned()],
            wants_workload_resource: false,
        };
        Facts { expanded_instances: 3, needs_wasi: true, description }
    }

    fn read(cache: &CodeCache, digest: &Digest) -> Option<(Vec<u8>, Option<Facts>)> {
        let mut entry = cache.read(digest).unwrap()?;
        let facts = entry.take_facts();
        let mapped = fs::read(entry.path()).unwrap();
        let code = entry.code().unwrap();
        assert!(mapped.starts_with(&code));
        Some((code, facts))
    }

    #[test]
    fn what_was_written_is_read() {
        let (_root, cache, digest) = cache();
        let code = b"native code".to_vec();
        assert_eq!(read(&cache, &digest), Some((code.clone(), Some(facts()))));
        assert_eq!(read(&cache, &Digest::of(b"other")), None);
        cache.write(&digest, &code, None).unwrap();
        assert_eq!(read(&cache, &digest), Some((code, None)));
    }

    #[test]
    fn code_of_any_length_is_hashed_to_its_end() {
        let (_root, cache, digest) = cache();
        for length in [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 200_000] {
            let code: Vec<u8> = (0..length).map(|at: usize| at.to_le_bytes()[0]).collect();
            cache.write(&digest, &code, Some(&facts())).unwrap();
            assert_eq!(read(&cache, &digest), Some((code, Some(facts()))), "{length} bytes");
        }
    }

    #[test]
    fn a_use_renews_the_time_of_an_old_entry() {
        let (_root, cache, digest) = cache();
        let file = fs::File::open(cache.path(&digest)).unwrap();
        let age = || file.metadata().unwrap().modified().unwrap().elapsed().unwrap();
        for (old, renewed) in [(RENEWAL * 2, true), (RENEWAL / 2, false)] {
            file.file().set_modified(SystemTime::now() - old).unwrap();
            cache.read(&digest).unwrap().unwrap();
            assert_eq!(age() < old / 2, renewed);
        }
    }

    #[test]
    fn every_flipped_bit_makes_a_miss() {
        let (_root, cache, digest) = cache();
        let path = cache.path(&digest);
        let sound = fs::read(&path).unwrap();
        for bit in 0..sound.len() * 8 {
            let mut altered = sound.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, altered).unwrap();
            assert_eq!(read(&cache, &digest), None, "bit {bit}");
        }
    }

    #[test]
    fn a_truncated_entry_is_a_miss() {
        let (_root, cache, digest) = cache();
        let path = cache.path(&digest);
        let sound = fs::read(&path).unwrap();
        for length in 0..sound.len() {
            fs::write(&path, &sound[..length]).unwrap();
            assert_eq!(read(&cache, &digest), None, "{length} bytes");
        }
    }

    #[test]
    fn an_entry_under_another_name_is_a_miss() {
        let (root, cache, digest) = cache();
        let other = Digest::of(b"other");
        fs::copy(cache.path(&digest), cache.path(&other)).unwrap();
        assert_eq!(read(&cache, &other), None);
        fs::rename(&cache.folder, root.path().join("newer")).unwrap();
        assert_eq!(read(&CodeCache::new(root.path(), "newer"), &digest), None);
    }

    #[test]
    fn an_entry_that_others_could_write_is_a_miss() {
        let (_root, cache, digest) = cache();
        fs::set_permissions(cache.path(&digest), std::fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(read(&cache, &digest), None);
    }

    #[test]
    fn a_folder_that_others_could_write_is_refused() {
        let (_root, cache, digest) = cache();
        fs::set_permissions(&cache.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(cache.read(&digest).is_err());
        assert!(cache.write(&digest, b"x", None).is_err());
    }
}
