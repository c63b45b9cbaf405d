//! Stores that cannot be read: there is none, or none that this version knows.

use async_trait::async_trait;

use super::Store;
use crate::secret::{Contents, StoreError, StoredSecret};

/// What stands for a store in a workspace that names none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

#[async_trait]
impl Store for NoStore {
    fn title(&self) -> String {
        "no secret store".to_owned()
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        Err(StoreError::NoStore { reference: secret.to_string() })
    }
}

/// A store of a provider that this version cannot talk to.
#[derive(Debug, Clone)]
pub struct UnknownStore {
    provider: String,
}

impl UnknownStore {
    /// Names the provider.
    pub fn new(provider: impl Into<String>) -> Self {
        Self { provider: provider.into() }
    }
}

#[async_trait]
impl Store for UnknownStore {
    fn title(&self) -> String {
        format!("secret store `{}`", self.provider)
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let (reference, provider) = (secret.to_string(), self.provider.clone());
        Err(StoreError::NoProvider { reference, provider })
    }
}
