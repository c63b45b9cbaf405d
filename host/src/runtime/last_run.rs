//! What a target says about whoever changed a stack there last.

use std::fmt;

/// The last change of a stack, as its target knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// The user and machine, and what was done: `alice@build-7 (apply)`; `None` if that is not known.
    pub by: Option<String>,
    /// When, RFC 3339, if that is known.
    pub at: Option<String>,
}

impl fmt::Display for LastRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Some(by) => write!(f, "last changed by `{by}`")?,
            None => f.write_str("last changed by somebody who is not named")?,
        }
        match &self.at {
            Some(at) => write!(f, " at {at}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told() {
        let by = || Some("ada@laptop (apply)".to_owned());
        let at = Some("2026-01-01T12:00:00Z".to_owned());
        for (run, expected) in [
            (
                LastRun { by: by(), at },
                "last changed by `ada@laptop (apply)` at 2026-01-01T12:00:00Z",
            ),
            (LastRun { by: by(), at: None }, "last changed by `ada@laptop (apply)`"),
            (LastRun { by: None, at: None }, "last changed by somebody who is not named"),
        ] {
            assert_eq!(run.to_string(), expected);
        }
    }
}
