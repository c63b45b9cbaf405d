//! Writing files so that a reader, a crash or a second process never sees half of one.
//!
//! A new content goes to a temporary file in the same folder, is made durable, and takes the place of
//! the old one in one step. The writer holds a lock of the operating system on its temporary file, so
//! [`sweep`] can tell what a dead process left from what a living one is writing.

use std::fs::TryLockError;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use fs_err::os::unix::fs::OpenOptionsExt;

use tempfile::NamedTempFile;

const TEMPORARY_PREFIX: &str = ".kusion-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The mode of a file that nobody but its owner may read.
pub(crate) const PRIVATE: u32 = 0o600;

/// The mode of a file for everybody; the umask takes away what it shall.
const PUBLIC: u32 = 0o644;
/// How long a process waits for another one that changes the same file, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const PAUSE: Duration = Duration::from_millis(2);
/// How often a writer makes its folder anew: somebody may remove it as long as it is empty, and that does not
/// happen again and again.
const ATTEMPTS: usize = 100;

/// Whether a file must survive a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    Durable,
    Disposable,
}

/// Writes a file for everybody, whole or not at all, with its missing folders.
///
/// What an earlier write that died left beside it is removed.
///
/// # Errors
///
/// The file or its folder cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    sweep(folder_of(path))?;
    write_atomic(path, bytes, PUBLIC)
}

/// Writes a file for everybody piece by piece, whole or not at all, with its missing folders. What `write` refuses
/// leaves nothing.
pub(crate) fn write_file_with<E>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> io::Result<Result<(), E>> {
    let folder = folder_of(path);
    create_folders(folder, folder_mode(PUBLIC))?;
    sweep(folder)?;
    let mut out = io::BufWriter::new(new_temporary(folder, PUBLIC)?);
    if let Err(error) = write(&mut out) {
        return Ok(Err(error));
    }
    let temporary = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|refused| refused.error)?;
    sync_folder(folder).map(Ok)
}

/// Replaces a file, or creates it, with its missing folders.
///
/// The process's umask applies to `mode`, as it does when a file is opened. Folders get the same
/// rights, and the right to enter where there is the right to read.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    write_atomic_in(path, bytes, mode, folder_mode(mode))
}

/// Like [`write_atomic`], with the mode of the missing folders.
pub(crate) fn write_atomic_in(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    folder_mode: u32,
) -> io::Result<()> {
    in_folder(path, folder_mode, |folder| {
        let temporary = write_temporary(folder, &[bytes], mode, Durability::Durable)?;
        temporary.persist(path).map_err(|refused| refused.error)?;
        sync_folder(folder)
    })
}

/// Writes the parts of a private file that can be made again, whole, into a folder that exists.
///
/// It is not made durable: after a crash of the machine its content may be anything, so whoever reads it
/// must be able to tell. What an earlier write that died left beside it is removed.
pub(crate) fn write_disposable(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let folder = folder_of(path);
    sweep(folder)?;
    let temporary = write_temporary(folder, parts, PRIVATE, Durability::Disposable)?;
    temporary.persist(path).map_err(|refused| refused.error)?;
    Ok(())
}

/// Creates a file that must not exist yet, with its missing folders; returns `false` and changes nothing if it does.
///
/// # Errors
///
/// The file or its folder cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    in_folder(path, folder_mode(mode), |folder| {
        let temporary = write_temporary(folder, &[bytes], mode, Durability::Durable)?;
        match temporary.persist_noclobber(path) {
            Ok(_) => sync_folder(folder).map(|()| true),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(refused) => Err(refused.error),
        }
    })
}

/// Creates an empty file, with its missing folders, unless it is there. A file that says nothing is never half-written.
pub(crate) fn touch(path: &Path, mode: u32) -> io::Result<()> {
    in_folder(path, folder_mode(mode), |folder| {
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(mode).open(path)?;
        sync_folder(folder)
    })
}

/// Creates a folder and its missing parents, durably.
pub(crate) fn create_folders(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folders(parent, mode)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.mode(mode);
    match builder.create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => {
            Err(error)
        }
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs_err::File::open(or_current(folder))?.sync_all()
}

/// Removes the temporary files that dead writers left in a folder; living writers keep theirs.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    let entries = match fs_err::read_dir(folder) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(TEMPORARY_PREFIX) || !name.ends_with(TEMPORARY_SUFFIX) {
            continue;
        }
        let Ok(file) = fs_err::File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() {
            ignore_missing(fs_err::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

/// Keeps other processes that change the same file away until the guard is dropped. `path` is a file for
/// this purpose only; it is made with its missing folders, and stays.
pub(crate) fn lock(path: &Path) -> io::Result<fs_err::File> {
    create_folders(folder_of(path), 0o700)?;
    let mut options = fs_err::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(PRIVATE).open(path)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                let seconds = PATIENCE.as_secs();
                let message = format!("another process kept it locked for {seconds} seconds");
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Runs file work on a thread that may wait, so that events and progress go on meanwhile.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down drops work; then nobody polls this future again.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Turns "there is no such file" into success.
pub(crate) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Writes into the folder of a path, which is made with its missing parents. Who finds a folder empty may remove
/// it, so it may be gone again before something is in it; then it is made anew.
fn in_folder<T>(path: &Path, mode: u32, write: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = folder_of(path);
    let mut attempts = 1;
    loop {
        match create_folders(folder, mode).and_then(|()| write(folder)) {
            // Gone before it was used, or made by another and gone before it was seen.
            Err(error) if is_fleeting(&error) && attempts < ATTEMPTS => attempts += 1,
            done => return done,
        }
    }
}

fn is_fleeting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists)
}

/// Returns the rights of a file, and the right to enter where there is the right to read.
fn folder_mode(mode: u32) -> u32 {
    mode | ((mode & 0o444) >> 2)
}

/// Writes and locks a temporary file.
///
/// A sweeper can meet the file between its creation and the lock and remove it; then the file has no
/// name any more, and another is made.
fn write_temporary(
    folder: &Path,
    parts: &[&[u8]],
    mode: u32,
    durability: Durability,
) -> io::Result<NamedTempFile> {
    let mut temporary = new_temporary(folder, mode)?;
    for part in parts {
        temporary.write_all(part)?;
    }
    if durability == Durability::Durable {
        temporary.as_file().sync_all()?;
    }
    Ok(temporary)
}

fn new_temporary(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    loop {
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .suffix(TEMPORARY_SUFFIX)
            .permissions(std::fs::Permissions::from_mode(mode))
            .tempfile_in(folder)?;
        temporary.as_file().lock()?;
        if temporary.as_file().metadata()?.nlink() > 0 {
            return Ok(temporary);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    or_current(path.parent().unwrap_or(Path::new("")))
}

fn or_current(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs_err::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_empty_file_is_made_once_and_leaves_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        touch(&path, PRIVATE).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"");
        fs_err::write(&path, "something").unwrap();
        touch(&path, PRIVATE).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"something");
    }

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        write_atomic(&path, b"a longer text", PRIVATE).unwrap();
        write_atomic(&path, b"short", PRIVATE).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"short");
        assert_eq!(names(path.parent().unwrap()), ["file"]);
        let mode = |path: &Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn folders_that_others_remove_when_they_are_empty_are_made_again() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|writer| {
                    let path = root.path().join(format!("shared/own{writer}/file"));
                    scope.spawn(move || {
                        for round in 0..40 {
                            match round % 2 {
                                0 => write_atomic(&path, b"text", PRIVATE).unwrap(),
                                _ => assert!(write_new(&path, b"text", PRIVATE).unwrap()),
                            }
                            fs_err::remove_file(&path).unwrap();
                            let _in_use = path.parent().map(fs_err::remove_dir);
                        }
                    })
                })
                .collect();
            // Each time it can make each writer try twice again, which stays below what a writer bears.
            for _ in 0..ATTEMPTS / 4 {
                for folder in ["shared/own0", "shared/own1", "shared/own2", "shared"] {
                    let _in_use = fs_err::remove_dir(root.path().join(folder));
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            writers.into_iter().for_each(|writer| writer.join().unwrap());
        });
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_given_up() {
        let error = write_atomic(Path::new("/proc/nobody/file"), b"", PRIVATE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_that_can_be_made_again_is_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs_err::write(folder.path().join(".kusion-dead.tmp"), b"half").unwrap();
        write_disposable(&path, &[b"one", b"two"]).unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"onetwo");
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn whoever_holds_a_lock_is_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/lock");
        let count = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _alone = lock(&path).unwrap();
                    assert_eq!(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                    count.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                });
            }
        });
    }

    #[test]
    fn a_new_file_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(write_new(&path, b"one", PRIVATE).unwrap());
        assert!(!write_new(&path, b"two", PRIVATE).unwrap());
        assert_eq!(fs_err::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_sweep_takes_what_the_dead_left_and_nothing_of_the_living() {
        let folder = tempfile::tempdir().unwrap();
        let living =
            write_temporary(folder.path(), &[b"living"], PRIVATE, Durability::Durable).unwrap();
        let living_name = living.path().file_name().unwrap().to_string_lossy().into_owned();
        fs_err::write(folder.path().join(".kusion-dead.tmp"), b"half").unwrap();
        fs_err::write(folder.path().join("foreign.tmp"), b"not ours").unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!(names(folder.path()), [living_name, "foreign.tmp".to_owned()]);
    }

    #[test]
    fn writers_and_sweepers_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::thread::scope(|scope| {
            for writer in 0..4u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..25 {
                        write_atomic(path, &[writer; 64], PRIVATE).unwrap();
                    }
                });
            }
            scope.spawn(|| (0..200).for_each(|_| sweep(folder.path()).unwrap()));
        });
        let bytes = fs_err::read(&path).unwrap();
        assert!(bytes.len() == 64 && bytes.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(names(folder.path()), ["file"]);
    }
}
