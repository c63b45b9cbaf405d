//! Which versions of a module a workspace admits.

use std::fmt;
use std::str::FromStr;

use semver::{Version, VersionReq};

/// What a workspace says under `version`: one version, or a range.
///
/// A version alone means exactly that one, as upstream reads it; `^0.2`, `~1.4`, `>=1, <2`, `1.x` and `*` are ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    text: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Exact(Version),
    Range(VersionReq),
}

/// Says that a text is neither a version nor a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is neither a version nor a range of versions")]
pub struct RequirementError {
    /// The text.
    pub text: String,
}

impl Requirement {
    /// Admits one version and no other.
    pub fn only(version: &Version) -> Self {
        Self { text: version.to_string(), form: Form::Exact(version.clone()) }
    }

    /// Returns whether a version will do. Of versions that differ in their build only, each is one of its own.
    pub fn admits(&self, version: &Version) -> bool {
        match &self.form {
            Form::Exact(wanted) => wanted == version,
            Form::Range(range) => range.matches(version),
        }
    }

    /// Returns the version if only one will do.
    pub fn exact(&self) -> Option<&Version> {
        match &self.form {
            Form::Exact(version) => Some(version),
            Form::Range(_) => None,
        }
    }

    /// Returns the highest of these versions that will do.
    pub fn best(&self, versions: impl IntoIterator<Item = Version>) -> Option<Version> {
        versions.into_iter().filter(|version| self.admits(version)).max()
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let text = text.trim();
        let plain = text.strip_prefix('v').unwrap_or(text);
        let form = match Version::parse(plain) {
            Ok(version) => Form::Exact(version),
            // `1.2` alone could mean anything from one version to all before 2.
            Err(_) if plain.chars().all(|c| c.is_ascii_digit() || c == '.') => {
                return Err(RequirementError { text: text.to_owned() });
            }
            Err(_) => {
                let range = VersionReq::parse(text);
                Form::Range(range.map_err(|_| RequirementError { text: text.to_owned() })?)
            }
        };
        Ok(Self { text: text.to_owned(), form })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| Version::parse(text).unwrap()).collect()
    }

    #[test]
    fn the_highest_version_that_will_do_is_taken() {
        let all = ["0.1.0", "0.2.0", "0.2.1", "0.2.10", "0.3.0-rc.1", "1.0.0", "1.4.2", "2.0.0"];
        for (requirement, best) in [
            ("0.2.0", Some("0.2.0")),
            ("v0.2.0", Some("0.2.0")),
            ("=0.2.1", Some("0.2.1")),
            ("^0.2", Some("0.2.10")),
            ("~0.2.1", Some("0.2.10")),
            ("0.2.x", Some("0.2.10")),
            (">=0.2, <1.4", Some("1.0.0")),
            ("*", Some("2.0.0")),
            ("0.3.0-rc.1", Some("0.3.0-rc.1")),
            ("^0.3", None),
            ("9.9.9", None),
        ] {
            let parsed: Requirement = requirement.parse().unwrap();
            let found = parsed.best(versions(&all)).map(|version| version.to_string());
            assert_eq!(found.as_deref(), best, "{requirement}");
            assert_eq!(parsed.to_string(), requirement);
        }
    }

    #[test]
    fn a_version_alone_is_exactly_that_one() {
        let exact: Requirement = "1.4.2".parse().unwrap();
        assert_eq!(exact.exact(), versions(&["1.4.2"]).first());
        assert_eq!("^1.4.2".parse::<Requirement>().unwrap().exact(), None);
        let build: Requirement = "1.0.0+a".parse().unwrap();
        assert_eq!(build.best(versions(&["1.0.0", "1.0.0+b"])), None);
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        for text in ["", "1", "1.2", "latest", "1.2.3.4", ">=", "1.2.3 || 2"] {
            assert!(text.parse::<Requirement>().is_err(), "{text}");
        }
    }
}
