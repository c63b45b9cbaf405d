//! Records as files below a folder of this machine.
//!
//! A record is a file of its own, `<root>/<key>`. Files whose name begins with a dot are ours: `.lock`
//! in every folder orders the writers of its records, `.<name>.lock` and `.<name>.lease` make a lease.
//! No key has such a name.
//!
//! Writes under a lease and the step that raises its generation exclude each other by the `.lock` in the
//! folder that the lease protects. A writer takes that one first and the one of its record's folder second,
//! so writers of several folders never wait for each other in a circle.

mod lease;
mod lock;

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fs_err::os::unix::fs::OpenOptionsExt;

use self::lease::LocalLease;
use crate::backend::key::LEASED;
use crate::backend::{
    Backend, BackendError, Expected, Holder, Key, Lease, MAX_RECORD, SharedKey, Tag,
};
use crate::files::{self, PRIVATE, blocking};

/// The deepest folder below a prefix that is listed; our deepest key has five segments.
const MAX_DEPTH: usize = 16;

/// Stores records below a folder.
#[derive(Debug, Clone)]
pub struct LocalBackend {
    root: PathBuf,
}

impl LocalBackend {
    /// Stores records below `root`, which the first write creates.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Lists the folders in which a holder of the key's lease writes, and those of shared records.
    fn folders_of(&self, key: &Key) -> BTreeSet<PathBuf> {
        let own = self.root.join(key.as_str());
        let below: PathBuf = key.segments().skip(1).collect();
        let records = LEASED.map(|top| self.root.join(top).join(&below));
        let mut folders = BTreeSet::from([self.root.clone(), self.root.join("workspaces")]);
        for record in records.into_iter().chain([own]) {
            folders.extend(record.parent().map(Path::to_path_buf));
            folders.insert(record);
        }
        folders
    }

    fn record(&self, key: &Key) -> Record {
        Record { key: key.clone(), path: self.root.join(key.as_str()) }
    }
}

/// A key and the file it stands for.
#[derive(Debug, Clone)]
struct Record {
    key: Key,
    path: PathBuf,
}

impl Record {
    fn read_error(&self, source: io::Error) -> BackendError {
        BackendError::Read { key: self.key.clone(), place: self.place(), source }
    }

    fn write_error(&self, source: io::Error) -> BackendError {
        BackendError::Write { key: self.key.clone(), place: self.place(), source }
    }

    fn place(&self) -> String {
        format!("`{}`", self.path.display())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// Names a file of ours beside the record.
    fn beside(&self, suffix: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.folder().join(format!(".{name}.{suffix}"))
    }

    /// Does a write while no other writer is in the record's folder.
    fn alone<T>(
        &self,
        write: impl FnOnce(&Self) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let _writing = lock::folder(self, self.folder())?;
        write(self)
    }

    fn get(&self) -> Result<Option<(Vec<u8>, Tag)>, BackendError> {
        let file = match fs_err::File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| self.read_error(error))?,
        };
        let size = file.metadata().map_err(|error| self.read_error(error))?.len();
        self.check_size(size)?;
        let mut bytes = Vec::new();
        // The file may have grown since: one byte more than allowed is enough to see it.
        file.take(MAX_RECORD + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| self.read_error(error))?;
        self.check_size(bytes.len() as u64)?;
        let tag = Tag::of_content(&bytes);
        Ok(Some((bytes, tag)))
    }

    fn check_size(&self, size: u64) -> Result<(), BackendError> {
        if size > MAX_RECORD {
            return Err(BackendError::TooLarge { key: self.key.clone(), size, limit: MAX_RECORD });
        }
        Ok(())
    }

    /// Writes the record; the caller has the lock of its folder.
    fn put_if(&self, expected: &Expected, bytes: &[u8]) -> Result<Tag, BackendError> {
        self.check_size(bytes.len() as u64)?;
        let conflict = || BackendError::Conflict { key: self.key.clone() };
        files::sweep(self.folder()).map_err(|error| self.write_error(error))?;
        match expected {
            Expected::Absent => {
                let made = files::write_new(&self.path, bytes, PRIVATE);
                if !made.map_err(|error| self.write_error(error))? {
                    return Err(conflict());
                }
            }
            Expected::Tag(tag) => {
                let (_, present) = self.get()?.ok_or_else(conflict)?;
                if present != *tag {
                    return Err(conflict());
                }
                files::write_atomic(&self.path, bytes, PRIVATE)
                    .map_err(|error| self.write_error(error))?;
            }
        }
        Ok(Tag::of_content(bytes))
    }

    /// Appends to the record; the caller has the lock of its folder.
    fn append(&self, lines: &[Vec<u8>]) -> Result<(), BackendError> {
        if lines.iter().any(|line| line.contains(&b'\n')) {
            return Err(self.write_error(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a line of a log holds a line break",
            )));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let bytes: Vec<u8> =
            lines.iter().flat_map(|line| [line.as_slice(), b"\n"]).flatten().copied().collect();
        self.append_bytes(&bytes).map_err(|error| self.write_error(error))
    }

    fn append_bytes(&self, bytes: &[u8]) -> io::Result<()> {
        let mut options = fs_err::OpenOptions::new();
        let mut log = options.append(true).create(true).mode(PRIVATE).open(&self.path)?;
        let before = log.metadata()?.len();
        let written = log.write_all(bytes).and_then(|()| log.sync_data());
        if let Err(error) = written {
            // A full disk takes a part of the lines. Without it the log ends as it did; if it cannot be
            // taken back, readers ignore it.
            drop(log.set_len(before));
            return Err(error);
        }
        if before == 0 { files::sync_folder(self.folder()) } else { Ok(()) }
    }

    /// Deletes the record; the caller has the lock of its folder.
    fn delete(&self) -> Result<(), BackendError> {
        files::ignore_missing(fs_err::remove_file(&self.path))
            .and_then(|()| files::sync_folder(self.folder()))
            .map_err(|error| self.write_error(error))
    }

    fn list(&self) -> Result<Vec<Key>, BackendError> {
        let mut keys = Vec::new();
        let mut folders = vec![(self.key.clone(), self.path.clone(), 0)];
        while let Some((key, path, depth)) = folders.pop() {
            let entries = match fs_err::read_dir(&path) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) =>
                {
                    continue;
                }
                entries => entries.map_err(|error| self.read_error(error))?,
            };
            for entry in entries {
                let entry = entry.map_err(|error| self.read_error(error))?;
                let Ok(below) =
                    Key::parse(format!("{key}/{}", entry.file_name().to_string_lossy()))
                else {
                    continue;
                };
                let kind = entry.file_type().map_err(|error| self.read_error(error))?;
                if kind.is_file() {
                    keys.push(below);
                } else if kind.is_dir() && depth < MAX_DEPTH {
                    folders.push((below, entry.path(), depth + 1));
                }
            }
        }
        keys.sort();
        Ok(keys)
    }
}

#[async_trait]
impl Backend for LocalBackend {
    #[tracing::instrument(level = "debug", name = "read record", skip_all, fields(key = %key))]
    async fn get(&self, key: &Key) -> Result<Option<(Vec<u8>, Tag)>, BackendError> {
        let record = self.record(key);
        blocking(move || record.get()).await
    }

    #[tracing::instrument(level = "debug", name = "write record", skip_all, fields(key = %key.key(), bytes = bytes.len()))]
    async fn put_if(
        &self,
        key: &SharedKey,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError> {
        let (record, bytes) = (self.record(key.key()), bytes.to_vec());
        blocking(move || record.alone(|record| record.put_if(&expected, &bytes))).await
    }

    #[tracing::instrument(level = "debug", name = "delete record", skip_all, fields(key = %key.key()))]
    async fn delete(&self, key: &SharedKey, expected: &Tag) -> Result<(), BackendError> {
        let (record, expected) = (self.record(key.key()), expected.clone());
        blocking(move || {
            if !record.folder().is_dir() {
                return Ok(());
            }
            record.alone(|record| match record.get()? {
                Some((_, present)) if present != expected => {
                    Err(BackendError::Conflict { key: record.key.clone() })
                }
                Some(_) => record.delete(),
                None => Ok(()),
            })
        })
        .await
    }

    #[tracing::instrument(level = "debug", name = "list records", skip_all, fields(key = %prefix))]
    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError> {
        let record = self.record(prefix);
        blocking(move || record.list()).await
    }

    #[tracing::instrument(level = "debug", name = "take lease", skip_all, fields(key = %key, generation))]
    async fn lease(&self, key: &Key, holder: &Holder) -> Result<Box<dyn Lease>, BackendError> {
        let (backend, key, holder) = (self.clone(), key.clone(), holder.clone());
        let lease = blocking(move || LocalLease::take(backend, &key, holder)).await?;
        tracing::Span::current().record("generation", lease.generation());
        Ok(Box::new(lease))
    }
}

#[cfg(test)]
mod tests;
