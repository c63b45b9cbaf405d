//! The folder of the files: reads, writes and removes, and never follows a link out of it.

use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::files;
use crate::runtime::RuntimeError;

/// The largest file that is read; nothing we write comes near.
const MAX_FILE_SIZE: u64 = 16 * 1024 * 1024;

/// The mode of the folders.
const FOLDER_MODE: u32 = 0o755;

/// What is at the place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A file with its bytes.
    File(Vec<u8>),
    /// Something that can be replaced by a file but has no content for us; the text says what.
    Other(&'static str),
    /// A folder, or something else that no file can replace.
    Obstacle,
}

/// A folder whose last two levels, the workspace's and the stack's, are ours.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the path of a file.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Looks at the place of a file.
    pub(super) fn look(&self, name: &str) -> Result<Found, RuntimeError> {
        self.check()?;
        let path = self.file(name);
        let read = |source| RuntimeError::Read { path: path.clone(), source };
        let metadata = match fs_err::symlink_metadata(&path) {
            Err(error) if is_missing(&error) => return Ok(Found::Nothing),
            metadata => metadata.map_err(read)?,
        };
        if metadata.is_symlink() {
            return Ok(Found::Other("a symbolic link"));
        }
        if !metadata.is_file() {
            return Ok(Found::Obstacle);
        }
        let mut bytes = Vec::new();
        let file = fs_err::File::open(&path).map_err(read)?;
        file.take(MAX_FILE_SIZE + 1).read_to_end(&mut bytes).map_err(read)?;
        if bytes.len() as u64 > MAX_FILE_SIZE {
            return Ok(Found::Other("a file of more than 16 MiB"));
        }
        Ok(Found::File(bytes))
    }

    /// Writes a file whole.
    pub(super) fn write(&self, name: &str, bytes: &[u8], mode: u32) -> Result<(), RuntimeError> {
        self.check()?;
        let path = self.file(name);
        files::write_atomic_in(&path, bytes, mode, FOLDER_MODE)
            .map_err(|source| RuntimeError::Write { path, source })
    }

    /// Removes a file; one that is gone already is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), RuntimeError> {
        self.check()?;
        let path = self.file(name);
        // A removal that power takes back would leave a resource in the target and none on record.
        let removed = match fs_err::remove_file(&path) {
            Err(error) if is_missing(&error) => Ok(()),
            removed => removed.and_then(|()| files::sync_folder(&self.path)),
        };
        removed.map_err(|source| RuntimeError::Remove { path, source })
    }

    /// Removes the files that runs which died left half-written; some may hold secrets.
    pub(super) fn sweep(&self) -> Result<(), RuntimeError> {
        self.check()?;
        files::sweep(&self.path)
            .map_err(|source| RuntimeError::Remove { path: self.path.clone(), source })
    }

    /// Removes the folders of the stack and the workspace if nothing is in them any more.
    pub(super) fn tidy(&self) -> Result<(), RuntimeError> {
        let failed = |path: &Path, source| RuntimeError::Remove { path: path.to_owned(), source };
        for path in self.own_levels() {
            match fs_err::remove_dir(path) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => break,
                Err(error) if !is_missing(&error) => return Err(failed(path, error)),
                _ => {}
            }
        }
        Ok(())
    }

    fn own_levels(&self) -> impl Iterator<Item = &Path> {
        self.path.ancestors().take(2)
    }

    /// Refuses folders that lead elsewhere.
    fn check(&self) -> Result<(), RuntimeError> {
        for path in self.own_levels() {
            match fs_err::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(RuntimeError::NoFolder { path: path.to_owned() }),
                Err(error) if is_missing(&error) => {}
                Err(source) => return Err(RuntimeError::Read { path: path.to_owned(), source }),
            }
        }
        Ok(())
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
}
