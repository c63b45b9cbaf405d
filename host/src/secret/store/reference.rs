//! Secrets that somebody else keeps: references to them, and the stores they point into.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::secret::SecretError;
use crate::spec::SecretText;

const SCHEME: &str = "ref://";
const VERSION: &str = "version=";

/// A reference into the workspace's secret store: `ref://<name>/<key>?version=<version>`.
///
/// The name may have several segments; the last segment is the key. Without a key the whole secret is
/// meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRef {
    text: String,
    name: String,
    key: String,
    version: Option<String>,
}

impl ExternalRef {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text does not begin with `ref://`, names no secret, or asks for something unknown.
    pub fn parse(reference: &str) -> Result<Self, SecretError> {
        let refuse = |reason| SecretError::Reference {
            reference: reference.chars().take(200).collect(),
            reason,
        };
        let rest = reference
            .strip_prefix(SCHEME)
            .ok_or_else(|| refuse("it does not begin with `ref://`"))?;
        let (path, query) =
            rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        if path.split('/').any(str::is_empty) {
            return Err(refuse("a part of its path is empty"));
        }
        let version = match query.map(|query| query.strip_prefix(VERSION)) {
            None => None,
            Some(Some(version)) if !version.contains('&') => {
                Some(version).filter(|version| !version.is_empty()).map(str::to_owned)
            }
            Some(_) => return Err(refuse("only `version` may follow the `?`")),
        };
        let (name, key) = path.rsplit_once('/').unwrap_or((path, ""));
        Ok(Self { text: reference.to_owned(), name: name.to_owned(), key: key.to_owned(), version })
    }
}

impl fmt::Display for ExternalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The workspace's secret store.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum SecretStore {
    /// The workspace names none.
    #[default]
    None,
    /// Values in the workspace file itself, for trying things out.
    Fake(FakeStore),
    /// A provider that this version cannot talk to.
    Unavailable {
        /// Its name in the workspace.
        provider: String,
    },
}

/// Values in the workspace file itself.
#[derive(Clone, Default, PartialEq)]
pub struct FakeStore {
    data: Vec<FakeEntry>,
}

impl fmt::Debug for FakeStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.data.iter().map(|entry| &entry.key)).finish()
    }
}

#[derive(Clone, PartialEq, Deserialize)]
struct FakeEntry {
    key: String,
    value: String,
    #[serde(default)]
    version: String,
}

impl SecretStore {
    /// Reads the workspace's `secretStore` block, `{provider: {<name>: {…}}}`.
    ///
    /// # Errors
    ///
    /// The block does not name one provider, or the provider's settings are wrong.
    pub fn parse(block: Option<&Value>) -> Result<Self, SecretError> {
        let refuse = |reason: String| SecretError::Store { reason };
        let Some(block) = block.filter(|block| !block.is_null()) else { return Ok(Self::None) };
        let providers = block.get("provider").and_then(Value::as_object);
        let mut providers = providers.ok_or_else(|| refuse("has no `provider`".to_owned()))?.iter();
        let (Some((name, settings)), None) = (providers.next(), providers.next()) else {
            return Err(refuse("must name one provider".to_owned()));
        };
        if name != "fake" {
            return Ok(Self::Unavailable { provider: name.clone() });
        }
        // The parser's message could quote a value, so it is dropped.
        let data = settings.get("data").cloned().and_then(|data| serde_json::from_value(data).ok());
        let wrong = || {
            refuse("needs `data` for provider `fake`: a list of `{key, value, version}`".to_owned())
        };
        Ok(Self::Fake(FakeStore { data: data.ok_or_else(wrong)? }))
    }

    /// Returns the value a reference points to.
    ///
    /// # Errors
    ///
    /// There is no store, this version cannot talk to it, or it has no such secret.
    pub fn get(&self, reference: &ExternalRef) -> Result<SecretText, SecretError> {
        let text = reference.to_string();
        match self {
            Self::None => Err(SecretError::NoStore { reference: text }),
            Self::Unavailable { provider } => {
                Err(SecretError::NoProvider { reference: text, provider: provider.clone() })
            }
            Self::Fake(store) => store.get(reference).ok_or_else(|| SecretError::NotInStore {
                reference: text,
                provider: "fake".to_owned(),
            }),
        }
    }
}

impl FakeStore {
    /// Finds an entry of the whole path, or a field of an entry that holds a JSON object.
    fn get(&self, reference: &ExternalRef) -> Option<SecretText> {
        let entry = |key: &str| {
            let version = |entry: &&FakeEntry| {
                reference.version.as_ref().is_none_or(|version| entry.version == *version)
            };
            // Without a version the last one is meant.
            self.data.iter().filter(version).rfind(|entry| entry.key == key)
        };
        if reference.key.is_empty() {
            return entry(&reference.name).map(|entry| SecretText::new(entry.value.as_str()));
        }
        if let Some(entry) = entry(&format!("{}/{}", reference.name, reference.key)) {
            return Some(SecretText::new(entry.value.as_str()));
        }
        let document: Value = serde_json::from_str(&entry(&reference.name)?.value).ok()?;
        match document.get(&reference.key)? {
            Value::String(text) => Some(SecretText::new(text.as_str())),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(SecretText::new(value.to_string())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn get(store: &SecretStore, reference: &str) -> Result<String, SecretError> {
        store.get(&ExternalRef::parse(reference)?).map(|text| text.expose().to_owned())
    }

    #[test]
    fn a_fake_store_has_versions_and_fields() {
        let block = json!({"provider": {"fake": {"data": [
            {"key": "token", "value": "t1", "version": "1"},
            {"key": "token", "value": "t2", "version": "2"},
            {"key": "db/main/password", "value": "p"},
            {"key": "db/main", "value": "{\"user\": \"u\", \"port\": 3306}"},
        ]}}});
        let store = SecretStore::parse(Some(&block)).unwrap();
        for (reference, value) in [
            ("ref://token", "t2"),
            ("ref://token?version=1", "t1"),
            ("ref://token?version=", "t2"),
            ("ref://db/main/password", "p"),
            ("ref://db/main/user", "u"),
            ("ref://db/main/port", "3306"),
        ] {
            assert_eq!(get(&store, reference).unwrap(), value, "{reference}");
        }
        for reference in ["ref://token?version=3", "ref://db/main/none", "ref://nothing"] {
            assert!(
                matches!(get(&store, reference), Err(SecretError::NotInStore { .. })),
                "{reference}"
            );
        }
        assert!(!format!("{store:?}").contains("t2"));
    }

    #[test]
    fn a_store_that_cannot_be_used_is_named() {
        let store =
            SecretStore::parse(Some(&json!({"provider": {"aws": {"region": "eu-west-1"}}})))
                .unwrap();
        let error = get(&store, "ref://a/b").unwrap_err();
        assert!(error.is_unknown());
        assert_eq!(
            error.to_string(),
            "secret store provider `aws` is not available in this version; `ref://a/b` needs it"
        );
        assert!(matches!(get(&SecretStore::None, "ref://a/b"), Err(SecretError::NoStore { .. })));
        for block in [
            json!({}),
            json!({"provider": {}}),
            json!({"provider": {"a": {}, "b": {}}}),
            json!({"provider": {"fake": {"data": [1]}}}),
        ] {
            assert!(
                matches!(SecretStore::parse(Some(&block)), Err(SecretError::Store { .. })),
                "{block}"
            );
        }
    }

    #[test]
    fn a_text_that_is_no_reference_is_refused() {
        for bad in [
            "",
            "a/b",
            "ref://",
            "ref:///b",
            "ref://a/",
            "ref://a//b",
            "ref://a?v=1",
            "ref://a?version=1&x=2",
        ] {
            assert!(matches!(ExternalRef::parse(bad), Err(SecretError::Reference { .. })), "{bad}");
        }
    }
}
