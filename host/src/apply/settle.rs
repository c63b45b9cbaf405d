//! Waiting until what was applied works.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::apply::{Awaits, Event, Listener, Outcome, Pending, Refused};
use crate::runtime::{Runtime, RuntimeError};
use crate::spec::{Resource, ResourceId, Spec};

/// How many resources are waited for at once. Each may cost a connection.
const AT_ONCE: usize = 256;

/// Everything that waiting needs.
#[derive(Clone, Copy)]
pub struct Settling<'a> {
    /// The resources that shall work.
    pub spec: &'a Spec,
    /// Where they live.
    pub runtime: &'a dyn Runtime,
    /// How long all of it may take.
    pub patience: Duration,
}

struct Settled {
    id: ResourceId,
    time: Duration,
    waited: bool,
    result: Result<(), RuntimeError>,
}

impl Settling<'_> {
    /// Waits for all resources, those that did not change too: a change elsewhere may have broken them.
    ///
    /// What does not become ready is added to the outcome. `stop` ends the waiting; what is not ready then
    /// counts as not ready and is pending.
    #[tracing::instrument(level = "info", name = "wait until ready", skip_all, fields(resources = self.spec.resources.len()))]
    pub async fn run(
        &self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
        outcome: &mut Outcome,
    ) {
        let start = Instant::now();
        let (said, mut heard) = unbounded_channel();
        let waits: Vec<_> = self
            .spec
            .resources
            .values()
            .map(|resource| self.wait(resource, start, said.clone()))
            .collect();
        let mut left: Left<'_> = self.spec.resources.keys().map(|id| (id, None)).collect();
        let mut waits = pin!(stream::iter(waits).buffer_unordered(AT_ONCE));
        let mut stop = pin!(stop);
        while !left.is_empty() {
            let told = tokio::select! {
                biased;
                Some(said) = heard.recv() => tell(said, &mut left, listener).await,
                Some(settled) = waits.next() => {
                    left.remove(&settled.id);
                    // It may have said something on its last turn.
                    let told = tell_all(&mut heard, &mut left, listener).await;
                    match told {
                        Ok(()) => settle(settled, listener, outcome).await,
                        refused => refused,
                    }
                }
                () = &mut stop => {
                    outcome.interrupted = true;
                    tell_all(&mut heard, &mut left, listener).await
                }
            };
            if let Err(refused) = told {
                outcome.refused.get_or_insert(refused);
            }
            if outcome.interrupted || outcome.refused.is_some() {
                break;
            }
        }
        outcome.not_ready += left.len();
        for (id, reason) in left {
            let pending = Pending { id: id.clone(), awaits: Awaits::Ready, reason };
            outcome.pending.push(pending.clone());
            if let Err(refused) = listener.hear(&Event::Unawaited { pending }).await {
                outcome.refused.get_or_insert(refused);
            }
        }
    }

    async fn wait(
        &self,
        resource: &Resource,
        start: Instant,
        said: UnboundedSender<(ResourceId, String)>,
    ) -> Settled {
        let waited = std::sync::atomic::AtomicBool::new(false);
        let tell = |reason: &str| {
            waited.store(true, std::sync::atomic::Ordering::Relaxed);
            // Nobody listens any more once the waiting has ended.
            let _unheard = said.send((resource.id.clone(), reason.to_owned()));
        };
        let patience = self.patience.saturating_sub(start.elapsed());
        let result = self.runtime.await_ready(resource, patience, &tell).await;
        let waited = waited.into_inner();
        Settled { id: resource.id.clone(), time: start.elapsed(), waited, result }
    }
}

/// What is waited for, and what it waits for itself, as last told.
type Left<'a> = BTreeMap<&'a ResourceId, Option<String>>;

/// Passes on what a resource waits for, and remembers it.
async fn tell(
    (id, reason): (ResourceId, String),
    left: &mut Left<'_>,
    listener: &dyn Listener,
) -> Result<(), Refused> {
    if let Some(last) = left.get_mut(&id) {
        *last = Some(reason.clone());
    }
    listener.hear(&Event::Waiting { id, reason }).await
}

/// Passes on what was said so far.
async fn tell_all(
    heard: &mut UnboundedReceiver<(ResourceId, String)>,
    left: &mut Left<'_>,
    listener: &dyn Listener,
) -> Result<(), Refused> {
    while let Ok(said) = heard.try_recv() {
        tell(said, left, listener).await?;
    }
    Ok(())
}

async fn settle(
    settled: Settled,
    listener: &dyn Listener,
    outcome: &mut Outcome,
) -> Result<(), Refused> {
    let Settled { id, time, waited, result } = settled;
    match result {
        Ok(()) if waited => listener.hear(&Event::Ready { id, time }).await,
        Ok(()) => Ok(()),
        Err(error) => {
            let error = Arc::new(error);
            outcome.not_ready += 1;
            outcome.failures.push((id.clone(), Arc::clone(&error)));
            listener.hear(&Event::NotReady { id, error }).await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Mutex;

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::runtime::{Applied, Subject};
    use crate::secret::Resolve;
    use crate::spec::{Observed, StateEntry};

    /// A target in which a resource becomes ready, fails or never ends, as its attributes say.
    struct Slow;

    #[async_trait]
    impl Runtime for Slow {
        fn target(&self) -> String {
            "slow".to_owned()
        }

        async fn observe(&self, _: Subject<'_>, _: &dyn Resolve) -> Result<Observed, RuntimeError> {
            Ok(Observed::default())
        }

        async fn apply(
            &self,
            _: &Resource,
            _: Option<&StateEntry>,
            _: &dyn Resolve,
        ) -> Result<Applied, RuntimeError> {
            Ok(Applied::default())
        }

        async fn delete(&self, _: &StateEntry) -> Result<(), RuntimeError> {
            Ok(())
        }

        async fn await_ready(
            &self,
            resource: &Resource,
            _: Duration,
            tell: &(dyn for<'t> Fn(&'t str) + Sync),
        ) -> Result<(), RuntimeError> {
            match resource.attributes.as_str() {
                Some("later") => tell("0 of 1 ready"),
                Some("never") => pending().await,
                Some("stuck") => {
                    tell("0 of 1 ready");
                    pending::<()>().await;
                }
                Some("fails") => {
                    let (id, reason) = (resource.id.clone(), "it broke".to_owned());
                    return Err(RuntimeError::Refused { id, reason });
                }
                _ => {}
            }
            Ok(())
        }
    }

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    #[async_trait]
    impl Listener for Heard {
        async fn hear(&self, event: &Event) -> Result<(), Refused> {
            let line = match event {
                Event::Waiting { id, reason } => format!("{id} waits: {reason}"),
                Event::Ready { id, .. } => format!("{id} is ready"),
                Event::NotReady { id, error } => format!("{id}: {error}"),
                Event::Unawaited { pending } => {
                    format!("{} is left: {:?}", pending.id, pending.reason)
                }
                other => format!("{other:?}"),
            };
            self.0.lock().unwrap().push(line);
            Ok(())
        }
    }

    async fn run(
        resources: &[(&str, &str)],
        stop: impl Future<Output = ()>,
    ) -> (Outcome, Vec<String>) {
        let resource = |(id, attributes): &(&str, &str)| -> Resource {
            serde_json::from_value(
                json!({"id": id, "type": "Kubernetes", "attributes": attributes}),
            )
            .unwrap()
        };
        let resources = resources.iter().map(resource);
        let spec = Spec { resources: resources.map(|r| (r.id.clone(), r)).collect() };
        let (heard, mut outcome) = (Heard::default(), Outcome::default());
        let patience = Duration::from_secs(60);
        Settling { spec: &spec, runtime: &Slow, patience }.run(stop, &heard, &mut outcome).await;
        let mut lines = heard.0.into_inner().unwrap();
        lines.sort();
        (outcome, lines)
    }

    #[tokio::test]
    async fn only_what_took_time_is_told() {
        let (outcome, lines) = run(&[("a", "at once"), ("b", "later")], pending()).await;
        assert!(outcome.is_complete());
        assert_eq!(lines, ["b is ready", "b waits: 0 of 1 ready"]);
    }

    #[tokio::test]
    async fn what_does_not_become_ready_makes_the_run_incomplete() {
        let (outcome, lines) = run(&[("a", "fails"), ("b", "at once")], pending()).await;
        assert!(!outcome.is_complete());
        assert_eq!((outcome.not_ready, outcome.failed, outcome.failures.len()), (1, 0, 1));
        assert_eq!(lines, ["a: resource `a` was refused: it broke"]);
    }

    #[tokio::test]
    async fn a_stop_ends_the_waiting_and_says_what_was_waited_for() {
        let resources = [("a", "at once"), ("b", "never"), ("c", "stuck")];
        let (outcome, lines) = run(&resources, ready(())).await;
        assert_eq!((outcome.not_ready, outcome.failures.len(), outcome.interrupted), (2, 0, true));
        let left =
            ["b is left: None", "c is left: Some(\"0 of 1 ready\")", "c waits: 0 of 1 ready"];
        assert_eq!(lines, left);
        let pending = |id, reason: Option<&str>| Pending {
            id: ResourceId::parse(id).unwrap(),
            awaits: Awaits::Ready,
            reason: reason.map(str::to_owned),
        };
        assert_eq!(outcome.pending, [pending("b", None), pending("c", Some("0 of 1 ready"))]);
    }
}
