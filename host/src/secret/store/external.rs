//! The values of all references of a run, read once before anything uses them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::Store;
use crate::http::Cause;
use crate::secret::{Contents, ExternalRef, StoreError, StoredSecret};
use crate::spec::SecretText;

/// How the secrets of a run are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How many secrets are read at once.
    pub parallelism: NonZeroUsize,
    /// How long reading all of them may take.
    pub patience: Duration,
}

impl Default for Reading {
    /// Eight at once, and half a minute for all: somebody waits for a preview.
    fn default() -> Self {
        let parallelism = NonZeroUsize::MIN.saturating_add(7);
        Self { parallelism, patience: Duration::from_secs(30) }
    }
}

/// What a run knows of a secret store.
#[derive(Debug, Clone, Default)]
pub struct External {
    values: BTreeMap<String, Result<SecretText, StoreError>>,
}

impl External {
    /// Reads what references mean, each secret once, so that its keys are of one version.
    ///
    /// It always succeeds: why a value could not be read is told to whoever asks for it.
    #[tracing::instrument(
        level = "info",
        name = "read secret store",
        skip_all,
        fields(references, secrets)
    )]
    pub async fn read<'r>(
        store: &dyn Store,
        references: impl IntoIterator<Item = &'r str>,
        reading: Reading,
    ) -> Self {
        let mut external = Self::default();
        let mut wanted: BTreeMap<StoredSecret, Vec<ExternalRef>> = BTreeMap::new();
        for text in references {
            match ExternalRef::parse(text) {
                Ok(reference) => {
                    wanted.entry(reference.secret().clone()).or_default().push(reference);
                }
                Err(error) => {
                    external.values.insert(text.to_owned(), Err(error));
                }
            }
        }
        let span = tracing::Span::current();
        span.record("references", wanted.values().map(Vec::len).sum::<usize>());
        span.record("secrets", wanted.len());
        let attempt = Attempt {
            store,
            reading,
            deadline: Instant::now() + reading.patience,
            given_up: Mutex::new(None),
        };
        let each: Vec<_> = wanted.keys().map(|secret| attempt.read(secret)).collect();
        let found: Vec<_> = stream::iter(each).buffered(reading.parallelism.get()).collect().await;
        for (references, found) in wanted.values().zip(found) {
            for reference in references {
                let value = match &found {
                    Ok(contents) => contents.get(reference),
                    Err(error) => Err(error.clone()),
                };
                external.values.insert(reference.to_string(), value);
            }
        }
        external
    }

    /// Knows of each reference that it cannot be read, and why.
    pub fn failed<'r>(references: impl IntoIterator<Item = &'r str>, error: &StoreError) -> Self {
        let values = references.into_iter().map(|text| (text.to_owned(), Err(error.clone())));
        Self { values: values.collect() }
    }

    /// Returns what a reference means.
    ///
    /// # Errors
    ///
    /// Why it could not be read.
    pub fn get(&self, reference: &str) -> Result<SecretText, StoreError> {
        let not_read = || Err(StoreError::NotRead { reference: reference.to_owned() });
        let value = self.values.get(reference).cloned().unwrap_or_else(not_read);
        value.map_err(|error| error.about(reference))
    }

    /// Lists why secrets cannot be read now, each once, sorted.
    pub fn unread(&self) -> Vec<&StoreError> {
        let mut errors: Vec<_> =
            self.values.values().filter_map(|value| value.as_ref().err()).collect();
        errors.retain(|error| error.is_unread());
        errors.sort_by_key(|error| error.to_string());
        errors.dedup();
        errors
    }
}

/// Reading several secrets of one store.
struct Attempt<'a> {
    store: &'a dyn Store,
    reading: Reading,
    deadline: Instant,
    /// Why there is no use in asking again.
    given_up: Mutex<Option<StoreError>>,
}

impl Attempt<'_> {
    async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
        let given_up = || self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = given_up().clone() {
            return Err(error.about(&secret.to_string()));
        }
        let read = tokio::time::timeout_at(self.deadline, self.store.read(secret));
        let found = read.await.unwrap_or_else(|_| Err(self.late(secret)));
        if let Err(error) = &found
            && error.is_of_the_store()
        {
            given_up().get_or_insert_with(|| error.clone());
        }
        found
    }

    fn late(&self, secret: &StoredSecret) -> StoreError {
        let said = format!("no answer within {:?}", self.reading.patience);
        let (reference, store) = (secret.to_string(), self.store.title());
        StoreError::Unreachable { reference, store, may_pass: false, source: Cause(said) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;

    /// Answers not at once, counts, and has nobody behind some names.
    #[derive(Default)]
    struct Played {
        calls: AtomicUsize,
        open: AtomicUsize,
        most: AtomicUsize,
    }

    #[async_trait]
    impl Store for Played {
        fn title(&self) -> String {
            "the played store".to_owned()
        }

        async fn read(&self, secret: &StoredSecret) -> Result<Contents, StoreError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(open, Ordering::SeqCst);
            if secret.name == "slow" {
                std::future::pending::<()>().await;
            }
            tokio::task::yield_now().await;
            self.open.fetch_sub(1, Ordering::SeqCst);
            if secret.name.starts_with("gone") {
                let error = std::io::Error::other("refused");
                return Err(StoreError::unreachable(secret, self.title(), &error, true));
            }
            let version = secret.version.as_deref().unwrap_or("newest");
            Ok(Contents::of_text(&format!(r#"{{"a": "{version}-a", "b": "{version}-b"}}"#)))
        }
    }

    fn reading(parallelism: usize) -> Reading {
        let parallelism = NonZeroUsize::new(parallelism).unwrap();
        Reading { parallelism, ..Reading::default() }
    }

    #[tokio::test]
    async fn a_secret_is_read_once_for_all_its_keys_and_versions_are_apart() {
        let store = Played::default();
        let references = ["ref://x/a", "ref://x/b", "ref://x/a?version=2", "ref://x/a", "nonsense"];
        let external = External::read(&store, references, Reading::default()).await;
        assert_eq!(store.calls.load(Ordering::SeqCst), 2);
        for (reference, value) in
            [("ref://x/a", "newest-a"), ("ref://x/b", "newest-b"), ("ref://x/a?version=2", "2-a")]
        {
            assert_eq!(external.get(reference).unwrap().expose(), value);
        }
        assert!(matches!(external.get("nonsense"), Err(StoreError::Reference { .. })));
        assert!(matches!(external.get("ref://x/c"), Err(StoreError::NotRead { .. })));
        assert!(external.unread().is_empty());
        assert!(!format!("{external:?}").contains("newest-a"));
    }

    #[tokio::test]
    async fn so_many_are_read_at_once_and_not_more() {
        let store = Played::default();
        let references: Vec<String> = (0..20).map(|number| format!("ref://x{number}/a")).collect();
        let texts = references.iter().map(String::as_str);
        let external = External::read(&store, texts, reading(4)).await;
        assert_eq!(store.most.load(Ordering::SeqCst), 4);
        assert!(references.iter().all(|reference| external.get(reference).is_ok()));
    }

    #[tokio::test]
    async fn a_store_that_is_gone_is_not_asked_again_and_one_that_is_slow_ends() {
        let store = Played::default();
        let references = ["ref://gone1/a", "ref://gone2/a", "ref://gone3/a"];
        let external = External::read(&store, references, reading(1)).await;
        assert_eq!(store.calls.load(Ordering::SeqCst), 1);
        let error = external.get("ref://gone3/a").unwrap_err();
        assert_eq!(error.to_string(), "cannot reach the played store, which has `ref://gone3/a`");
        assert_eq!(external.unread().len(), 3);

        let hasty = Reading { patience: Duration::from_millis(20), ..reading(2) };
        let external = External::read(&store, ["ref://slow/a", "ref://x/a"], hasty).await;
        assert!(external.get("ref://x/a").is_ok());
        let error = external.get("ref://slow/a").unwrap_err();
        assert!(error.is_unread());
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "no answer within 20ms");
    }
}
