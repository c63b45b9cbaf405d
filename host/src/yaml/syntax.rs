//! The parser's complaints in the words of somebody who writes YAML rather than parsers.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::Problem;
use crate::source::Location;

/// Describes a syntax error at its place.
pub(super) fn problem(error: &ScanError, location: Location) -> Problem {
    let (message, hint): (String, Option<&str>) = match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => {
            ("a tab cannot indent".to_owned(), Some("indent with spaces"))
        }
        ErrorKind::MappingValueNotAllowed => (
            "a `:` cannot stand here".to_owned(),
            Some("align the key with its neighbours, or quote a text that holds `: `"),
        ),
        ErrorKind::UnclosedFlowCollection { open } => (format!("`{open}` is never closed"), None),
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("a closing bracket has no opening one".to_owned(), None)
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), None)
        }
        ErrorKind::UnclosedQuotedScalar => ("a quote is never closed".to_owned(), None),
        ErrorKind::UnknownQuotedScalarEscape => (
            "an escape in a double-quoted text is unknown".to_owned(),
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        ErrorKind::UnknownAnchor => ("the alias has no anchor before it".to_owned(), None),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (format!("the character U+{:04X} is not allowed", u32::from(*character)), None)
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a text cannot begin with `{character}`"), Some("put the text in quotes"))
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::SimpleKeyExpected => (
            "a key with `:` was expected here".to_owned(),
            Some("check the indentation of this line"),
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "a `-` was expected here".to_owned(),
            Some("a list and keys cannot stand side by side; check the indentation of this line"),
        ),
        ErrorKind::ExpectedFlowMappingSeparator => {
            ("`,` or `}` was expected here".to_owned(), None)
        }
        ErrorKind::ExpectedFlowSequenceSeparator => {
            ("`,` or `]` was expected here".to_owned(), None)
        }
        ErrorKind::InvalidIndentation => (
            "the indentation fits no line above".to_owned(),
            Some("align the line with its neighbours"),
        ),
        ErrorKind::RecursionLimitExceeded => ("the text is nested too deeply".to_owned(), None),
        kind => (kind.to_string(), None),
    };
    let problem = Problem::at(location, message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
