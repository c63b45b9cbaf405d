//! What a store has under one name.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::secret::{ExternalRef, StoreError};
use crate::spec::SecretText;

const INEXACT: &str = "a number with a fraction or of more than 64 bits";

/// The values of a secret, by key.
#[derive(Clone, Default)]
pub struct Contents {
    whole: Option<Held>,
    values: BTreeMap<String, Held>,
}

/// What a key holds.
#[derive(Clone)]
enum Held {
    Text(SecretText),
    /// Something that cannot be given as a text.
    Other(&'static str),
}

impl Contents {
    /// Takes a secret that is a text. If the text is a JSON object, its members are the keys.
    pub fn of_text(text: &str) -> Self {
        let mut contents = match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self::of_members(members),
            _ => Self::default(),
        };
        contents.whole = Some(Held::Text(SecretText::new(text)));
        contents
    }

    /// Takes a secret that is a JSON object: its members are the keys, and the whole of it is its text.
    pub fn of_json(members: Map<String, Value>) -> Self {
        let members = Value::Object(members);
        let whole = match is_exact(&members) {
            true => Held::Text(SecretText::new(members.to_string())),
            false => Held::Other(INEXACT),
        };
        let Value::Object(members) = members else { return Self::default() };
        Self { whole: Some(whole), ..Self::of_members(members) }
    }

    fn of_members(members: Map<String, Value>) -> Self {
        let mut values = BTreeMap::new();
        for (key, value) in members {
            let held = match value {
                Value::Null => continue,
                Value::String(text) => Held::Text(SecretText::new(text)),
                value if !is_exact(&value) => Held::Other(INEXACT),
                value => Held::Text(SecretText::new(value.to_string())),
            };
            values.insert(key, held);
        }
        Self { whole: None, values }
    }

    /// Adds a value as it is stored, which need not be a text.
    pub fn insert(&mut self, key: impl Into<String>, bytes: Vec<u8>) {
        let held = match String::from_utf8(bytes) {
            Ok(text) => Held::Text(SecretText::new(text)),
            Err(_) => Held::Other("not a text in UTF-8"),
        };
        self.values.insert(key.into(), held);
    }

    /// Says whether this is one of the values, or stands in one.
    pub(super) fn has(&self, text: &str) -> bool {
        let mut all = self.whole.iter().chain(self.values.values());
        all.any(|held| matches!(held, Held::Text(value) if value.expose().contains(text)))
    }

    /// Says whether nothing at all is kept under the name.
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && self.values.is_empty()
    }

    /// Returns the value that a reference means.
    ///
    /// # Errors
    ///
    /// There is no such key, or its value is not a text.
    pub fn get(&self, reference: &ExternalRef) -> Result<SecretText, StoreError> {
        let text = || reference.to_string();
        let known = || self.values.keys().cloned().collect();
        let Some(key) = reference.key() else {
            return match &self.whole {
                Some(Held::Text(value)) => Ok(value.clone()),
                Some(Held::Other(what)) => Err(StoreError::NoText { reference: text(), what }),
                None => Err(StoreError::KeyNeeded { reference: text(), known: known() }),
            };
        };
        match self.values.get(key) {
            Some(Held::Text(value)) => Ok(value.clone()),
            Some(Held::Other(what)) => Err(StoreError::NoText { reference: text(), what }),
            None => {
                Err(StoreError::NoKey { reference: text(), key: key.to_owned(), known: known() })
            }
        }
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Says whether a value can be written as it was stored: of a number with a fraction that is lost, as 1.10 would come back as
/// 1.1.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnose as _;

    fn get(contents: &Contents, reference: &str) -> Result<String, StoreError> {
        contents.get(&ExternalRef::parse(reference)?).map(|text| text.expose().to_owned())
    }

    #[test]
    fn a_text_that_is_json_has_keys_and_is_one_text() {
        let text = r#"{"user": "u", "port": 3306, "tls": true, "more": {"b": [1, 2]}, "none": null, "part": 1.10}"#;
        let contents = Contents::of_text(text);
        for (reference, value) in [
            ("ref://db", text),
            ("ref://db/user", "u"),
            ("ref://db/port", "3306"),
            ("ref://db/tls", "true"),
            ("ref://db/more", r#"{"b":[1,2]}"#),
        ] {
            assert_eq!(get(&contents, reference).unwrap(), value, "{reference}");
        }
        let error = get(&contents, "ref://db/usr").unwrap_err();
        assert_eq!(error.to_string(), "the secret of `ref://db/usr` has no key `usr`");
        let known = "valid names: more, part, port, tls, user";
        assert_eq!(error.hints(), ["did you mean `user`?", known]);
        assert!(matches!(get(&contents, "ref://db/none"), Err(StoreError::NoKey { .. })));
        let error = get(&contents, "ref://db/part").unwrap_err();
        assert!(matches!(error, StoreError::NoText { .. }), "{error}");
        assert!(!format!("{contents:?}").contains("3306"));
    }

    #[test]
    fn values_that_are_no_text_are_told_and_not_shown() {
        let mut contents = Contents::default();
        assert!(contents.is_empty());
        contents.insert("password", b"hunter2".to_vec());
        contents.insert("keystore", vec![0xff, 0xfe]);
        assert_eq!(get(&contents, "ref://db/password").unwrap(), "hunter2");
        let error = get(&contents, "ref://db/keystore").unwrap_err();
        assert_eq!(error.to_string(), "the value of `ref://db/keystore` is not a text in UTF-8");
        let error = get(&contents, "ref://db").unwrap_err();
        assert_eq!(error.to_string(), "`ref://db` names no key");
        assert_eq!(error.hints(), ["valid names: keystore, password"]);
        assert!(!format!("{contents:?}").contains("hunter2"));
    }
}
