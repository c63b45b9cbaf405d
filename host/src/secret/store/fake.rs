//! Values in the workspace file itself, for trying things out.

use std::fmt;

use async_trait::async_trait;

use super::Store;
use crate::secret::{Contents, StoreError, StoredSecret};
use crate::spec::SecretText;

/// Values in the workspace file itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FakeStore {
    entries: Vec<FakeEntry>,
}

/// One value.
#[derive(Clone, PartialEq)]
pub struct FakeEntry {
    /// The name of a secret, or a name and a key, as a reference has them.
    pub key: String,
    /// The value. If it is a JSON object, its members have keys.
    pub value: SecretText,
    /// The version; empty if there is one only.
    pub version: String,
}

impl fmt::Debug for FakeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeEntry").field("key", &self.key).finish_non_exhaustive()
    }
}

impl FakeStore {
    /// Takes the values.
    pub fn new(entries: Vec<FakeEntry>) -> Self {
        Self { entries }
    }
}

#[async_trait]
impl Store for FakeStore {
    fn title(&self) -> String {
        "secret store `fake`".to_owned()
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let is_version = |entry: &&FakeEntry| {
            secret.version.as_ref().is_none_or(|version| entry.version == *version)
        };
        let entries = || self.entries.iter().filter(is_version);
        // Without a version the last one is meant.
        let whole = entries().rfind(|entry| entry.key == secret.name);
        let mut contents =
            whole.map(|entry| Contents::of_text(entry.value.expose())).unwrap_or_default();
        for entry in entries() {
            let below = entry.key.strip_prefix(&secret.name).and_then(|key| key.strip_prefix('/'));
            if let Some(key) = below.filter(|key| !key.contains('/')) {
                contents.insert(key, entry.value.expose().as_bytes().to_vec());
            }
        }
        if contents.is_empty() {
            let (reference, store) = (secret.to_string(), self.title());
            return Err(StoreError::NotInStore { reference, store, said: String::new() });
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExternalRef;

    async fn get(store: &FakeStore, reference: &str) -> Result<String, StoreError> {
        let reference = ExternalRef::parse(reference)?;
        let contents = store.read(reference.secret()).await?;
        contents.get(&reference).map(|text| text.expose().to_owned())
    }

    #[tokio::test]
    async fn a_fake_store_has_versions_and_keys() {
        let entry = |(key, value, version): (&str, &str, &str)| FakeEntry {
            key: key.to_owned(),
            value: SecretText::new(value),
            version: version.to_owned(),
        };
        let entries = [
            ("token", "t1", "1"),
            ("token", "t2", "2"),
            ("db/main/password", "p", ""),
            ("db/main", "{\"user\": \"u\", \"port\": 3306}", ""),
        ];
        let store = FakeStore::new(entries.map(entry).to_vec());
        for (reference, value) in [
            ("ref://token", "t2"),
            ("ref://token?version=1", "t1"),
            ("ref://token?version=", "t2"),
            ("ref://db/main/password", "p"),
            ("ref://db/main/user", "u"),
            ("ref://db/main/port", "3306"),
        ] {
            assert_eq!(get(&store, reference).await.unwrap(), value, "{reference}");
        }
        for reference in ["ref://token?version=3", "ref://nothing", "ref://db/password"] {
            let error = get(&store, reference).await.unwrap_err();
            let is_missing =
                matches!(error, StoreError::NotInStore { .. } | StoreError::NoKey { .. });
            assert!(is_missing && !error.is_unread(), "{reference}: {error}");
        }
        let error = get(&store, "ref://db/main/none").await.unwrap_err();
        assert!(matches!(error, StoreError::NoKey { .. }), "{error}");
        assert!(!format!("{store:?}").contains("t2"));
    }
}
