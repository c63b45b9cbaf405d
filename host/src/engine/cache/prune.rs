//! Forgets compiled code that nobody used for a long time: modules get new versions, and so do engines.

use std::path::Path;
use std::time::{Duration, SystemTime};

use fs_err as fs;

use crate::files;

/// How entries are called.
pub(super) const EXTENSION: &str = "code";
/// How long an entry stays after its last use. Making it again takes a second.
const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Removes entries below `root` that were not used for 30 days, of whichever engine, and folders that are
/// empty then.
///
/// Other processes may do the same, or read meanwhile: a file that was opened stays whole. What cannot be
/// removed stays.
pub(super) fn prune(root: &Path, now: SystemTime) {
    for folder in fs::read_dir(root).into_iter().flatten().flatten() {
        if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let folder = folder.path();
        let _left_as_it_is = files::sweep(&folder);
        let mut removed = false;
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let ours = path.extension().is_some_and(|extension| extension == EXTENSION);
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| now.duration_since(modified).ok());
            if ours && age.is_some_and(|age| age > UNUSED) {
                removed |= fs::remove_file(&path).is_ok();
            }
        }
        if removed {
            // It fails as long as the folder holds anything.
            let _still_used = fs::remove_dir(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_used_for_a_month_goes() {
        let root = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for (path, days) in [
            ("old/a.code", 31),
            ("old/.kusion-x.tmp", 31),
            ("mixed/a.code", 31),
            ("mixed/b.code", 29),
            ("mixed/c.txt", 31),
            ("new/a.code", 0),
            ("future/a.code", -31),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = fs::File::create(path).unwrap();
            let age = Duration::from_secs(24 * 60 * 60) * i32::unsigned_abs(days);
            file.file().set_modified(if days < 0 { now + age } else { now - age }).unwrap();
        }
        fs::create_dir(root.path().join("empty")).unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        prune(root.path(), now);
        let mut left: Vec<_> = (fs::read_dir(root.path()).unwrap())
            .flat_map(|folder| fs::read_dir(folder.unwrap().path()).into_iter().flatten())
            .map(|entry| entry.unwrap().path().strip_prefix(root.path()).unwrap().to_owned())
            .collect();
        left.sort();
        assert_eq!(
            left,
            ["future/a.code", "mixed/b.code", "mixed/c.txt", "new/a.code"]
                .map(Into::<std::path::PathBuf>::into)
        );
        assert!(!root.path().join("old").exists());
        assert!(root.path().join("empty").exists() && root.path().join("file").exists());
    }

    #[test]
    fn a_root_that_is_not_there_is_no_matter() {
        prune(Path::new("/proc/kusion"), SystemTime::now());
    }
}
