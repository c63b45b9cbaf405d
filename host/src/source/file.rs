//! The text of one file, kept so that a message can quote a line of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The text of a file that a user wrote.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
    /// Where each line begins, found out when a line is first asked for.
    starts: OnceLock<Vec<usize>>,
}

impl SourceFile {
    /// Keeps the text of a file together with the path that messages show.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { path: path.into(), text: text.into(), starts: OnceLock::new() })
    }

    /// Returns the path that messages show.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a line by its number, counted from 1, without its line break.
    pub fn line(&self, number: usize) -> Option<&str> {
        let starts = self.starts.get_or_init(|| {
            let after = self.text.match_indices('\n').map(|(end, _)| end + 1);
            [0].into_iter().chain(after).collect()
        });
        let start = *starts.get(number.checked_sub(1)?)?;
        self.text.get(start..)?.lines().next()
    }
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text == other.text
    }
}

impl Eq for SourceFile {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_and_have_no_breaks() {
        let file = SourceFile::new("f", "a\r\n\nb\n");
        let lines: Vec<_> = (0..5).map(|number| file.line(number)).collect();
        assert_eq!(lines, [None, Some("a"), Some(""), Some("b"), None]);
        assert_eq!(SourceFile::new("f", "").line(1), None);
    }
}
