//! Locks of the operating system, which it frees when their holder dies.

use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use fs_err::os::unix::fs::OpenOptionsExt;

use super::Record;
use crate::backend::BackendError;
use crate::files::{self, PRIVATE};

/// How long a writer waits for the other writers of a folder, each of which needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Keeps the other writers of a record's folder away until the guard is dropped.
pub(super) fn folder(record: &Record) -> Result<fs_err::File, BackendError> {
    let file = open(&record.folder().join(".lock")).map_err(|error| record.write_error(error))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(BackendError::Busy {
                    key: record.key.clone(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(record.write_error(error)),
        }
    }
}

/// Opens a file to lock, with its missing folders. It is never removed: whoever waits for a lock must
/// wait for the same file as the others.
pub(super) fn open(path: &Path) -> io::Result<fs_err::File> {
    if let Some(folder) = path.parent() {
        files::create_folders(folder, 0o700)?;
    }
    fs_err::OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(path)
}
