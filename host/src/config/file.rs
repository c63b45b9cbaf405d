//! Reading the files of a user, within bounds.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::{ConfigError, mask};
use crate::diagnostic::Problem;
use crate::source::{Location, Node, SourceFile};
use crate::yaml;

/// Reads a file that messages call `shown`; `None` if there is none.
pub(super) fn read(path: &Path, shown: &Path) -> Result<Option<Arc<SourceFile>>, ConfigError> {
    let read = |source| ConfigError::Read { path: shown.to_owned(), source };
    match fs_err::metadata(path) {
        Ok(meta) if meta.len() > yaml::MAX_BYTES as u64 => {
            return Err(ConfigError::TooLarge {
                path: shown.to_owned(),
                limit: yaml::MAX_BYTES >> 20,
            });
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read(error)),
    }
    let bytes = fs_err::read(path).map_err(read)?;
    tracing::debug!(path = %shown.display(), bytes = bytes.len(), "read file");
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(SourceFile::new(shown, text))),
        Err(_) => Err(ConfigError::NotText { path: shown.to_owned() }),
    }
}

/// Returns the documents of a file; what cannot be read is noted.
///
/// The lines that messages quote show asterisks in place of secrets.
pub(super) fn documents(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Vec<Node> {
    match yaml::read(file) {
        Ok(mut documents) => {
            mask::secrets(file, &mut documents);
            documents
        }
        Err(error) => {
            problems.extend(mask::guess(file, error.into_problems()));
            Vec::new()
        }
    }
}

/// Returns the only document of a file, an empty map if it has none; `None` if it cannot be read.
pub(super) fn document(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Option<Node> {
    let before = problems.len();
    let mut documents = documents(file, problems).into_iter();
    if problems.len() > before {
        return None;
    }
    let first = documents.next();
    if let Some(second) = documents.next() {
        let message = "only one document can stand in this file";
        problems.push(Problem::at(second.location().clone(), message));
    }
    Some(first.unwrap_or_else(|| Node::empty_map(Location::new(Arc::clone(file), 1, 1, 1))))
}
