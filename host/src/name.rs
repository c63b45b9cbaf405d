//! Names that users choose: checked once when they are read, trusted afterwards.
//!
//! A name ends up in resource names, file names and labels, so what it may contain is decided here
//! and nowhere else.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest name of a project, stack or workspace.
const MAX_LENGTH: usize = 100;
/// The longest name of an app or accessory: it becomes part of Kubernetes names of at most 63 characters.
const MAX_LABEL_LENGTH: usize = 63;

/// Says why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a {what} cannot be empty")]
    Empty {
        /// What the name was meant for.
        what: &'static str,
    },
    /// The text is too long.
    #[error("{what} `{name}` is longer than {limit} characters")]
    TooLong {
        /// What the name was meant for.
        what: &'static str,
        /// The text.
        name: String,
        /// The limit in characters.
        limit: usize,
    },
    /// The text holds a character that is not allowed.
    #[error("{what} `{name}` may only contain {allowed}")]
    Character {
        /// What the name was meant for.
        what: &'static str,
        /// The text.
        name: String,
        /// The characters that are allowed, in words.
        allowed: &'static str,
    },
}

const FILE_NAME: &str = "letters, digits, `.`, `_` and `-`, and begins with a letter or digit";
const LABEL: &str =
    "lower-case letters, digits and `-`, and begins and ends with a letter or digit";

fn check_file_name(what: &'static str, name: &str) -> Result<(), NameError> {
    check_length(what, name, MAX_LENGTH)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.chars().all(allowed) && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(NameError::Character { what, name: name.to_owned(), allowed: FILE_NAME })
}

fn check_label(what: &'static str, name: &str) -> Result<(), NameError> {
    check_length(what, name, MAX_LABEL_LENGTH)?;
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let allowed = |c: char| edge(c) || c == '-';
    if name.chars().all(allowed) && name.starts_with(edge) && name.ends_with(edge) {
        return Ok(());
    }
    Err(NameError::Character { what, name: name.to_owned(), allowed: LABEL })
}

fn check_length(what: &'static str, name: &str, limit: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.chars().count() > limit {
        return Err(NameError::TooLong { what, name: name.to_owned(), limit });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            ///
            /// Says which rule the text breaks.
            pub fn parse(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                $check($what, &name)?;
                Ok(Self(name))
            }

            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::parse(name)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::parse(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a project.
    ProjectName, "project name", check_file_name
);
name!(
    /// The name of a stack of a project.
    StackName, "stack name", check_file_name
);
name!(
    /// The name of a workspace.
    WorkspaceName, "workspace name", check_file_name
);
name!(
    /// The name of an app of a stack.
    AppName, "app name", check_label
);
name!(
    /// The name of an accessory of an app.
    AccessoryName, "accessory name", check_label
);
name!(
    /// The name under which a workspace lists a module.
    ModuleName, "module name", check_file_name
);
name!(
    /// The name of a Kubernetes namespace.
    Namespace, "namespace", check_label
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_become_file_names_cannot_leave_their_folder() {
        for bad in ["", ".", "..", "a/b", ".hidden", "a b", "ä"] {
            assert!(ProjectName::parse(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["shop", "Shop_1.2", "0"] {
            assert_eq!(ProjectName::parse(good).map(String::from), Ok(good.to_owned()));
        }
    }

    #[test]
    fn app_names_are_kubernetes_labels() {
        for bad in ["", "Shop", "-shop", "shop-", "a_b", "a.b"] {
            assert!(AppName::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(AppName::parse("a".repeat(63)).is_ok());
        assert!(matches!(
            AppName::parse("a".repeat(64)),
            Err(NameError::TooLong { limit: 63, .. })
        ));
    }
}
