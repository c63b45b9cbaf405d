//! References to secrets that somebody else keeps.

use std::fmt;

use crate::secret::StoreError;

const SCHEME: &str = "ref://";
const VERSION: &str = "version=";
/// The longest reference in bytes: longer ones are no names of secrets.
const MAX_LENGTH: usize = 2048;

/// What a store keeps under a name. Its values have keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredSecret {
    /// The name; it may have several segments.
    pub name: String,
    /// The version; the newest if absent.
    pub version: Option<String>,
}

impl fmt::Display for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.name)?;
        match &self.version {
            Some(version) => write!(f, "?{VERSION}{version}"),
            None => Ok(()),
        }
    }
}

/// A reference into the workspace's secret store: `ref://<name>/<key>?version=<version>`.
///
/// The name may have several segments; the last segment is the key. A reference of one segment means the whole
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRef {
    text: String,
    secret: StoredSecret,
    key: Option<String>,
}

impl ExternalRef {
    /// Says whether a text is meant as a reference.
    pub fn is_meant(text: &str) -> bool {
        text.trim_start().starts_with(SCHEME)
    }

    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text does not begin with `ref://`, names no secret, or asks for something unknown.
    pub fn parse(reference: &str) -> Result<Self, StoreError> {
        let refuse = |reason| StoreError::Reference {
            reference: reference.chars().take(200).collect(),
            reason,
        };
        if reference.len() > MAX_LENGTH {
            return Err(refuse("it is longer than 2048 bytes"));
        }
        if reference.chars().any(char::is_control) {
            return Err(refuse("it holds control characters"));
        }
        let rest = reference
            .strip_prefix(SCHEME)
            .ok_or_else(|| refuse("it does not begin with `ref://`"))?;
        let (path, query) =
            rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        if path.split('/').any(str::is_empty) {
            return Err(refuse("a part of its path is empty"));
        }
        // A server would take them for steps to another place.
        if path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(refuse("a part of its path is `.` or `..`"));
        }
        let version = match query.map(|query| query.strip_prefix(VERSION)) {
            None => None,
            Some(Some(version)) if !version.contains('&') => {
                Some(version).filter(|version| !version.is_empty()).map(str::to_owned)
            }
            Some(_) => return Err(refuse("only `version` may follow the `?`")),
        };
        let (name, key) = match path.rsplit_once('/') {
            Some((name, key)) => (name, Some(key.to_owned())),
            None => (path, None),
        };
        let secret = StoredSecret { name: name.to_owned(), version };
        Ok(Self { text: reference.to_owned(), secret, key })
    }

    /// Returns the secret that has the value.
    pub fn secret(&self) -> &StoredSecret {
        &self.secret
    }

    /// Returns the key of the value; `None` means the whole secret.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for ExternalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_name_a_key_and_a_version() {
        for (text, name, key, version) in [
            ("ref://token", "token", None, None),
            ("ref://token?version=", "token", None, None),
            ("ref://db/password", "db", Some("password"), None),
            ("ref://shop/prod/db/password?version=3", "shop/prod/db", Some("password"), Some("3")),
            ("ref://a/tls.crt?version=uuid/x", "a", Some("tls.crt"), Some("uuid/x")),
        ] {
            let reference = ExternalRef::parse(text).unwrap();
            let version = version.map(str::to_owned);
            assert_eq!(reference.secret(), &StoredSecret { name: name.to_owned(), version });
            assert_eq!(reference.key(), key);
            assert_eq!(reference.to_string(), text);
        }
        let reference = ExternalRef::parse("ref://shop/db/password?version=3").unwrap();
        assert_eq!(reference.secret().to_string(), "ref://shop/db?version=3");
    }

    #[test]
    fn a_text_that_is_no_reference_is_refused() {
        let long = format!("ref://{}", "a/".repeat(2000));
        for bad in [
            "",
            "a/b",
            " ref://a/b",
            "ref://",
            "ref:///b",
            "ref://a/",
            "ref://a//b",
            "ref://a/../b",
            "ref://./a",
            "ref://a\n/b",
            "ref://a?v=1",
            "ref://a?version=1&x=2",
            &long,
        ] {
            assert!(matches!(ExternalRef::parse(bad), Err(StoreError::Reference { .. })), "{bad}");
        }
        assert!(ExternalRef::is_meant(" ref://a/b") && !ExternalRef::is_meant("a ref://a/b"));
    }
}
