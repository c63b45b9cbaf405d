//! Reads the files and folders that modules ask for, below the stack's folder only.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::engine::{Input, Need};

/// The most bytes read for one module call, all its files together.
const MAX_BYTES: u64 = 8 << 20;
/// The most files of a folder.
const MAX_FILES: usize = 1_000;

/// A file that a module asked for, as releases record it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadFile {
    /// The path below the stack's folder.
    pub path: String,
    /// The digest of what was read.
    pub digest: Digest,
}

/// Answers needs, within a budget of bytes.
pub(super) struct Reader<'a> {
    folder: &'a Path,
    left: u64,
    pub(super) files: Vec<ReadFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathNeed {
    path: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder, left: MAX_BYTES, files: Vec::new() }
    }

    /// Answers one need, or says why not.
    pub(super) fn answer(&mut self, need: Need) -> Result<Input, String> {
        let PathNeed { path } = PathNeed::deserialize(&need.document).map_err(|error| {
            format!("the need of kind `{}` is not understood ({error})", need.kind)
        })?;
        let full = self.inside(&path)?;
        let answer = match need.kind.as_str() {
            "file" => json!({ "content": self.file(&path, &full)? }),
            "folder" => self.folder(&path, &full)?,
            kind => return Err(format!("needs of kind `{kind}` are unknown to this kusion")),
        };
        Ok(Input { need, answer })
    }

    /// Resolves a path, and refuses one that leads out of the folder, by name or by symbolic link.
    fn inside(&self, path: &str) -> Result<PathBuf, String> {
        let relative = Path::new(path);
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        let outside = || format!("`{path}` is not below the stack's folder");
        if !relative.components().all(plain) {
            return Err(outside());
        }
        if relative.iter().any(is_private) {
            return Err(format!("`{path}` is not for modules"));
        }
        let cannot = |error: std::io::Error| format!("cannot read `{path}`: {error}");
        let folder = std::fs::canonicalize(self.folder).map_err(cannot)?;
        let full = std::fs::canonicalize(folder.join(relative)).map_err(cannot)?;
        // A link inside the folder may lead to what was written for kusion.
        match full.strip_prefix(&folder) {
            Err(_) => Err(outside()),
            Ok(real) if real.iter().any(is_private) => Err(format!("`{path}` is not for modules")),
            Ok(_) => Ok(full),
        }
    }

    fn file(&mut self, path: &str, full: &Path) -> Result<String, String> {
        let cannot = |error: std::io::Error| format!("cannot read `{path}`: {error}");
        let mut bytes = Vec::new();
        if !full.is_file() {
            return Err(format!("`{path}` is not a file"));
        }
        let file = std::fs::File::open(full).map_err(cannot)?;
        file.take(self.left + 1).read_to_end(&mut bytes).map_err(cannot)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > self.left {
            return Err(format!("`{path}`: more than {} MiB of files", MAX_BYTES >> 20));
        }
        self.left -= size;
        tracing::debug!(path, bytes = size, "read file for module");
        self.files.push(ReadFile { path: path.to_owned(), digest: Digest::of(&bytes) });
        String::from_utf8(bytes).map_err(|_| format!("`{path}` is not a text in UTF-8"))
    }

    fn folder(&mut self, path: &str, full: &Path) -> Result<Value, String> {
        let mut names = Vec::new();
        for entry in fs::read_dir(full).map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let for_modules = !is_private(&entry.file_name());
            if for_modules && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
            if names.len() > MAX_FILES {
                return Err(format!("`{path}` has more than {MAX_FILES} files"));
            }
        }
        names.sort();
        let mut files = serde_json::Map::new();
        for name in names {
            let content = self.file(&format!("{path}/{name}"), &full.join(&name))?;
            files.insert(name, Value::String(content));
        }
        Ok(json!({ "files": files }))
    }
}

/// Whether a file is none of a module's business: what the user wrote for kusion may hold secrets, and a file
/// that is hidden was not meant to be found.
fn is_private(name: &OsStr) -> bool {
    ["app.yaml", "project.yaml", "stack.yaml"].iter().any(|own| name.eq_ignore_ascii_case(own))
        || (name.as_encoded_bytes().starts_with(b".") && name != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(kind: &str, path: &str) -> Need {
        Need { kind: kind.to_owned(), document: json!({ "path": path }) }
    }

    #[test]
    fn files_and_folders_below_the_stack_are_read() {
        let stack = tempfile::tempdir().unwrap();
        fs::create_dir(stack.path().join("conf")).unwrap();
        fs::write(stack.path().join("conf/b.txt"), "b").unwrap();
        fs::write(stack.path().join("conf/a.txt"), "a").unwrap();
        let mut reader = Reader::new(stack.path());
        let input = reader.answer(need("folder", "conf")).unwrap();
        assert_eq!(input.answer, json!({"files": {"a.txt": "a", "b.txt": "b"}}));
        let input = reader.answer(need("file", "conf/a.txt")).unwrap();
        assert_eq!(input.answer, json!({"content": "a"}));
        assert_eq!(reader.files.len(), 3);
    }

    #[test]
    fn nothing_outside_the_stack_is_read() {
        let root = tempfile::tempdir().unwrap();
        let stack = root.path().join("stack");
        fs::create_dir(&stack).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), stack.join("link")).unwrap();
        let mut reader = Reader::new(&stack);
        for path in ["../secret", "/etc/hostname", "link", "a/../../secret"] {
            let error = reader.answer(need("file", path)).unwrap_err();
            assert!(
                error.contains("not below the stack") || error.contains("cannot read"),
                "{error}"
            );
        }
        assert!(reader.answer(need("socket", ".")).unwrap_err().contains("`socket`"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config {
            rng_seed: proptest::test_runner::RngSeed::Fixed(1),
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn no_path_leads_out_of_the_folder(
            path in r"(\.\./|\./|/|a|link|out|in|\x00|~|\\|\.|é){0,8}",
            kind in "file|folder",
        ) {
            let root = tempfile::tempdir().unwrap();
            let stack = root.path().join("in");
            fs::create_dir_all(stack.join("a")).unwrap();
            fs::create_dir(root.path().join("out")).unwrap();
            for (place, text) in [("in/a/a", "inside"), ("out/a", "outside"), ("a", "outside")] {
                fs::write(root.path().join(place), text).unwrap();
            }
            std::os::unix::fs::symlink("../out", stack.join("link")).unwrap();
            std::os::unix::fs::symlink("../../a", stack.join("a/link")).unwrap();
            if let Ok(input) = Reader::new(&stack).answer(need(&kind, &path)) {
                assert!(!input.answer.to_string().contains("outside"), "{path}: {}", input.answer);
            }
        }
    }

    #[test]
    fn what_was_written_for_kusion_is_not_read() {
        let stack = tempfile::tempdir().unwrap();
        fs::write(stack.path().join("app.yaml"), "secret").unwrap();
        fs::write(stack.path().join(".env"), "secret").unwrap();
        fs::write(stack.path().join("free.txt"), "free").unwrap();
        let mut reader = Reader::new(stack.path());
        for path in ["app.yaml", "./App.yaml", ".env"] {
            let error = reader.answer(need("file", path)).unwrap_err();
            assert_eq!(error, format!("`{path}` is not for modules"));
        }
        let input = reader.answer(need("folder", ".")).unwrap();
        assert_eq!(input.answer, json!({"files": {"free.txt": "free"}}));
        std::os::unix::fs::symlink("app.yaml", stack.path().join("alias")).unwrap();
        let error = reader.answer(need("file", "alias")).unwrap_err();
        assert_eq!(error, "`alias` is not for modules");
    }
}
