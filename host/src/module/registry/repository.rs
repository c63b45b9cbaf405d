//! The name of a module in a registry.

use std::fmt;
use std::str::FromStr;

use crate::http::is_loopback;

/// The scheme that tells a registry from a file.
const SCHEME: &str = "oci://";
/// The longest name that registries take, in characters.
const MAX_LENGTH: usize = 255;

/// Where all versions of a module lie: `oci://registry.example.com:5000/team/mysql`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    registry: String,
    path: String,
}

/// Says why a text names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no module in a registry: {reason}")]
pub struct RepositoryError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Repository {
    /// Returns the host, with its port if it has one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns what follows the host, without a slash at its beginning.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether the registry is this machine, so that nobody can listen in.
    pub fn is_loopback(&self) -> bool {
        is_loopback(host(&self.registry))
    }

    /// Returns the repository of a module below this one, which is then a namespace.
    ///
    /// # Errors
    ///
    /// The name cannot be part of the name of a repository.
    pub fn child(&self, name: &str) -> Result<Self, RepositoryError> {
        format!("{self}/{name}").parse()
    }
}

/// Returns a registry without its port.
fn host(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => registry,
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        let refuse = |reason| RepositoryError { text: text.chars().take(300).collect(), reason };
        let rest = text.strip_prefix(SCHEME).unwrap_or(text);
        let (registry, path) =
            rest.split_once('/').ok_or_else(|| refuse("there is no `/` behind the registry"))?;
        if rest.contains('@') {
            return Err(refuse("a digest belongs into the lock, not here"));
        }
        if path.contains(':') {
            return Err(refuse("the version belongs into `version`, not behind a `:`"));
        }
        if !is_registry(registry) {
            return Err(refuse("what stands before the first `/` is no host"));
        }
        if path.len() + registry.len() + 1 > MAX_LENGTH {
            return Err(refuse("it is longer than 255 characters"));
        }
        if !path.split('/').all(is_component) {
            return Err(refuse(
                "its parts are lower-case letters and digits, with single `.`, `_` or `-` between them",
            ));
        }
        Ok(Self { registry: registry.to_owned(), path: path.to_owned() })
    }
}

/// Returns whether a text is a host, which may have a port.
fn is_registry(text: &str) -> bool {
    let host = host(text);
    let port = text.get(host.len()..).unwrap_or_default();
    let is_address = host.starts_with('[')
        && host.ends_with(']')
        && host.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>().is_ok();
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let port_is_right = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    port_is_right && (is_address || host.split('.').all(is_label))
}

/// Returns whether a text is a port in the one way of writing it, so that no two names stand for one registry.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port.to_string() == text)
}

/// Returns whether a text can stand between two slashes, by the grammar of the distribution specification.
fn is_component(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut separators = text.split(is_inner);
    let begins_and_ends = text.starts_with(is_inner) && text.ends_with(is_inner);
    begins_and_ends
        && separators.all(|separator| {
            matches!(separator, "" | "." | "_" | "__")
                || separator.chars().all(|character| character == '-')
        })
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.registry, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Repository, &'static str> {
        text.parse().map_err(|error: RepositoryError| error.reason)
    }

    #[test]
    fn a_repository_is_a_registry_and_a_path() {
        let repository = parse("oci://registry.example.com:5000/team/my-sql").unwrap();
        assert_eq!(repository.registry(), "registry.example.com:5000");
        assert_eq!(repository.path(), "team/my-sql");
        assert_eq!(repository.to_string(), "oci://registry.example.com:5000/team/my-sql");
        assert_eq!(repository.child("x").unwrap().path(), "team/my-sql/x");
        assert_eq!(parse("example.com/a"), parse("oci://example.com/a"));
        for good in ["a/b", "[::1]:5000/a", "127.0.0.1:5000/a.b/c__d/e--f"] {
            assert!(parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_plain() {
        let is_loopback = |text: &str| parse(text).unwrap().is_loopback();
        for near in ["localhost/a", "localhost:5000/a", "127.0.0.1:1/a", "127.8.8.8/a", "[::1]:5/a"]
        {
            assert!(is_loopback(near), "{near}");
        }
        for far in [
            "127.0.0.1.example.com/a",
            "localhost.example.com/a",
            "x.localhost/a",
            "10.0.0.1:80/a",
            "[::2]/a",
        ] {
            assert!(!is_loopback(far), "{far}");
        }
    }

    #[test]
    fn what_is_no_repository_is_told_why() {
        let parts =
            "its parts are lower-case letters and digits, with single `.`, `_` or `-` between them";
        for (text, reason) in [
            ("oci://example.com", "there is no `/` behind the registry"),
            ("example.com/a:1.0.0", "the version belongs into `version`, not behind a `:`"),
            ("example.com/a@sha256:00", "a digest belongs into the lock, not here"),
            ("exa mple/a", "what stands before the first `/` is no host"),
            ("example.com:99999/a", "what stands before the first `/` is no host"),
            ("-x.com/a", "what stands before the first `/` is no host"),
            ("/a", "what stands before the first `/` is no host"),
            ("example.com/", parts),
            ("example.com/A", parts),
            ("example.com/../a", parts),
            ("example.com/a//b", parts),
            ("example.com/a..b", parts),
            ("example.com/a-", parts),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
        let long = format!("example.com/{}", "a".repeat(250));
        assert_eq!(parse(&long), Err("it is longer than 255 characters"));
    }
}
