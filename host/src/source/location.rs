//! A place in a file, exact enough to put a marker under it.

use std::fmt;
use std::sync::Arc;

use super::SourceFile;

/// A span that begins on a line of a [`SourceFile`].
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    file: Arc<SourceFile>,
    line: usize,
    column: usize,
    width: usize,
    last_line: usize,
}

impl Location {
    /// Names a span: line and column count from 1, in characters; a width of 0 counts as 1.
    pub fn new(file: Arc<SourceFile>, line: usize, column: usize, width: usize) -> Self {
        Self { file, line, column, width: width.max(1), last_line: line }
    }

    /// Says on which line the span ends, for a text of several lines.
    #[must_use]
    pub fn through_line(mut self, last_line: usize) -> Self {
        self.last_line = last_line.max(self.line);
        self
    }

    /// Moves the span to another edition of its file, in which it has the same place.
    #[must_use]
    pub fn in_file(mut self, file: Arc<SourceFile>) -> Self {
        self.file = file;
        self
    }

    /// Returns the file.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Returns the line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Returns the column of the first character, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Returns how many characters of the first line to mark, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the line on which the span ends, counted from 1.
    pub fn last_line(&self) -> usize {
        self.last_line
    }

    /// Returns the source line.
    pub fn text(&self) -> Option<&str> {
        self.file.line(self.line)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.path().display(), self.line, self.column)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}
