//! Waiting for an object to become something, by watching it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::error::ClusterError;
use super::failure::Failure;
use super::kinds::{Kind, segment};
use super::runtime::{KubernetesRuntime, place};
use super::survey::Place;
use super::transport::{METADATA_ONLY, Seen};
use super::{pods_behind, runtime};
use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::readiness::Readiness;
use crate::spec::{Resource, ResourceId};

/// How long a server keeps a watch open, in seconds. A connection that died unnoticed costs as much.
const WATCH: u64 = 30;
/// How much later than the server we give a watch up.
const GRACE: Duration = Duration::from_secs(5);
/// How often an object is read that cannot be watched.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait after a watch that ended, so that a server that ends each at once is left alone.
const PAUSE: Duration = Duration::from_millis(100);

/// The object that is waited for.
#[derive(Clone, Copy)]
pub(super) struct Awaited<'a> {
    pub(super) id: &'a ResourceId,
    pub(super) place: &'a Place,
    pub(super) kind: &'a Kind,
    pub(super) path: &'a str,
}

impl Awaited<'_> {
    fn watch_path(&self, version: &str) -> String {
        format!(
            "{}?watch=true&fieldSelector=metadata.name%3D{}&resourceVersion={}&timeoutSeconds={WATCH}",
            self.kind.collection(Some(self.place.namespace())),
            segment(&self.place.name),
            segment(version),
        )
    }

    fn accept(&self) -> &'static str {
        let secret = self.place.api_version == "v1" && self.place.kind == "Secret";
        if secret { METADATA_ONLY } else { "application/json" }
    }
}

impl KubernetesRuntime {
    /// Waits until an object is as `judge` wants it, and returns what `judge` then says; `None` when the time
    /// is over. `judge` gets `None` for an object that does not exist.
    pub(super) async fn wait_for<T>(
        &self,
        awaited: Awaited<'_>,
        first: Option<Arc<Value>>,
        deadline: Instant,
        mut judge: impl FnMut(Option<&Value>) -> Option<T>,
    ) -> Result<Option<T>, RuntimeError> {
        let end = sleep_until(deadline);
        let mut end = pin!(end);
        let waiting = async {
            let mut current = first;
            loop {
                if current.is_none() {
                    current = self.link.find(awaited.path).await?.map(Arc::new);
                }
                if let Some(said) = judge(current.as_deref()) {
                    return Ok(said);
                }
                let version = current.as_deref().and_then(version).map(str::to_owned);
                let Some(version) = version else {
                    sleep(POLL).await;
                    continue;
                };
                if let Some(said) = self.watch(awaited, &version, &mut judge).await? {
                    return Ok(said);
                }
                current = None;
            }
        };
        let waiting = pin!(waiting);
        tokio::select! {
            said = waiting => said.map(Some).map_err(|failure: Failure| {
                self.error(failure, awaited.id, "read", None)
            }),
            () = &mut end => Ok(None),
        }
    }

    /// Watches an object from a version on until `judge` is content or the watch ends.
    async fn watch<T>(
        &self,
        awaited: Awaited<'_>,
        version: &str,
        judge: &mut impl FnMut(Option<&Value>) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let path = awaited.watch_path(version);
        let Ok(events) = self.link.watch(&path, awaited.accept()).await else {
            // It can be read but not watched, or the version is too old: then it is read again.
            sleep(POLL).await;
            return Ok(None);
        };
        let mut events = pin!(events);
        let patience = Duration::from_secs(WATCH) + GRACE;
        while let Ok(Some(Ok(event))) = timeout(patience, events.next()).await {
            let said = match &event {
                Seen::There(object) => judge(Some(object)),
                Seen::Gone => judge(None),
            };
            if said.is_some() {
                return Ok(said);
            }
        }
        sleep(PAUSE).await;
        Ok(None)
    }

    /// Waits until an object does what it is there for, and returns it as it is then.
    pub(super) async fn wait_until_ready(
        &self,
        resource: &Resource,
        patience: Duration,
        tell: &(dyn for<'t> Fn(&'t str) + Sync),
    ) -> Result<Arc<Value>, RuntimeError> {
        let (place, survey, id) = (place(resource)?, self.survey(), &resource.id);
        let Some((kind, path)) = self.locate(&survey, &place) else {
            return Err(runtime::unknown_kind(id, &place));
        };
        let read = |failure| self.error(failure, id, "read", None);
        let first = survey.live(&self.link, &path).await.map_err(read)?;
        if let Some(hidden) = first.as_ref().filter(|first| first.is_null()) {
            // A namespace that we may not read.
            return Ok(Arc::clone(hidden));
        }
        let awaited = Awaited { id, place: &place, kind: &kind, path: &path };
        let mut last = String::new();
        let mut object = first.clone();
        let judged = self
            .wait_for(awaited, first, Instant::now() + patience, |live| {
                let readiness = match live {
                    Some(live) => Readiness::of(live),
                    None => Readiness::Failed { reason: "it was deleted".to_owned() },
                };
                object = live.cloned().map(Arc::new);
                match readiness {
                    Readiness::Waiting { reason } => {
                        if reason != last {
                            tell(&reason);
                            last = reason;
                        }
                        None
                    }
                    decided => Some(decided),
                }
            })
            .await?;
        if let Some(live) = &object {
            survey.see(&path, Some(Arc::clone(live)));
        }
        let reason = match (judged, object) {
            (Some(Readiness::Ready), Some(object)) => return Ok(object),
            (Some(Readiness::Failed { reason }), object) => {
                pods_behind::explain(self, &survey, reason, object.as_deref()).await
            }
            (_, object) => {
                let reason = pods_behind::explain(self, &survey, last, object.as_deref()).await;
                format!("{reason} (waited {:.0} s)", patience.as_secs_f64())
            }
        };
        Err(RuntimeError::Cluster(Box::new(ClusterError::NotReady { id: id.clone(), reason })))
    }
}

/// Returns the version of a live object from which it can be watched on.
fn version(live: &Value) -> Option<&str> {
    live.get("metadata")?.get("resourceVersion")?.as_str()
}
