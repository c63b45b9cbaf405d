//! From a folder to the folders of its stack and project.

use std::path::{Component, Path, PathBuf};

use crate::config::ConfigError;

/// The file that makes a folder a project.
pub(super) const PROJECT_FILE: &str = "project.yaml";
/// The file that makes a folder a stack.
pub(super) const STACK_FILE: &str = "stack.yaml";

/// How deep stacks are looked for below a project, to list them in a hint.
const LIST_DEPTH: usize = 3;
/// How many folders that look-up visits at most.
const LIST_FOLDERS: usize = 1000;

/// A folder as we use it and as messages show it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// The absolute path.
    pub(super) path: PathBuf,
    /// The path that begins as the user gave it.
    pub(super) shown: PathBuf,
}

/// The folders of a stack.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folders {
    pub(super) project: Folder,
    pub(super) stack: Folder,
}

/// Finds the project that a folder is a stack of.
pub(super) fn discover(dir: &Path) -> Result<Folders, ConfigError> {
    let path = fs_err::canonicalize(dir)
        .map_err(|source| ConfigError::Read { path: dir.to_owned(), source })?;
    let stack = Folder { path, shown: shown(dir) };
    if !stack.path.join(STACK_FILE).is_file() {
        let folder = dir.to_owned();
        return Err(if stack.path.join(PROJECT_FILE).is_file() {
            ConfigError::ProjectFolder { folder, stacks: stacks_below(&stack.path) }
        } else {
            ConfigError::NoStack { folder }
        });
    }
    let mut above = stack.shown.clone();
    for path in stack.path.ancestors() {
        if path.join(PROJECT_FILE).is_file() {
            let project = Folder { path: path.to_owned(), shown: above };
            return Ok(Folders { project, stack });
        }
        above = parent(&above);
    }
    Err(ConfigError::NoProject { folder: dir.to_owned() })
}

/// Takes a folder that is no stack as a stack and its project; `None` if it is one.
pub(super) fn without_stack(dir: &Path) -> Result<Option<Folders>, ConfigError> {
    let path = fs_err::canonicalize(dir)
        .map_err(|source| ConfigError::Read { path: dir.to_owned(), source })?;
    if path.join(STACK_FILE).is_file() {
        return Ok(None);
    }
    let folder = || Folder { path: path.clone(), shown: shown(dir) };
    Ok(Some(Folders { project: folder(), stack: folder() }))
}

/// Finds the folder of the project that a folder lies in, or is; `None` if there is none.
pub fn project_folder(dir: &Path) -> Option<PathBuf> {
    let path = fs_err::canonicalize(dir).ok()?;
    path.ancestors().find(|path| path.join(PROJECT_FILE).is_file()).map(Path::to_owned)
}

/// Returns a path without the parts that say nothing; the current folder is empty.
fn shown(dir: &Path) -> PathBuf {
    dir.components().filter(|part| *part != Component::CurDir).collect()
}

fn parent(shown: &Path) -> PathBuf {
    match shown.components().next_back() {
        Some(Component::Normal(_)) => shown.parent().unwrap_or(Path::new("")).to_owned(),
        _ => shown.join(".."),
    }
}

/// Lists the folders of stacks below a folder, relative to it; unreadable folders are passed over.
fn stacks_below(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut queue = vec![(PathBuf::new(), 0)];
    let mut visited = 0;
    while let Some((relative, depth)) = queue.pop() {
        visited += 1;
        if visited > LIST_FOLDERS {
            break;
        }
        let Ok(entries) = fs_err::read_dir(root.join(&relative)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !folder || name.to_string_lossy().starts_with('.') {
                continue;
            }
            let below = relative.join(name);
            if root.join(&below).join(STACK_FILE).is_file() {
                found.push(below.to_string_lossy().into_owned());
            }
            if depth + 1 < LIST_DEPTH {
                queue.push((below, depth + 1));
            }
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn the_nearest_project_above_is_found() {
        let root = tree(&["project.yaml", "a/project.yaml", "a/b/dev/stack.yaml"]);
        let folders = discover(&root.path().join("a/b/dev")).unwrap();
        assert!(folders.project.path.ends_with("a"));
        assert_eq!(folders.project.shown, root.path().join("a"));
    }

    #[test]
    fn the_project_of_any_folder_is_found() {
        let tree = tree(&["project.yaml", "dev/stack.yaml", "docs/x"]);
        let root = fs_err::canonicalize(tree.path()).unwrap();
        for folder in ["", "dev", "docs"] {
            assert_eq!(project_folder(&tree.path().join(folder)), Some(root.clone()));
        }
        assert_eq!(project_folder(&tree.path().join("none")), None);
        assert_eq!(project_folder(Path::new("/")), None);
    }

    #[test]
    fn one_folder_can_be_both() {
        let root = tree(&["project.yaml", "stack.yaml"]);
        let folders = discover(root.path()).unwrap();
        assert_eq!(folders.project, folders.stack);
    }

    #[test]
    fn a_project_folder_lists_its_stacks() {
        let root =
            tree(&["project.yaml", "prod/stack.yaml", "dev/stack.yaml", ".x/stack.yaml", "base/x"]);
        let error = discover(root.path()).unwrap_err();
        assert!(error.to_string().ends_with("is a project, not one of its stacks"), "{error}");
        assert_eq!(error.hints()[1], "stacks of this project: dev, prod");
    }

    #[test]
    fn a_folder_that_is_no_stack_says_so() {
        let root = tree(&["dev/stack.yaml", "x/y"]);
        let folder = root.path().join("x");
        let error = discover(&folder).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{}` is no stack: it has no `stack.yaml`", folder.display())
        );
        assert!(matches!(discover(&root.path().join("dev")), Err(ConfigError::NoProject { .. })));
        assert!(matches!(discover(&root.path().join("none")), Err(ConfigError::Read { .. })));
    }

    #[test]
    fn paths_are_shown_as_the_user_would_type_them() {
        for (given, own, above) in [
            (".", "", ".."),
            ("./dev", "dev", ""),
            ("shop/dev", "shop/dev", "shop"),
            ("..", "..", "../.."),
        ] {
            let own_shown = shown(Path::new(given));
            assert_eq!(own_shown, Path::new(own));
            assert_eq!(parent(&own_shown), Path::new(above));
        }
    }
}
