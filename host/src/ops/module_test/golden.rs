//! What a case is expected to give, in files beside it.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnose, Kind};
use crate::files;

/// The file that holds what the module answers.
const ANSWER: &str = "expected.yaml";
/// The file that holds why the case is refused.
const REFUSAL: &str = "error.txt";

/// What a case gave, as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseOutcome {
    /// The answers of the module.
    Answered(String),
    /// Why there is none.
    Refused(String),
}

impl CaseOutcome {
    fn parts(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Answered(text) => (ANSWER, REFUSAL, text),
            Self::Refused(text) => (REFUSAL, ANSWER, text),
        }
    }
}

/// How what a case gave differs from what it is expected to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The name of the file that is expected, if one is there.
    pub expected_file: Option<&'static str>,
    /// What that file says.
    pub expected: String,
    /// The name of the file that what was found belongs into.
    pub found_file: &'static str,
    /// What was found.
    pub found: String,
}

/// A file of a case cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {what} `{}`", path.display())]
pub struct GoldenError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl Diagnose for GoldenError {
    fn kind(&self) -> Kind {
        Kind::Environment
    }
}

/// Compares what a case gave with what it is expected to give; `None` if it is the same.
///
/// # Errors
///
/// A file of the case cannot be read.
pub fn compare_case(
    folder: &Path,
    outcome: &CaseOutcome,
) -> Result<Option<Difference>, GoldenError> {
    let (own, other, found) = outcome.parts();
    for name in [own, other] {
        let path = folder.join(name);
        let expected = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(GoldenError { what: "read", path, source }),
        };
        if name == own && expected == found {
            return Ok(None);
        }
        return Ok(Some(Difference {
            expected_file: Some(name),
            expected,
            found_file: own,
            found: found.to_owned(),
        }));
    }
    Ok(Some(Difference {
        expected_file: None,
        expected: String::new(),
        found_file: own,
        found: found.to_owned(),
    }))
}

/// Makes what a case gave what it is expected to give.
///
/// # Errors
///
/// A file of the case cannot be written or removed.
pub fn bless_case(folder: &Path, outcome: &CaseOutcome) -> Result<(), GoldenError> {
    let (own, other, found) = outcome.parts();
    let path = folder.join(own);
    files::write_file(&path, found.as_bytes()).map_err(|source| GoldenError {
        what: "write",
        path,
        source,
    })?;
    let path = folder.join(other);
    match fs_err::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(GoldenError { what: "remove", path, source })
        }
        _ => Ok(()),
    }
}

/// Returns the folders of the cases in a folder, sorted by name; none if there is no such folder.
///
/// # Errors
///
/// The folder cannot be read.
pub fn find_cases(folder: &Path) -> Result<Vec<PathBuf>, GoldenError> {
    let unread = |source| GoldenError { what: "read", path: folder.to_owned(), source };
    let entries = match fs_err::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(unread(source)),
    };
    let mut cases = Vec::new();
    for entry in entries {
        let path = entry.map_err(unread)?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            cases.push(path);
        }
    }
    cases.sort();
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(text: &str) -> CaseOutcome {
        CaseOutcome::Answered(text.to_owned())
    }

    #[test]
    fn what_was_blessed_is_expected() {
        let dir = tempfile::tempdir().unwrap();
        let missing = compare_case(dir.path(), &answered("a\n")).unwrap().unwrap();
        assert_eq!((missing.expected_file, missing.found.as_str()), (None, "a\n"));
        bless_case(dir.path(), &answered("a\n")).unwrap();
        assert_eq!(compare_case(dir.path(), &answered("a\n")).unwrap(), None);
        let other = compare_case(dir.path(), &answered("b\n")).unwrap().unwrap();
        assert_eq!((other.expected.as_str(), other.found.as_str()), ("a\n", "b\n"));
    }

    #[test]
    fn an_answer_instead_of_a_refusal_is_a_difference() {
        let dir = tempfile::tempdir().unwrap();
        bless_case(dir.path(), &CaseOutcome::Refused("error: x\n".to_owned())).unwrap();
        let other = compare_case(dir.path(), &answered("a\n")).unwrap().unwrap();
        assert_eq!((other.expected_file, other.found_file), (Some(REFUSAL), ANSWER));
        bless_case(dir.path(), &answered("a\n")).unwrap();
        assert!(!dir.path().join(REFUSAL).exists());
        assert_eq!(compare_case(dir.path(), &answered("a\n")).unwrap(), None);
    }

    #[test]
    fn cases_are_folders_that_are_not_hidden() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b", "a", ".git"] {
            fs_err::create_dir(dir.path().join(name)).unwrap();
        }
        fs_err::write(dir.path().join("README.md"), "").unwrap();
        assert_eq!(find_cases(dir.path()).unwrap(), [dir.path().join("a"), dir.path().join("b")]);
        assert!(find_cases(&dir.path().join("none")).unwrap().is_empty());
    }
}
