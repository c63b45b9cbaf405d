//! JSON Pointers (RFC 6901): how a module says which part of the user's text is wrong.

use std::fmt;

use serde::Serialize;

/// A place in `/config`, `/platform` or `/workload`.
///
/// ```
/// use kusion_sdk::Pointer;
///
/// let pointer = Pointer::config().key("ports").index(0).key("a/b");
/// assert_eq!(pointer.to_string(), "/config/ports/0/a~1b");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Pointer(String);

impl Pointer {
    /// Points at what the developer wrote for this module.
    pub fn config() -> Self {
        Self("/config".to_owned())
    }

    /// Points at what the platform team wrote for this module.
    pub fn platform() -> Self {
        Self("/platform".to_owned())
    }

    /// Points at the app's workload.
    pub fn workload() -> Self {
        Self("/workload".to_owned())
    }

    /// Goes on to the member `key` of an object.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut text = self.0.clone();
        text.push('/');
        for character in key.chars() {
            match character {
                '~' => text.push_str("~0"),
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// Goes on to the element `index` of a list, counted from zero.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// Means the name of the member that it points at, and not its value.
    #[must_use]
    pub fn name(&self) -> Self {
        Self(format!("{}#", self.0))
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<&str> for Pointer {
    /// Takes a pointer that is written out, with `~` and `/` inside keys already escaped.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_and_indices_are_not() {
        let pointer = Pointer::workload().key("a~b/c").index(12);
        assert_eq!(pointer.as_str(), "/workload/a~0b~1c/12");
        assert_eq!(Pointer::config().key("env").key("1A").name().as_str(), "/config/env/1A#");
    }

    #[test]
    fn a_pointer_can_be_extended_more_than_once() {
        let ports = Pointer::from("/config/ports");
        assert_eq!(ports.index(0).as_str(), "/config/ports/0");
        assert_eq!(ports.index(1).as_str(), "/config/ports/1");
    }
}
