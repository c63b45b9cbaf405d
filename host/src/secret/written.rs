//! Written secrets as releases used them, so that a rollback brings back the value and not only its name.
//!
//! They stand in app.yaml or come from a module, so no record but the vault holds them. A value is kept once
//! for all releases that used it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::{SecretRef, SecretSource, SecretText};

/// The written secrets of releases.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Written {
    values: BTreeMap<SecretRef, Vec<Value>>,
}

/// A value, and the releases that used it.
#[derive(Debug, Clone, PartialEq)]
struct Value {
    text: SecretText,
    releases: BTreeSet<u64>,
}

/// A value as the vault's text holds it.
#[derive(Serialize)]
pub(super) struct Kept<'a> {
    releases: &'a BTreeSet<u64>,
    value: &'a str,
}

/// A value as it is read from the vault's text.
#[derive(Deserialize)]
pub(super) struct Found {
    releases: BTreeSet<u64>,
    value: String,
}

impl Written {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the value that a release used.
    pub(super) fn get(&self, secret: &SecretRef, revision: u64) -> Option<&SecretText> {
        let values = self.values.get(secret)?;
        values.iter().find(|value| value.releases.contains(&revision)).map(|value| &value.text)
    }

    /// Puts the literals of a release in place of what is there for its number.
    pub(super) fn put(&mut self, revision: u64, sources: &BTreeMap<SecretRef, SecretSource>) {
        self.remove(|used| used == revision);
        for (secret, source) in sources {
            let SecretSource::Literal(text) = source else { continue };
            let values = self.values.entry(secret.clone()).or_default();
            match values.iter_mut().find(|value| value.text == *text) {
                Some(value) => {
                    value.releases.insert(revision);
                }
                None => {
                    values.push(Value { text: text.clone(), releases: BTreeSet::from([revision]) });
                }
            }
        }
    }

    /// Forgets the values of some releases, and altogether those that no other release used.
    pub(super) fn remove(&mut self, goes: impl Fn(u64) -> bool) {
        for values in self.values.values_mut() {
            for value in values.iter_mut() {
                value.releases.retain(|revision| !goes(*revision));
            }
            values.retain(|value| !value.releases.is_empty());
        }
        self.values.retain(|_, values| !values.is_empty());
    }

    /// Returns what the vault's text says, by name.
    pub(super) fn to_text(
        &self,
        name: impl Fn(&SecretRef) -> String,
    ) -> BTreeMap<String, Vec<Kept<'_>>> {
        let values = self.values.iter().map(|(secret, values)| {
            let kept = values
                .iter()
                .map(|value| Kept { releases: &value.releases, value: value.text.expose() });
            (name(secret), kept.collect())
        });
        values.collect()
    }

    /// Reads what [`Written::to_text`] returned; `None` if a name is none.
    pub(super) fn from_text(
        text: BTreeMap<String, Vec<Found>>,
        parse: impl Fn(&str) -> Option<SecretRef>,
    ) -> Option<Self> {
        let found = |Found { releases, value }| Value { text: SecretText::new(value), releases };
        let values = text
            .into_iter()
            .map(|(name, values)| Some((parse(&name)?, values.into_iter().map(found).collect())));
        Some(Self { values: values.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str) -> SecretRef {
        SecretRef { app: "shop".into(), accessory: "orders".into(), name: name.into() }
    }

    fn literals(values: &[(&str, &str)]) -> BTreeMap<SecretRef, SecretSource> {
        let literal = |(name, value): &(&str, &str)| {
            (secret(name), SecretSource::Literal(SecretText::new(*value)))
        };
        values.iter().map(literal).collect()
    }

    fn get(written: &Written, name: &str, revision: u64) -> Option<String> {
        written.get(&secret(name), revision).map(|text| text.expose().to_owned())
    }

    #[test]
    fn each_release_has_the_values_it_used_and_each_value_is_kept_once() {
        let mut written = Written::default();
        written.put(1, &literals(&[("user", "root"), ("host", "a")]));
        written.put(2, &literals(&[("user", "root"), ("host", "b")]));
        written.put(3, &literals(&[("user", "root"), ("host", "a")]));
        for (revision, host) in [(1, Some("a")), (2, Some("b")), (3, Some("a")), (4, None)] {
            assert_eq!(get(&written, "host", revision).as_deref(), host);
        }
        let text = serde_json::to_string(&written.to_text(|secret| secret.name.clone())).unwrap();
        assert_eq!(
            text,
            r#"{"host":[{"releases":[1,3],"value":"a"},{"releases":[2],"value":"b"}],"user":[{"releases":[1,2,3],"value":"root"}]}"#
        );
        let read = serde_json::from_str(&text).unwrap();
        assert_eq!(Written::from_text(read, |name| Some(secret(name))), Some(written));
    }

    #[test]
    fn what_no_release_uses_is_forgotten() {
        let mut written = Written::default();
        written.put(1, &literals(&[("user", "root")]));
        // The run that was to be release 1 died before it was recorded.
        written.put(1, &literals(&[("host", "a")]));
        assert_eq!((get(&written, "user", 1), get(&written, "host", 1)), (None, Some("a".into())));
        written.put(2, &literals(&[("host", "a")]));
        written.remove(|revision| revision < 2);
        assert_eq!((get(&written, "host", 1), get(&written, "host", 2)), (None, Some("a".into())));
        written.remove(|_| true);
        assert!(written.is_empty());
    }
}
