//! A target in memory, for tests: it records calls, and can be slow or refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::runtime::{Applied, Runtime, RuntimeError, Subject};
use crate::secret::Resolve;
use crate::spec::{Observed, Resource, ResourceId, StateEntry};

/// A call that a [`MemoryRuntime`] got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// `observe` of a resource.
    Observe(ResourceId),
    /// `apply` of a resource.
    Apply(ResourceId),
    /// `delete` of a resource.
    Delete(ResourceId),
}

/// Keeps resources in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryRuntime {
    delay: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    live: BTreeMap<ResourceId, Value>,
    refused: BTreeSet<ResourceId>,
    calls: Vec<Call>,
    running: usize,
    peak: usize,
}

impl MemoryRuntime {
    /// Makes every apply and delete take so long.
    pub(crate) fn with_delay(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Refuses to apply and delete a resource from now on.
    pub(crate) fn refuse(&self, id: &str) {
        self.inner().refused.insert(ResourceId::parse(id).unwrap());
    }

    /// Accepts every resource again.
    pub(crate) fn accept_all(&self) {
        self.inner().refused.clear();
    }

    /// Changes a resource behind everybody's back; `None` removes it.
    pub(crate) fn tamper(&self, id: &str, value: Option<Value>) {
        let id = ResourceId::parse(id).unwrap();
        match value {
            Some(value) => self.inner().live.insert(id, value),
            None => self.inner().live.remove(&id),
        };
    }

    /// Returns what exists.
    pub(crate) fn live(&self) -> BTreeMap<ResourceId, Value> {
        self.inner().live.clone()
    }

    /// Returns the calls so far, in the order in which they began.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// Returns how many applies and deletes ran at the same time at most.
    pub(crate) fn peak(&self) -> usize {
        self.inner().peak
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn work(&self, call: Call, id: &ResourceId) -> Result<(), RuntimeError> {
        {
            let mut inner = self.inner();
            inner.calls.push(call);
            inner.running += 1;
            inner.peak = inner.peak.max(inner.running);
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let mut inner = self.inner();
        inner.running -= 1;
        if inner.refused.contains(id) {
            return Err(RuntimeError::Refused { id: id.clone(), reason: "told to".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl Runtime for MemoryRuntime {
    fn target(&self) -> String {
        "memory".to_owned()
    }

    async fn observe(
        &self,
        subject: Subject<'_>,
        _secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        let prior = subject.prior.map(|prior| &prior.resource);
        let Some(id) = subject.desired.or(prior).map(|resource| resource.id.clone()) else {
            return Ok(Observed::default());
        };
        let mut inner = self.inner();
        let live = inner.live.get(&id).cloned();
        inner.calls.push(Call::Observe(id));
        let planned = subject.desired.map(|desired| desired.attributes.clone());
        Ok(Observed { live, planned, ..Observed::default() })
    }

    async fn apply(
        &self,
        desired: &Resource,
        _prior: Option<&StateEntry>,
        _secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError> {
        let id = &desired.id;
        self.work(Call::Apply(id.clone()), id).await?;
        self.inner().live.insert(id.clone(), desired.attributes.clone());
        Ok(Applied { private: json!({"memory": id}) })
    }

    async fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        let id = &prior.resource.id;
        self.work(Call::Delete(id.clone()), id).await?;
        self.inner().live.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretError;
    use crate::spec::{SecretRef, SecretText};

    struct NoSecrets;

    impl Resolve for NoSecrets {
        fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
            Err(SecretError::NotMade { secret: secret.clone() })
        }
    }

    #[tokio::test]
    async fn calls_are_recorded_and_refused_on_request() {
        let resource: Resource = serde_json::from_value(
            json!({"id": "r", "type": "Kubernetes", "attributes": {"a": 1}}),
        )
        .unwrap();
        let runtime = MemoryRuntime::with_delay(Duration::from_millis(1));
        runtime.refuse("r");
        assert!(runtime.apply(&resource, None, &NoSecrets).await.is_err());
        runtime.accept_all();
        assert!(runtime.live().is_empty());
        let (first, second) = tokio::join!(
            runtime.apply(&resource, None, &NoSecrets),
            runtime.apply(&resource, None, &NoSecrets)
        );
        assert!(first.is_ok() && second.is_ok());
        assert_eq!((runtime.peak(), runtime.calls().len()), (2, 3));
        runtime.tamper("r", Some(json!({"a": 2})));
        let subject = Subject { desired: Some(&resource), prior: None };
        let observed = runtime.observe(subject, &NoSecrets).await.unwrap();
        assert_eq!(
            (observed.live, observed.planned),
            (Some(json!({"a": 2})), Some(json!({"a": 1})))
        );
        assert_eq!(runtime.calls().last(), Some(&Call::Observe(resource.id)));
        assert_eq!(runtime.target(), "memory");
    }
}
