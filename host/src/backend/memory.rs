//! A backend for tests: records in memory, writes that fail when told to, leases that can be stolen.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::backend::{Backend, BackendError, Expected, Holder, Key, Lease, SharedKey, Tag};

/// The generation of each lease that was ever taken, and who holds it now.
type Leases = BTreeMap<Key, (u64, Option<Holder>)>;

/// Stores records in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryBackend {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: Mutex<BTreeMap<Key, Vec<u8>>>,
    leases: Mutex<Leases>,
    /// How many writes still work; 0 stands for all.
    writes_left: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryBackend {
    /// Lets `writes` more writes work and refuses those after them.
    pub(crate) fn fail_after(&self, writes: u64) {
        self.inner.writes_left.store(writes + 1, Ordering::SeqCst);
    }

    /// Lets all writes work again.
    pub(crate) fn mend(&self) {
        self.inner.writes_left.store(0, Ordering::SeqCst);
    }

    /// Frees a lease as if its holder had lost it.
    pub(crate) fn steal(&self, key: &Key) {
        if let Some((generation, holder)) = lock(&self.inner.leases).get_mut(key) {
            *generation += 1;
            *holder = None;
        }
    }

    /// Returns a copy with the records and without the leases, as a restarted process would find it.
    pub(crate) fn after_a_crash(&self) -> Self {
        let copy = Self::default();
        lock(&copy.inner.records).clone_from(&lock(&self.inner.records));
        copy
    }

    /// Replaces a record without any check.
    pub(crate) fn overwrite(&self, key: &Key, bytes: Option<Vec<u8>>) {
        let mut records = lock(&self.inner.records);
        match bytes {
            Some(bytes) => records.insert(key.clone(), bytes),
            None => records.remove(key),
        };
    }

    /// Returns a record without waiting.
    pub(crate) fn peek(&self, key: &Key) -> Option<Vec<u8>> {
        lock(&self.inner.records).get(key).cloned()
    }
}

impl Inner {
    fn write(&self, key: &Key) -> Result<MutexGuard<'_, BTreeMap<Key, Vec<u8>>>, BackendError> {
        let left = self.writes_left.load(Ordering::SeqCst);
        if left == 1 {
            return Err(refused(key, io::ErrorKind::StorageFull.into()));
        }
        self.writes_left.store(left.saturating_sub(1), Ordering::SeqCst);
        Ok(lock(&self.records))
    }

    fn put_if(&self, key: &Key, expected: Expected, bytes: &[u8]) -> Result<Tag, BackendError> {
        let mut records = self.write(key)?;
        let present = records.get(key).map(|bytes| Tag::of_content(bytes));
        let as_expected = match expected {
            Expected::Absent => present.is_none(),
            Expected::Tag(tag) => present == Some(tag),
        };
        if !as_expected {
            return Err(BackendError::Conflict { key: key.clone() });
        }
        records.insert(key.clone(), bytes.to_vec());
        Ok(Tag::of_content(bytes))
    }
}

fn refused(key: &Key, source: io::Error) -> BackendError {
    BackendError::Write { key: key.clone(), place: "memory".to_owned(), source }
}

#[async_trait]
impl Backend for MemoryBackend {
    async fn get(&self, key: &Key) -> Result<Option<(Vec<u8>, Tag)>, BackendError> {
        Ok(self.peek(key).map(|bytes| {
            let tag = Tag::of_content(&bytes);
            (bytes, tag)
        }))
    }

    async fn put_if(
        &self,
        key: &SharedKey,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError> {
        self.inner.put_if(key.key(), expected, bytes)
    }

    async fn delete(&self, key: &SharedKey, expected: &Tag) -> Result<(), BackendError> {
        let mut records = self.inner.write(key.key())?;
        let present = records.get(key.key()).map(|bytes| Tag::of_content(bytes));
        if present.is_some_and(|present| present != *expected) {
            return Err(BackendError::Conflict { key: key.key().clone() });
        }
        records.remove(key.key());
        Ok(())
    }

    async fn list(&self, prefix: &Key) -> Result<Vec<Key>, BackendError> {
        let below = format!("{prefix}/");
        Ok(lock(&self.inner.records)
            .keys()
            .filter(|key| key.as_str().starts_with(&below))
            .cloned()
            .collect())
    }

    async fn lease(&self, key: &Key, holder: &Holder) -> Result<Box<dyn Lease>, BackendError> {
        let mut leases = lock(&self.inner.leases);
        let (generation, present) = leases.entry(key.clone()).or_default();
        if let Some(holder) = present {
            return Err(BackendError::Held {
                key: key.clone(),
                holder: Some(Box::new(holder.clone())),
            });
        }
        *generation += 1;
        *present = Some(holder.clone());
        Ok(Box::new(MemoryLease {
            key: key.clone(),
            generation: *generation,
            inner: Arc::clone(&self.inner),
        }))
    }
}

#[derive(Debug)]
struct MemoryLease {
    key: Key,
    generation: u64,
    inner: Arc<Inner>,
}

impl MemoryLease {
    /// Keeps everybody from taking the lease until the guard is dropped, if it is still held and covers a record.
    fn guard(&self, record: &Key) -> Result<MutexGuard<'_, Leases>, BackendError> {
        if !record.is_leased_under(&self.key) {
            return Err(BackendError::NotCovered { key: record.clone(), leased: self.key.clone() });
        }
        let leases = lock(&self.inner.leases);
        let lost = match leases.get(&self.key) {
            Some((generation, _)) if *generation == self.generation => return Ok(leases),
            Some((_, holder)) => holder.clone().map(Box::new),
            None => None,
        };
        Err(BackendError::Lost { key: self.key.clone(), holder: lost })
    }
}

#[async_trait]
impl Lease for MemoryLease {
    fn generation(&self) -> u64 {
        self.generation
    }

    fn identity(&self) -> &str {
        self.key.as_str()
    }

    async fn put_if(
        &self,
        key: &Key,
        expected: Expected,
        bytes: &[u8],
    ) -> Result<Tag, BackendError> {
        let _guard = self.guard(key)?;
        self.inner.put_if(key, expected, bytes)
    }

    async fn append(&self, key: &Key, lines: &[Vec<u8>]) -> Result<(), BackendError> {
        if lines.iter().any(|line| line.contains(&b'\n')) {
            return Err(refused(key, io::ErrorKind::InvalidInput.into()));
        }
        let _guard = self.guard(key)?;
        let mut records = self.inner.write(key)?;
        if !lines.is_empty() {
            let log = records.entry(key.clone()).or_default();
            log.extend(lines.iter().flat_map(|line| [line.as_slice(), b"\n"]).flatten());
        }
        Ok(())
    }

    async fn delete(&self, key: &Key) -> Result<(), BackendError> {
        let _guard = self.guard(key)?;
        self.inner.write(key)?.remove(key);
        Ok(())
    }
}

impl Drop for MemoryLease {
    fn drop(&mut self) {
        if let Some((generation, holder)) = lock(&self.inner.leases).get_mut(&self.key)
            && *generation == self.generation
        {
            *holder = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::conformance::{Subject, conforms};

    #[tokio::test]
    async fn it_is_a_backend() {
        let backend = MemoryBackend::default();
        conforms(Subject { backend: &backend, lose: &|key| backend.steal(key) }).await;
    }
}
