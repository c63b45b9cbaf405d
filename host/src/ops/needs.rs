//! Reads the files and folders that modules ask for, below the stack's folder only.

use std::error::Error;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::engine::{Input, Need};
use crate::runtime::is_managed;

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

/// Why a need is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum NeedError {
    /// The module says something that is no need of its kind.
    #[error("the need of kind `{kind}` is not understood")]
    Unclear { kind: String, source: serde_json::Error },
    /// This version knows no such need.
    #[error("needs of kind `{kind}` are unknown to this kusion")]
    UnknownKind { kind: String },
    /// The path leads out of the stack's folder, by name or by symbolic link.
    #[error("`{path}` is not below the stack's folder")]
    Outside { path: String },
    /// The file was written for kusion, or is hidden.
    #[error("`{path}` is not for modules")]
    Private { path: String },
    /// The file is below the folder in which the target keeps manifests, or is one; it may hold secrets.
    #[error("`{path}` is not for modules, because the target writes there")]
    InTarget { path: String },
    /// It is no file.
    #[error("`{path}` is not a file")]
    NoFile { path: String },
    /// The file is not a text.
    #[error("`{path}` is not a text in UTF-8")]
    NoText { path: String },
    /// The call asks for more than it may.
    #[error("`{path}`: more than {} MiB of files", MAX_BYTES >> 20)]
    TooLarge { path: String },
    /// The folder has more files than a call may read.
    #[error("`{path}` has more than {MAX_FILES} files")]
    TooMany { path: String },
    /// The file or folder cannot be read.
    #[error("cannot read `{path}`")]
    Read { path: String, source: io::Error },
}

impl NeedError {
    /// Says it in one line, with its causes.
    pub(super) fn reason(&self) -> String {
        let causes = std::iter::successors(self.source(), |error: &&dyn Error| (*error).source());
        causes.fold(self.to_string(), |text, cause| format!("{text}: {cause}"))
    }
}

/// Answers needs, within a budget of bytes.
pub(super) struct Reader<'a> {
    folder: &'a Path,
    /// Where the target keeps manifests, as far as there is such a folder.
    manifests: Vec<PathBuf>,
    left: u64,
    pub(super) files: Vec<ReadFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathNeed {
    path: String,
}

impl<'a> Reader<'a> {
    /// Reads below the stack's folder, and nothing below `manifests`.
    pub(super) fn new(folder: &'a Path, manifests: &[PathBuf]) -> Self {
        let real = manifests.iter().filter_map(|path| fs::canonicalize(path).ok());
        Self { folder, manifests: real.collect(), left: MAX_BYTES, files: Vec::new() }
    }

    /// Answers one need, or says why not.
    pub(super) fn answer(&mut self, need: Need) -> Result<Input, NeedError> {
        let PathNeed { path } = PathNeed::deserialize(&need.document)
            .map_err(|source| NeedError::Unclear { kind: need.kind.clone(), source })?;
        let full = self.inside(&path)?;
        let answer = match need.kind.as_str() {
            "file" => json!({ "content": self.file(&path, &full)? }),
            "folder" => self.folder(&path, &full)?,
            kind => return Err(NeedError::UnknownKind { kind: kind.to_owned() }),
        };
        Ok(Input { need, answer })
    }

    /// Resolves a path, and refuses one that leads out of the folder, by name or by symbolic link.
    fn inside(&self, path: &str) -> Result<PathBuf, NeedError> {
        let relative = Path::new(path);
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        let path = || path.to_owned();
        if !relative.components().all(plain) {
            return Err(NeedError::Outside { path: path() });
        }
        if relative.iter().any(is_private) {
            return Err(NeedError::Private { path: path() });
        }
        let cannot = |source| NeedError::Read { path: path(), source };
        let folder = std::fs::canonicalize(self.folder).map_err(cannot)?;
        let full = std::fs::canonicalize(folder.join(relative)).map_err(cannot)?;
        // A link inside the folder may lead to what was written for kusion.
        match full.strip_prefix(&folder) {
            Err(_) => Err(NeedError::Outside { path: path() }),
            Ok(real) if real.iter().any(is_private) => Err(NeedError::Private { path: path() }),
            Ok(_) if self.is_of_target(&full) => Err(NeedError::InTarget { path: path() }),
            Ok(_) => Ok(full),
        }
    }

    fn file(&mut self, path: &str, full: &Path) -> Result<String, NeedError> {
        let path = || path.to_owned();
        let cannot = |source| NeedError::Read { path: path(), source };
        let mut bytes = Vec::new();
        if !full.is_file() {
            return Err(NeedError::NoFile { path: path() });
        }
        let file = fs::File::open(full).map_err(cannot)?;
        file.take(self.left + 1).read_to_end(&mut bytes).map_err(cannot)?;
        // Manifests that were moved, or are of another stack or workspace, are as secret as ours.
        if is_managed(&bytes) {
            return Err(NeedError::InTarget { path: path() });
        }
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > self.left {
            return Err(NeedError::TooLarge { path: path() });
        }
        self.left -= size;
        tracing::debug!(path = path(), bytes = size, "read file for module");
        self.files.push(ReadFile { path: path(), digest: Digest::of(&bytes) });
        String::from_utf8(bytes).map_err(|_| NeedError::NoText { path: path() })
    }

    fn folder(&mut self, path: &str, full: &Path) -> Result<Value, NeedError> {
        let cannot = |source| NeedError::Read { path: path.to_owned(), source };
        let (mut names, mut folders) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(full).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name();
            let kind = entry.file_type().ok().filter(|_| !is_private(&name));
            let name = name.to_string_lossy().into_owned();
            match kind {
                Some(kind) if kind.is_file() => names.push(name),
                Some(kind) if kind.is_dir() && !self.is_of_target(&full.join(&name)) => {
                    folders.push(name);
                }
                _ => {}
            }
            if names.len() + folders.len() > MAX_FILES {
                return Err(NeedError::TooMany { path: path.to_owned() });
            }
        }
        names.sort();
        folders.sort();
        let mut files = serde_json::Map::new();
        for name in names {
            match self.file(&format!("{path}/{name}"), &full.join(&name)) {
                Ok(content) => drop(files.insert(name, Value::String(content))),
                // As a hidden file, it is none that the module can know of.
                Err(NeedError::InTarget { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut answer = json!({ "files": files });
        if !folders.is_empty() {
            answer["folders"] = folders.into();
        }
        Ok(answer)
    }

    /// Whether a path lies where the target keeps manifests.
    fn is_of_target(&self, full: &Path) -> bool {
        self.manifests.iter().any(|manifests| full.starts_with(manifests))
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
        let mut reader = Reader::new(stack.path(), &[]);
        let input = reader.answer(need("folder", "conf")).unwrap();
        assert_eq!(input.answer, json!({"files": {"a.txt": "a", "b.txt": "b"}}));
        let input = reader.answer(need("file", "conf/a.txt")).unwrap();
        assert_eq!(input.answer, json!({"content": "a"}));
        assert_eq!(reader.files.len(), 3);
    }

    #[test]
    fn folders_in_a_folder_are_named_but_not_hidden_ones_links_and_the_target() {
        let stack = tempfile::tempdir().unwrap();
        for folder in ["conf/b", "conf/a/c", "conf/.git", "conf/manifests"] {
            fs::create_dir_all(stack.path().join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(stack.path().join("conf/a"), stack.path().join("conf/link"))
            .unwrap();
        let mut reader = Reader::new(stack.path(), &[stack.path().join("conf/manifests")]);
        let input = reader.answer(need("folder", "conf")).unwrap();
        assert_eq!(input.answer, json!({"files": {}, "folders": ["a", "b"]}));
    }

    #[test]
    fn nothing_outside_the_stack_is_read() {
        let root = tempfile::tempdir().unwrap();
        let stack = root.path().join("stack");
        fs::create_dir(&stack).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(root.path().join("secret"), stack.join("link")).unwrap();
        let mut reader = Reader::new(&stack, &[]);
        for path in ["../secret", "/etc/hostname", "link", "a/../../secret"] {
            let error = reader.answer(need("file", path)).unwrap_err();
            assert!(
                matches!(error, NeedError::Outside { .. } | NeedError::Read { .. }),
                "{path}: {error}"
            );
        }
        let error = reader.answer(need("socket", ".")).unwrap_err();
        assert!(matches!(error, NeedError::UnknownKind { .. }), "{error}");
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
            if let Ok(input) = Reader::new(&stack, &[]).answer(need(&kind, &path)) {
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
        let mut reader = Reader::new(stack.path(), &[]);
        for path in ["app.yaml", "./App.yaml", ".env"] {
            let error = reader.answer(need("file", path)).unwrap_err();
            assert_eq!(error.to_string(), format!("`{path}` is not for modules"));
        }
        let input = reader.answer(need("folder", ".")).unwrap();
        assert_eq!(input.answer, json!({"files": {"free.txt": "free"}}));
        std::os::unix::fs::symlink("app.yaml", stack.path().join("alias")).unwrap();
        let error = reader.answer(need("file", "alias")).unwrap_err();
        assert_eq!(error.to_string(), "`alias` is not for modules");
    }

    #[test]
    fn manifests_are_not_read_wherever_they_are() {
        let stack = tempfile::tempdir().unwrap();
        let manifest =
            "# Managed by kusion: project=shop stack=dev workspace=test id=v1:Secret:a:b\nhunter2";
        let target = stack.path().join("target/dev");
        fs::create_dir_all(&target).unwrap();
        fs::create_dir(stack.path().join("conf")).unwrap();
        for (path, text) in [
            ("target/dev/secret.yaml.age", "hunter2"),
            ("target/other.yaml", manifest),
            ("conf/moved.yaml", manifest),
            ("conf/free.yaml", "free"),
        ] {
            fs::write(stack.path().join(path), text).unwrap();
        }
        std::os::unix::fs::symlink("target/dev", stack.path().join("link")).unwrap();
        let mut reader = Reader::new(stack.path(), std::slice::from_ref(&target));
        for (kind, path) in [
            ("file", "target/dev/secret.yaml.age"),
            ("file", "link/secret.yaml.age"),
            ("folder", "target/dev"),
            ("folder", "link"),
            ("file", "target/other.yaml"),
            ("file", "conf/moved.yaml"),
        ] {
            let error = reader.answer(need(kind, path)).unwrap_err();
            assert!(matches!(error, NeedError::InTarget { .. }), "{path}: {error}");
        }
        let input = reader.answer(need("folder", "conf")).unwrap();
        assert_eq!(input.answer, json!({"files": {"free.yaml": "free"}}));
        let read: Vec<_> = reader.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(read, ["conf/free.yaml"], "the digest of a manifest is recorded");
    }

    #[test]
    fn a_need_that_is_not_understood_says_why() {
        let stack = tempfile::tempdir().unwrap();
        let need = Need { kind: "file".to_owned(), document: json!({ "paths": [] }) };
        let error = Reader::new(stack.path(), &[]).answer(need).unwrap_err();
        assert_eq!(
            error.reason(),
            "the need of kind `file` is not understood: unknown field `paths`, expected `path`"
        );
    }
}
