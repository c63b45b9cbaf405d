//! How a cluster lives exactly as long as somebody uses it, across processes that may be killed.
//!
//! Every user holds a shared lock on a file, which the kernel frees when a process ends in whatever way. The keeper of
//! the cluster waits for an exclusive lock on it; once it has that nobody can join any more, and it stops everything.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use fs_err::File;

/// Returns a shared lock on `path`, which is made if it is missing. Waits while a keeper is stopping its cluster.
pub(crate) fn hold(path: &Path) -> File {
    loop {
        let file = open(path);
        file.file()
            .lock_shared()
            .unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
        // A keeper removes the file when it is done; a lock on the removed one holds nothing.
        let same = fs_err::metadata(path)
            .is_ok_and(|there| file.metadata().is_ok_and(|here| here.ino() == there.ino()));
        if same {
            return file;
        }
    }
}

/// Returns an exclusive lock on `path`: one process after the other decides whether a cluster must be started.
pub(crate) fn alone(path: &Path) -> File {
    let file = open(path);
    file.file().lock().unwrap_or_else(|error| panic!("cannot lock {}: {error}", path.display()));
    file
}

fn open(path: &Path) -> File {
    let mut options = fs_err::OpenOptions::new();
    options
        .read(true)
        .append(true)
        .create(true)
        .open(path)
        .unwrap_or_else(|error| panic!("{error}"))
}
