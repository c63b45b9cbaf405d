//! Variables of the environment, of which the workspace says which may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::Store;
use crate::secret::{Contents, StoreError, StoredSecret};
use crate::spec::SecretText;

/// The variables of an environment. The program that uses the library reads them; the library does not.
#[derive(Clone, Default)]
pub struct Variables(Arc<BTreeMap<String, SecretText>>);

impl FromIterator<(String, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self(Arc::new(variables.map(|(name, value)| (name, SecretText::new(value))).collect()))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}

/// Variables of the environment.
#[derive(Debug, Clone, Default)]
pub struct EnvStore {
    /// The variables that may be read.
    pub names: BTreeSet<String>,
    /// What the names of others that may be read begin with.
    pub prefix: Option<String>,
    /// The environment.
    pub variables: Variables,
}

#[async_trait]
impl Store for EnvStore {
    fn title(&self) -> String {
        "secret store `env`".to_owned()
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let StoredSecret { name, version } = secret;
        let reference = secret.to_string();
        if version.is_some() {
            return Err(StoreError::Reference { reference, reason: "a variable has no versions" });
        }
        let has_prefix = self.prefix.as_ref().is_some_and(|prefix| name.starts_with(prefix));
        if !has_prefix && !self.names.contains(name) {
            let reason = "its secret store `env` does not list the variable".to_owned();
            return Err(StoreError::NotOffered { reference, reason });
        }
        match self.variables.0.get(name) {
            Some(value) => Ok(Contents::of_text(value.expose())),
            None => {
                let said = "the variable is not set".to_owned();
                Err(StoreError::NotInStore { reference, store: self.title(), said })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExternalRef;

    #[tokio::test]
    async fn only_listed_variables_are_read() {
        let variables = [
            ("SHOP_TOKEN", "hunter2"),
            ("SHOP_DB", r#"{"password": "hunter3"}"#),
            ("DB", "hunter4"),
            ("AWS_SECRET_ACCESS_KEY", "hunter5"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let store = EnvStore {
            names: ["DB".to_owned(), "UNSET".to_owned()].into(),
            prefix: Some("SHOP_".to_owned()),
            variables: variables.into_iter().collect(),
        };
        assert!(!format!("{store:?}").contains("hunter"));
        for (reference, expected) in [
            ("ref://SHOP_TOKEN", Ok("hunter2")),
            ("ref://SHOP_DB/password", Ok("hunter3")),
            ("ref://DB", Ok("hunter4")),
            (
                "ref://AWS_SECRET_ACCESS_KEY",
                Err(
                    "the workspace does not offer `ref://AWS_SECRET_ACCESS_KEY`: its secret store `env` does not list the variable",
                ),
            ),
            (
                "ref://UNSET",
                Err("secret store `env` has no secret for `ref://UNSET` (the variable is not set)"),
            ),
            (
                "ref://DB?version=1",
                Err("`ref://DB?version=1` is not a secret reference: a variable has no versions"),
            ),
            ("ref://DB/key", Err("the secret of `ref://DB/key` has no key `key`")),
        ] {
            let parsed = ExternalRef::parse(reference).unwrap();
            let found = store.read(parsed.secret()).await.and_then(|found| found.get(&parsed));
            let found = found.map(|text| text.expose().to_owned());
            let found = found.map_err(|error| error.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(found, expected, "{reference}");
        }
    }
}
