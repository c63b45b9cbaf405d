//! The names of records.

use std::fmt;

/// The longest segment of a key in bytes: with the marks a backend adds it is still a file name.
const MAX_SEGMENT: usize = 200;
/// The longest key in bytes: object stores allow 1024, a prefix included.
const MAX_KEY: usize = 800;
/// The folders of what belongs to a stack. Nothing below them is written without the stack's lease.
pub(super) const LEASED: [&str; 2] = ["releases", "secrets"];

/// A path-like name of a record, such as `releases/shop/dev/dev/7.yaml`.
///
/// Segments are separated by `/`; each is of letters, digits, `.`, `_` and `-` and begins with a
/// letter or digit, so a key cannot leave the place it starts from or meet a backend's own files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Says why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is not a record key: {reason}")]
pub struct KeyError {
    key: String,
    reason: &'static str,
}

impl Key {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text or a segment of it is empty, too long, or holds a character that is not allowed.
    pub fn parse(key: impl Into<String>) -> Result<Self, KeyError> {
        let key = key.into();
        let edge = |c: char| c.is_ascii_alphanumeric();
        let allowed = |c: char| edge(c) || matches!(c, '.' | '_' | '-');
        let reason = if key.len() > MAX_KEY {
            "it is longer than 800 bytes"
        } else if key.split('/').any(|segment| segment.len() > MAX_SEGMENT) {
            "a segment is longer than 200 bytes"
        } else if !key
            .split('/')
            .all(|segment| segment.starts_with(edge) && segment.chars().all(allowed))
        {
            "each segment is of letters, digits, `.`, `_` and `-` and begins with a letter or digit"
        } else {
            return Ok(Self(key));
        };
        Err(KeyError { key: key.chars().take(80).collect(), reason })
    }

    /// Names the top folder of a kind of records.
    pub(crate) fn top(segment: &'static str) -> Self {
        Self(segment.to_owned())
    }

    /// Names a record below this one; the segment is a checked name or a number.
    pub(crate) fn below(&self, segment: impl fmt::Display) -> Self {
        let key = Self(format!("{self}/{segment}"));
        debug_assert_eq!(Self::parse(key.as_str()).as_ref(), Ok(&key));
        key
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether a record belongs to what is leased under a key: it lies below that key, or it is what the
    /// key's stack has in another folder of stacks, as `secrets/shop/dev/dev.age` beside `releases/shop/dev/dev`.
    pub(super) fn is_leased_under(&self, leased: &Self) -> bool {
        let below =
            |place: &str| self.0.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
        let twin = |top: &str| {
            let (_, stack) = leased.0.split_once('/').filter(|(of, _)| LEASED.contains(of))?;
            Some(format!("{top}/{stack}"))
        };
        let mut twins = LEASED.into_iter().filter_map(twin);
        below(&leased.0) || twins.any(|twin| below(&twin) || self.0 == format!("{twin}.age"))
    }

    /// Returns the segments in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a record that belongs to no stack, such as `workspaces/dev.yaml`.
///
/// Only such a record can be written without a [`Lease`](crate::backend::Lease).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedKey(Key);

impl SharedKey {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text is no key, or it names what belongs to a stack.
    pub fn parse(key: impl Into<String>) -> Result<Self, KeyError> {
        let key = Key::parse(key)?;
        if key.segments().next().is_some_and(|top| LEASED.contains(&top)) {
            return Err(KeyError {
                key: key.as_str().chars().take(80).collect(),
                reason: "a record of a stack is written under the stack's lease only",
            });
        }
        Ok(Self(key))
    }

    /// Returns the key, for reading.
    pub fn key(&self) -> &Key {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_covers_the_records_of_its_stack_and_no_others() {
        for (leased, record, covered) in [
            ("releases/shop/dev/dev", "releases/shop/dev/dev/7.yaml", true),
            ("releases/shop/dev/dev", "secrets/shop/dev/dev.age", true),
            ("releases/shop/dev/dev", "secrets/shop/dev/dev/deep", true),
            ("stack", "stack/log", true),
            ("releases/shop/dev/dev", "releases/shop/dev/dev", false),
            ("releases/shop/dev/dev", "releases/shop/dev/dev2/7.yaml", false),
            ("releases/shop/dev/dev", "releases/shop/dev/7.yaml", false),
            ("releases/shop/dev/dev", "secrets/shop/dev/dev2.age", false),
            ("releases/shop/dev/dev", "secrets/shop/prod/dev.age", false),
            ("releases/shop/dev/dev", "workspaces/dev.yaml", false),
            ("stack", "secrets/stack.age", false),
        ] {
            let [leased, record] = [leased, record].map(|key| Key::parse(key).unwrap());
            assert_eq!(record.is_leased_under(&leased), covered, "{record} under {leased}");
        }
    }

    #[test]
    fn a_key_cannot_leave_its_root() {
        for bad in ["", "/", "a/", "/a", "a//b", ".", "a/..", "a/.lock", "a b", "a\\b", "a\0"] {
            assert!(Key::parse(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["a", "releases/shop/dev/dev/7.yaml", "A_b-c.d/0"] {
            assert_eq!(Key::parse(good).unwrap().as_str(), good);
        }
        assert!(Key::parse("a".repeat(201)).is_err());
        assert!(Key::parse(vec!["a"; 401].join("/")).is_err());
    }

    #[test]
    fn what_belongs_to_a_stack_is_no_shared_record() {
        for bad in ["releases/shop/dev/dev/7.yaml", "releases", "secrets/shop/dev/dev.age", "a b"] {
            assert!(SharedKey::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(
            SharedKey::parse("workspaces/dev.yaml").unwrap().key().as_str(),
            "workspaces/dev.yaml"
        );
    }
}
