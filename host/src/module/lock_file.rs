//! The file kusion.lock of a project: read once, and changed so that runs at the same time lose nothing.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::files;
use crate::module::{LOCK_FILE, Lock, LockError};
use crate::source::SourceFile;

/// A project is read by everybody who works on it.
const MODE: u32 = 0o644;
/// The most bytes of a lock: far more than the pins of thousands of modules.
const MAX_SIZE: u64 = 16 << 20;

/// Where a project keeps its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    folder: PathBuf,
    path: PathBuf,
}

impl LockFile {
    /// Names the lock in a project's folder; nothing is read yet.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self { path: folder.join(LOCK_FILE), folder }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the lock; without a file it pins nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not what it should be.
    pub fn read(&self) -> Result<Lock, LockError> {
        let unreadable = |source| LockError::Read { path: self.path.clone(), source };
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lock::default()),
            Err(error) => return Err(unreadable(error)),
            Ok(metadata) if metadata.len() > MAX_SIZE => {
                return Err(unreadable(io::Error::other("it is larger than any lock")));
            }
            Ok(_) => {}
        }
        let text = fs::read_to_string(&self.path).map_err(unreadable)?;
        Lock::read(&SourceFile::new(&self.path, text))
    }

    /// Removes what killed runs left of it half-written. What cannot be removed stays.
    pub fn sweep(&self) {
        let _left_as_it_is = files::sweep(&self.folder);
    }

    /// Changes the lock, while no other process does, and returns whether it is another one now.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written.
    pub fn change(&self, change: impl FnOnce(&mut Lock)) -> Result<bool, LockError> {
        self.try_change(|lock| {
            change(lock);
            Ok(())
        })
    }

    /// Changes the lock as [`Self::change`] does, unless the change is refused.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or the change is refused: then the file stays as it is.
    pub fn try_change(
        &self,
        change: impl FnOnce(&mut Lock) -> Result<(), LockError>,
    ) -> Result<bool, LockError> {
        let unwritable = |source| LockError::Write { path: self.path.clone(), source };
        let folder = fs::File::open(&self.folder).map_err(unwritable)?;
        // Some file systems of networks cannot do this. Then the last of two who write at the same time wins.
        let _locked = folder.lock();
        let before = self.read()?;
        let mut after = before.clone();
        change(&mut after)?;
        if after == before {
            return Ok(false);
        }
        let text = after.to_text().map_err(|error| unwritable(io::Error::other(error)))?;
        files::write_atomic(&self.path, text.as_bytes(), MODE).map_err(unwritable)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::digest::Digest;
    use crate::module::Pin;
    use crate::name::{ModuleName, WorkspaceName};

    fn pin() -> Pin {
        Pin {
            source: "oci://r.example.com/a".to_owned(),
            version: Version::new(1, 2, 3),
            manifest: Some(Digest::of(b"manifest")),
            layer: Digest::of(b""),
            signer: None,
        }
    }

    #[test]
    fn changes_at_the_same_time_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = LockFile::in_folder(folder.path());
        assert_eq!(file.read().unwrap(), Lock::default());
        let workspace = WorkspaceName::parse("dev").unwrap();
        let name = |number: usize| ModuleName::parse(format!("m{number}")).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (file, workspace) = (&file, &workspace);
                scope.spawn(move || {
                    let add = |lock: &mut Lock| drop(lock.set(workspace, &name(number), pin()));
                    assert!(file.change(add).unwrap());
                });
            }
        });
        let lock = file.read().unwrap();
        assert!((0..8).all(|number| lock.pin(&workspace, &name(number)) == Some(&pin())));
        assert!(!file.change(|lock| drop(lock.set(&workspace, &name(0), pin()))).unwrap());
    }

    #[test]
    fn a_lock_that_cannot_be_read_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = LockFile::in_folder(folder.path());
        fs::write(file.path(), "lockVersion: 7\n").unwrap();
        let refused = file.change(|lock| *lock = Lock::default());
        assert!(matches!(refused, Err(LockError::Invalid { .. })));
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "lockVersion: 7\n");
    }
}
