//! Secrets of a cluster as a store of secrets that somebody else keeps.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::ClusterError;
use super::wire::{Access, Failure, Opened, Transport, root, segment, shortened};
use crate::secret::{Contents, Store, StoreError, StoredSecret};

/// Reads the Secrets of one namespace: `ref://<secret>/<key>`.
pub struct KubernetesStore {
    link: Arc<Transport>,
    server: String,
    namespace: String,
}

impl KubernetesStore {
    /// Prepares the way to a cluster. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The kubeconfig cannot be used, or names no such context.
    pub async fn open(access: &Access, namespace: &str) -> Result<Self, ClusterError> {
        let Opened { transport, server, .. } = access.open().await?;
        Ok(Self::on(Arc::new(transport), &server, namespace))
    }

    /// Uses a connection that is there.
    pub(super) fn on(link: Arc<Transport>, server: &str, namespace: &str) -> Self {
        Self { link, server: server.to_owned(), namespace: namespace.to_owned() }
    }

    fn failed(&self, failure: Failure, secret: &StoredSecret) -> StoreError {
        let (reference, store) = (secret.to_string(), self.title());
        match failure {
            Failure::Refused(refusal) => {
                let (status, said) = (refusal.code, shortened(&refusal.message));
                if matches!(status, 401 | 403) {
                    let hint = match status {
                        401 => "log in again: the cluster does not know who asks".to_owned(),
                        _ => format!(
                            "let the user of the context `get` Secrets in namespace `{}`",
                            self.namespace
                        ),
                    };
                    return StoreError::Denied { reference, store, said, hints: vec![hint] };
                }
                if refusal.is_passing() {
                    return StoreError::Unavailable { reference, store, status, said, wait: None };
                }
                StoreError::Refused { reference, store, status, said }
            }
            Failure::Unanswered { source, .. } => {
                StoreError::unreachable(secret, store, source.as_ref(), false)
            }
            failure @ (Failure::TooLong | Failure::Garbled { .. }) => {
                StoreError::Answer { reference, store, reason: failure.to_string() }
            }
        }
    }
}

#[async_trait]
impl Store for KubernetesStore {
    fn title(&self) -> String {
        format!("namespace `{}` of cluster `{}`", self.namespace, self.server)
    }

    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let refuse = |reason| StoreError::Reference { reference: secret.to_string(), reason };
        if secret.name.contains('/') {
            return Err(refuse("a Secret is named `ref://<secret>/<key>`"));
        }
        if secret.version.is_some() {
            return Err(refuse("a Secret has no versions"));
        }
        let (namespace, name) = (segment(&self.namespace), segment(&secret.name));
        let path = format!("{}/namespaces/{namespace}/secrets/{name}", root("v1"));
        let found = self.link.find(&path).await.map_err(|failure| self.failed(failure, secret))?;
        let (reference, store) = (secret.to_string(), self.title());
        let Some(found) = found else {
            return Err(StoreError::NotInStore { reference, store, said: String::new() });
        };
        let mut contents = Contents::default();
        let data = found.get("data").and_then(Value::as_object);
        for (key, value) in data.into_iter().flatten() {
            let bytes = value.as_str().and_then(|value| STANDARD.decode(value).ok());
            let bytes = bytes.ok_or_else(|| StoreError::Answer {
                reference: reference.clone(),
                store: store.clone(),
                reason: format!("`{key}` is not in base 64"),
            })?;
            contents.insert(key, bytes);
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;
    use crate::secret::ExternalRef;

    fn store(status: u16, body: Value) -> KubernetesStore {
        let link = scripted(move |_| (status, body.clone()));
        KubernetesStore::on(Arc::new(link), "https://played", "vault")
    }

    async fn get(store: &KubernetesStore, reference: &str) -> Result<String, StoreError> {
        let reference = ExternalRef::parse(reference)?;
        let contents = store.read(reference.secret()).await?;
        contents.get(&reference).map(|text| text.expose().to_owned())
    }

    #[tokio::test]
    async fn a_key_of_a_secret_is_read() {
        let data =
            json!({"password": STANDARD.encode("hunter2"), "key.der": STANDARD.encode([255])});
        let store = store(200, json!({"kind": "Secret", "data": data}));
        assert_eq!(get(&store, "ref://db/password").await.unwrap(), "hunter2");
        let error = get(&store, "ref://db/key.der").await.unwrap_err();
        assert!(matches!(error, StoreError::NoText { .. }), "{error}");
        let error = get(&store, "ref://db/user").await.unwrap_err();
        assert_eq!(error.to_string(), "the secret of `ref://db/user` has no key `user`");
        for reference in ["ref://team/db/password", "ref://db/password?version=1"] {
            let error = get(&store, reference).await.unwrap_err();
            assert!(matches!(error, StoreError::Reference { .. }), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_not_there_and_what_is_forbidden_are_told_apart() {
        let status = |code: u16, reason: &str| json!({"kind": "Status", "code": code, "reason": reason, "message": "said so"});
        let missing = get(&store(404, status(404, "NotFound")), "ref://db/a").await.unwrap_err();
        assert_eq!(
            missing.to_string(),
            "namespace `vault` of cluster `https://played` has no secret for `ref://db`"
        );
        assert!(!missing.is_unread());
        let denied = get(&store(403, status(403, "Forbidden")), "ref://db/a").await.unwrap_err();
        assert_eq!(
            denied.to_string(),
            "namespace `vault` of cluster `https://played` does not let us read `ref://db` (said so)"
        );
        assert!(denied.is_unread());
        let odd = get(&store(200, json!({"data": {"a": "*"}})), "ref://db/a").await.unwrap_err();
        assert!(matches!(odd, StoreError::Answer { .. }), "{odd}");
    }
}
