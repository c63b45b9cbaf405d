//! Noticing that somebody saved a file: the times and sizes of a folder's files, compared with those of before.
//!
//! A module has a few dozen files. Looking at them costs less than a millisecond, works on every file system, and
//! misses nothing that a later look does not see.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;

/// Folders that tools write, and files of theirs.
const IGNORED: [&str; 5] =
    ["node_modules", "__pycache__", "Cargo.lock", "package-lock.json", "go.sum"];
/// Folders that tools write beside the manifest; elsewhere they are somebody's source code.
const IGNORED_AT_ROOT: [&str; 3] = ["target", "dist", "build"];
/// The most files that are looked at.
const MAX_FILES: usize = 20_000;

/// The files below a folder, with when they were written and how long they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files(BTreeMap<PathBuf, (Option<SystemTime>, u64)>);

impl Files {
    /// Looks at a folder. What cannot be read is not there.
    pub(crate) fn below(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            for entry in fs::read_dir(root.join(&below)).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let Some(about) = entry.metadata().ok().filter(|_| !is_ignored(&name)) else {
                    continue;
                };
                if below.as_os_str().is_empty() && IGNORED_AT_ROOT.contains(&name.as_str()) {
                    continue;
                }
                let path = below.join(&name);
                if about.is_dir() {
                    folders.push(path);
                } else if files.len() < MAX_FILES {
                    files.insert(path, state(&about));
                }
            }
        }
        Self(files)
    }

    /// Returns the first file that a module is built of and that was saved after a time.
    pub(crate) fn newer_than(&self, when: SystemTime) -> Option<&Path> {
        let is_newer = |modified: &Option<SystemTime>| modified.is_some_and(|saved| saved > when);
        let newer = self.0.iter().filter(|(_, (modified, _))| is_newer(modified));
        newer.map(|(path, _)| path.as_path()).find(|path| is_source(path))
    }

    /// Returns the paths of files that are not as they were.
    pub(crate) fn difference(&self, before: &Self) -> BTreeSet<PathBuf> {
        let paths = self.0.keys().chain(before.0.keys());
        paths.filter(|path| self.0.get(*path) != before.0.get(*path)).cloned().collect()
    }
}

/// Cases and texts for people are no part of what is built.
fn is_source(path: &Path) -> bool {
    !path.starts_with("tests") && path.extension().is_none_or(|extension| extension != "md")
}

fn state(about: &Metadata) -> (Option<SystemTime>, u64) {
    (about.modified().ok(), about.len())
}

/// Editors keep files of their own beside the one that is edited.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || IGNORED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_made_and_removed_is_noticed_and_what_tools_write_is_not() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "one");
        write("src/old.rs", "");
        let before = Files::below(root.path());
        assert!(Files::below(root.path()).difference(&before).is_empty());
        for path in ["target/x.wasm", ".git/index", "src/.lib.rs.swp", "src/lib.rs~", "Cargo.lock"]
        {
            write(path, "new");
        }
        assert!(Files::below(root.path()).difference(&before).is_empty());
        write("src/build/lib.rs", "old");
        let before = Files::below(root.path());
        write("src/lib.rs", "three");
        write("src/build/lib.rs", "another");
        write("tests/golden/a/request.yaml", "{}");
        fs::remove_file(root.path().join("src/old.rs")).unwrap();
        let paths = Files::below(root.path()).difference(&before);
        let expected =
            ["src/build/lib.rs", "src/lib.rs", "src/old.rs", "tests/golden/a/request.yaml"];
        assert_eq!(paths, expected.iter().map(PathBuf::from).collect());
    }

    #[test]
    fn only_what_a_module_is_built_of_can_be_newer_than_it() {
        let root = tempfile::tempdir().unwrap();
        for path in ["README.md", "tests/golden/a/expected.yaml", "dist/a.wasm", "src/lib.rs"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files = Files::below(root.path());
        assert_eq!(files.newer_than(SystemTime::UNIX_EPOCH), Some(Path::new("src/lib.rs")));
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        assert_eq!(files.newer_than(later), None);
    }
}
