//! Waiting for an object to become something, by watching it.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::explain::explain;
use super::judge::as_configured;
use super::pods_behind::PodsBehind;
use super::watches::{Source, Watched};
use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::cluster::ClusterError;
use crate::runtime::kubernetes::cluster::look::{Survey, WORTH_LISTING};
use crate::runtime::kubernetes::cluster::objects::Place;
use crate::runtime::kubernetes::cluster::runtime::{KubernetesRuntime, place, unknown_kind};
use crate::runtime::kubernetes::cluster::wire::{Failure, Kind};
use crate::runtime::kubernetes::readiness::Readiness;
use crate::spec::{Resource, ResourceId};

/// How often an object is read that cannot be watched.
const POLL: Duration = Duration::from_secs(2);
/// After how long the pods of what is not ready are looked at; each further look takes twice as long to come.
const FIRST_LOOK: Duration = Duration::from_secs(4);
/// The longest time between two looks at pods.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// The object that is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Awaited<'a> {
    pub(crate) id: &'a ResourceId,
    pub(crate) place: &'a Place,
    pub(crate) kind: &'a Kind,
    pub(crate) path: &'a str,
}

impl Awaited<'_> {
    /// Returns what can be watched to see it, the better first: together with others of its kind, then alone.
    fn sources(&self, survey: &Survey) -> Vec<Source> {
        let mut sources = Vec::new();
        // Secrets of others are none of our business.
        let secret = self.place.api_version == "v1" && self.place.kind == "Secret";
        let names = if secret { Default::default() } else { survey.names_beside(self.place) };
        if names.len() >= WORTH_LISTING && names.contains(&self.place.name) {
            sources.push(Source::all(self.place, self.kind, names));
        }
        sources.push(Source::one(self.place, self.kind));
        sources
    }
}

/// What is known while something is waited for.
struct Progress<'a> {
    known: Mutex<Known>,
    tell: &'a (dyn for<'t> Fn(&'t str) + Sync),
}

#[derive(Default)]
struct Known {
    object: Option<Arc<Value>>,
    reason: String,
    /// What a pod behind it says.
    complaint: Option<String>,
    told: String,
}

impl<'a> Progress<'a> {
    fn new(tell: &'a (dyn for<'t> Fn(&'t str) + Sync)) -> Self {
        Self { known: Mutex::default(), tell }
    }

    /// Changes what is known, and tells it if it is new.
    fn update(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known();
        change(&mut known);
        let mut text = known.reason.clone();
        if let Some(complaint) = &known.complaint {
            text.push_str(&format!("; {complaint}"));
        }
        if !known.reason.is_empty() && text != known.told {
            (self.tell)(&text);
            known.told = text;
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KubernetesRuntime {
    /// Waits until an object is as `judge` wants it, and returns what `judge` then says; `None` when the time
    /// is over. `judge` gets `None` for an object that does not exist, and first what is known already.
    pub(crate) async fn wait_for<T>(
        &self,
        awaited: Awaited<'_>,
        first: Option<Arc<Value>>,
        deadline: Instant,
        mut judge: impl FnMut(Option<&Arc<Value>>) -> Option<T>,
    ) -> Result<Option<T>, RuntimeError> {
        if let Some(said) = first.as_ref().and_then(|first| judge(Some(first))) {
            return Ok(Some(said));
        }
        let mut end = pin!(sleep_until(deadline));
        for source in awaited.sources(&self.survey()) {
            let mut watched = self.watches.look_at(source, &awaited.place.name, first.as_deref());
            loop {
                let seen = tokio::select! {
                    seen = watched.next() => seen,
                    () = &mut end => return self.time_is_over(&watched).map(|()| None),
                };
                let Some(object) = seen else { break };
                if let Some(said) = judge(object.as_ref()) {
                    return Ok(Some(said));
                }
            }
        }
        let polling = async {
            loop {
                let object = self.link.find(awaited.path).await?.map(Arc::new);
                if let Some(said) = judge(object.as_ref()) {
                    return Ok(said);
                }
                sleep(POLL).await;
            }
        };
        tokio::select! {
            said = polling => said.map(Some).map_err(|failure: Failure| {
                self.error(failure, awaited.id, "read", None)
            }),
            () = &mut end => Ok(None),
        }
    }

    /// What was seen last says nothing if the server has stopped answering since.
    fn time_is_over(&self, watched: &Watched) -> Result<(), RuntimeError> {
        if watched.is_silent() {
            let source = "it stopped answering".into();
            let silent =
                self.unreachable(Failure::Unanswered { source, hopeless: false, taken: true });
            return Err(RuntimeError::Cluster(Box::new(silent)));
        }
        Ok(())
    }

    /// Waits until an object does what it is there for, and returns it as it is then.
    pub(crate) async fn wait_until_ready(
        &self,
        resource: &Resource,
        patience: Duration,
        tell: &(dyn for<'t> Fn(&'t str) + Sync),
    ) -> Result<Arc<Value>, RuntimeError> {
        let (place, survey, id) = (place(resource)?, self.survey(), &resource.id);
        let Some((kind, path)) = self.locate(&survey, &place) else {
            return Err(unknown_kind(id, &place));
        };
        let read = |failure| self.error(failure, id, "read", None);
        let first = survey.live(&self.link, &path).await.map_err(read)?;
        if let Some(hidden) = first.as_ref().filter(|first| first.is_null()) {
            // A namespace that we may not read.
            return Ok(Arc::clone(hidden));
        }
        let judge = self.judge_of(resource, first.as_deref()).await?;
        let awaited = Awaited { id, place: &place, kind: &kind, path: &path };
        let progress = Progress::new(tell);
        let judging = |live: Option<&Arc<Value>>| {
            let readiness = judge.judge(live);
            progress.known().object = live.cloned();
            match readiness {
                Readiness::Waiting { reason } => {
                    progress.update(|known| {
                        if known.reason != reason {
                            // Something moved, so what the pods said may be about the past.
                            known.complaint = None;
                        }
                        known.reason = reason;
                    });
                    None
                }
                decided => Some(decided),
            }
        };
        let judged = tokio::select! {
            judged = self.wait_for(awaited, first, Instant::now() + patience, judging) => judged?,
            reason = self.look_behind(&progress) => Some(Readiness::Failed { reason }),
        };
        let Known { object, reason: last, .. } =
            progress.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = &object {
            survey.see(&path, Some(Arc::clone(live)));
        }
        let reason = match (judged, &object) {
            (Some(Readiness::Ready), Some(object)) => return Ok(Arc::clone(object)),
            (Some(Readiness::Failed { reason }), _) => reason,
            _ => format!("{last} (waited {:.0} s)", patience.as_secs_f64()),
        };
        let explanation = Box::new(explain(&self.link, object.as_deref()).await);
        let id = id.clone();
        Err(RuntimeError::Cluster(Box::new(ClusterError::NotReady { id, reason, explanation })))
    }

    /// Tells how a resource's object does, each time this changes, for as long as somebody listens.
    pub(crate) async fn watch_forever(
        &self,
        resource: &Resource,
        tell: &(dyn for<'t> Fn(&'t Readiness) + Sync),
    ) -> Result<(), RuntimeError> {
        let (place, survey) = (place(resource)?, self.survey());
        let Some((kind, path)) = self.locate(&survey, &place) else {
            return Err(unknown_kind(&resource.id, &place));
        };
        let read = |failure| self.error(failure, &resource.id, "read", None);
        let first = survey.live(&self.link, &path).await.map_err(read)?;
        if first.as_ref().is_some_and(|first| first.is_null()) {
            // A namespace that we may not read.
            return Ok(());
        }
        let judge = self.judge_of(resource, first.as_deref()).await?;
        let mut told = None;
        let mut look = |live: Option<&Arc<Value>>| {
            let readiness = match judge.judge(live) {
                Readiness::Ready => as_configured(&resource.attributes, live.map(AsRef::as_ref)),
                readiness => readiness,
            };
            if told.as_ref() != Some(&readiness) {
                tell(&readiness);
                told = Some(readiness);
            }
        };
        look(first.as_ref());
        let awaited = Awaited { id: &resource.id, place: &place, kind: &kind, path: &path };
        for source in awaited.sources(&survey) {
            let mut watched = self.watches.look_at(source, &place.name, first.as_deref());
            while let Some(object) = watched.next().await {
                look(object.as_ref());
            }
        }
        loop {
            // What cannot be read now may be later.
            if let Ok(object) = self.link.find(&path).await {
                look(object.map(Arc::new).as_ref());
            }
            sleep(POLL).await;
        }
    }

    /// Looks at the pods of what is waited for now and then, and tells what they say. Ends with the reason if
    /// one of them says that waiting is of no use.
    async fn look_behind(&self, progress: &Progress<'_>) -> String {
        let mut pause = FIRST_LOOK;
        loop {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
            let object = progress.known().object.clone();
            let Some(object) = object else { continue };
            let behind = PodsBehind::read(&self.link, &object).await;
            if let Some(reason) = behind.verdict() {
                return reason;
            }
            progress.update(|known| known.complaint = behind.complaint());
        }
    }
}
