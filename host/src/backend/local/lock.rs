//! Locks of the operating system, which it frees when their holder dies.

use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
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

/// Keeps the other writers of a folder away until the guard is dropped; `record` is what an error names.
pub(super) fn folder(record: &Record, folder: &Path) -> Result<fs_err::File, BackendError> {
    let path = folder.join(".lock");
    let failed = |error| record.write_error(error);
    let deadline = Instant::now() + PATIENCE;
    let mut file = open(&path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) if is_at(&file, &path) => return Ok(file),
            // Somebody removed the file: the other writers lock another one of the same name.
            Ok(()) if Instant::now() < deadline => file = open(&path).map_err(failed)?,
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(()) | Err(TryLockError::WouldBlock) => {
                return Err(BackendError::Busy {
                    key: record.key.clone(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
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

/// Returns whether an open file is still the one of this name.
pub(super) fn is_at(file: &fs_err::File, path: &Path) -> bool {
    let place = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let ours = file.metadata().map(place);
    let present = fs_err::metadata(path).map(place);
    matches!((ours, present), (Ok(ours), Ok(present)) if ours == present)
}
