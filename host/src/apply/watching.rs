//! Watching how what was applied does, once it works.

use std::future::Future;
use std::pin::pin;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::apply::{Event, Listener, Refused};
use crate::runtime::{Readiness, Runtime};
use crate::spec::{Resource, ResourceId, Spec};

/// How a resource does, and whether that is the first that was heard of it.
type Said = (ResourceId, Readiness, bool);

/// Everything that watching needs.
#[derive(Clone, Copy)]
pub struct Watching<'a> {
    /// The resources that are watched.
    pub spec: &'a Spec,
    /// Where they live.
    pub runtime: &'a dyn Runtime,
}

impl Watching<'_> {
    /// Tells how each resource does, and each change of that, until `stop` resolves.
    ///
    /// # Errors
    ///
    /// The listener does not want to hear more.
    pub async fn run(
        &self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
    ) -> Result<(), Refused> {
        let (said, mut heard) = unbounded_channel();
        let resources = self.spec.resources.values();
        let mut watches: FuturesUnordered<_> =
            resources.map(|resource| self.watch(resource, said.clone())).collect();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                Some((id, readiness, first)) = heard.recv() => {
                    listener.hear(&Event::Status { id, readiness, first }).await?;
                }
                Some(()) = watches.next() => {}
                () = &mut stop => return Ok(()),
            }
        }
    }

    async fn watch(&self, resource: &Resource, said: UnboundedSender<Said>) {
        let first = std::sync::atomic::AtomicBool::new(true);
        let tell = |readiness: &Readiness| {
            let is_first = first.swap(false, std::sync::atomic::Ordering::Relaxed);
            // Nobody listens any more once the watching has ended.
            let _unheard = said.send((resource.id.clone(), readiness.clone(), is_first));
        };
        if let Err(error) = self.runtime.keep_watch(resource, &tell).await {
            tell(&Readiness::Failed { reason: error.to_string() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;
    use crate::runtime::{Applied, RuntimeError, Subject};
    use crate::secret::Resolve;
    use crate::spec::{Observed, StateEntry};

    /// A target in which a resource works, breaks and works again, or cannot be watched.
    struct Moody;

    #[async_trait]
    impl Runtime for Moody {
        fn target(&self) -> String {
            "moody".to_owned()
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

        async fn keep_watch(
            &self,
            resource: &Resource,
            tell: &(dyn for<'t> Fn(&'t Readiness) + Sync),
        ) -> Result<(), RuntimeError> {
            if resource.id.as_str() == "hidden" {
                let (id, reason) = (resource.id.clone(), "nobody may look".to_owned());
                return Err(RuntimeError::Refused { id, reason });
            }
            tell(&Readiness::Ready);
            tell(&Readiness::Waiting { reason: "0 of 1".to_owned() });
            tell(&Readiness::Ready);
            std::future::pending().await
        }
    }

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    #[async_trait]
    impl Listener for Heard {
        async fn hear(&self, event: &Event) -> Result<(), Refused> {
            let Event::Status { id, readiness, first } = event else { return Ok(()) };
            let (reason, first) =
                (readiness.reason().unwrap_or("works"), if *first { "first " } else { "" });
            self.0.lock().unwrap().push(format!("{id}: {first}{reason}"));
            Ok(())
        }
    }

    #[tokio::test]
    async fn changes_are_told_until_it_is_stopped() {
        let resource = |id: &str| -> Resource {
            serde_json::from_value(json!({"id": id, "type": "Kubernetes", "attributes": {}}))
                .unwrap()
        };
        let resources = ["hidden", "x"].map(resource);
        let spec = Spec { resources: resources.into_iter().map(|r| (r.id.clone(), r)).collect() };
        let heard = Heard::default();
        let stop = tokio::time::sleep(std::time::Duration::from_millis(50));
        Watching { spec: &spec, runtime: &Moody }.run(stop, &heard).await.unwrap();
        let mut lines = heard.0.into_inner().unwrap();
        lines.sort();
        let hidden = "hidden: first resource `hidden` was refused: nobody may look";
        assert_eq!(lines, [hidden, "x: 0 of 1", "x: first works", "x: works"]);
    }
}
