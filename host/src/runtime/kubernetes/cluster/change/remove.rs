//! Deleting what we made, and nothing else.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::runtime::kubernetes::cluster::error::{ClusterError, quoted};
use crate::runtime::kubernetes::cluster::look::Residents;
use crate::runtime::kubernetes::cluster::objects::{Holder, Place, Record, uid, unmark, why_kept};
use crate::runtime::kubernetes::cluster::ready::Awaited;
use crate::runtime::kubernetes::cluster::runtime::{KubernetesRuntime, place};
use crate::runtime::kubernetes::cluster::wire::{Call, Failure};
use crate::runtime::{Going, RuntimeError};
use crate::spec::{ResourceId, StateEntry};

/// After how long it is told what an object that goes waits for.
const WORTH_TELLING: Duration = Duration::from_secs(3);

/// How often an object is looked at that changes while we decide whether it goes.
const LOOKS: usize = 5;

/// The conditions by which a namespace says why it does not go.
const HOLDS: [&str; 5] = [
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
];

impl KubernetesRuntime {
    /// Deletes the object that was recorded and waits until it is gone. One that is not the recorded object
    /// stays.
    pub(crate) async fn remove(
        &self,
        prior: &StateEntry,
        tell: &(dyn for<'t> Fn(Going<'t>) + Sync),
    ) -> Result<(), RuntimeError> {
        let (place, survey, id) = (place(&prior.resource)?, self.survey(), &prior.resource.id);
        let Some((kind, path)) = self.locate_recorded(&survey, &place, id)? else { return Ok(()) };
        let read = |failure| self.error(failure, id, "read", None);
        if survey.live(&self.link, &path).await.map_err(read)?.is_none() {
            return Ok(());
        }
        let mut looks = 0;
        let live = loop {
            looks += 1;
            let live = self.link.find(&path).await.map_err(read)?.map(Arc::new);
            let Some(live) = live else { return Ok(()) };
            if !self.made(prior, &live).await {
                return Ok(());
            }
            match self.delete_object(id, &place, &path, &live).await? {
                Ok(_) => break live,
                // Somebody was faster. If an object of this name is there now, it is another one.
                Err(Failure::Refused(refusal)) if refusal.is_gone() => {
                    survey.see_gone(&path);
                    return Ok(());
                }
                // It may be another stack's by now.
                Err(Failure::Refused(refusal)) if refusal.is_stale() && looks < LOOKS => {}
                Err(failure) => return Err(self.error(failure, id, "delete", None)),
            }
        };
        if place.is_namespace() && place.name == self.parent.namespace {
            self.claim.leave();
        }
        let awaited = Awaited { id, place: &place, kind: &kind, path: &path };
        tell(Going::Accepted);
        let waits = |reason: &str| tell(Going::Waits { reason });
        self.wait_until_gone(awaited, Some(live), &waits).await?;
        survey.see_gone(&path);
        Ok(())
    }

    /// Deletes an object unless something on it, or in it, speaks against it.
    async fn delete_object(
        &self,
        id: &ResourceId,
        place: &Place,
        path: &str,
        live: &Value,
    ) -> Result<Result<Value, Failure>, RuntimeError> {
        if why_kept(live).is_some() {
            let error = ClusterError::KeptMeanwhile { id: id.clone() };
            return Err(RuntimeError::Cluster(Box::new(error)));
        }
        if !place.is_namespace() {
            return self.make_change(&deletion(path, live, Guard::Uid, false)).await;
        }
        let residents = Residents::of(self, &self.survey(), &place.name).await;
        let residents = residents.map_err(|failure| self.error(failure, id, "read", None))?;
        let mut objects = residents.others;
        if !self.terms.allow_data_loss {
            objects.extend(residents.claims);
        }
        if !objects.is_empty() {
            let namespace = place.name.clone();
            let error = ClusterError::NamespaceInUse { namespace, objects };
            return Err(RuntimeError::Cluster(Box::new(error)));
        }
        self.make_change(&deletion(path, live, Guard::Version, false)).await
    }

    /// Takes our marks off an object that stays.
    pub(crate) async fn take_marks_off(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        let (place, survey, id) = (place(&prior.resource)?, self.survey(), &prior.resource.id);
        let Some((_, path)) = self.locate(&survey, &place) else { return Ok(()) };
        let read = |failure| self.error(failure, id, "read", None);
        let live = self.link.find(&path).await.map_err(read)?;
        let Some(live) = live else { return Ok(()) };
        let recorded = Record::of(prior);
        let recorded = recorded.as_ref().map(|record| record.uid.as_str());
        if self.holder_of(recorded, &live).await != Holder::Us || !self.made(prior, &live).await {
            return Ok(());
        }
        let made = !prior.adopted && !place.is_namespace();
        let mut patch = unmark(&live, &prior.resource.attributes, &self.owner, made);
        patch["metadata"]["uid"] = uid(&live).into();
        match self.make_change(&Call::merge(path, &patch).exclusive()).await? {
            Err(Failure::Refused(refusal)) if refusal.is_gone() => Ok(()),
            Err(failure) => Err(self.error(failure, id, "take the marks off", None)),
            Ok(_) => Ok(()),
        }
    }

    /// Asks the server whether it would let us delete an object, and changes nothing.
    pub(crate) async fn ask_to_delete(
        &self,
        id: &ResourceId,
        path: &str,
        live: &Value,
    ) -> Result<(), RuntimeError> {
        match self.link.call(&deletion(path, live, Guard::Uid, true)).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(refusal)) if refusal.is_gone() || refusal.refuses_dry_runs() => {
                Ok(())
            }
            Err(failure) => Err(self.error(failure, id, "delete", None)),
        }
    }

    /// Waits until an object that is being deleted is gone. If that takes a while, `tell` hears what it waits
    /// for.
    pub(crate) async fn wait_until_gone(
        &self,
        awaited: Awaited<'_>,
        terminating: Option<Arc<Value>>,
        tell: &(dyn for<'t> Fn(&'t str) + Sync),
    ) -> Result<(), RuntimeError> {
        let awaited_uid = terminating.as_deref().and_then(uid).map(str::to_owned);
        let last = Mutex::new(Terminating::default());
        let known = || last.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + self.terms.patience;
        let going = self.wait_for(awaited, terminating, deadline, |live| {
            match live.filter(|live| uid(live) == awaited_uid.as_deref()) {
                Some(object) => known().see(finalizers(object), tell),
                None => return Some(()),
            }
            None
        });
        let grumbling = async {
            sleep(WORTH_TELLING).await;
            known().speak(tell);
            pending().await
        };
        let gone = tokio::select! {
            gone = going => gone?,
            never = grumbling => never,
        };
        if gone.is_some() {
            return Ok(());
        }
        Err(RuntimeError::Cluster(Box::new(ClusterError::StillThere {
            id: awaited.id.clone(),
            seconds: self.terms.patience.as_secs(),
            finalizers: last.into_inner().unwrap_or_else(PoisonError::into_inner).finalizers,
        })))
    }
}

/// What must be as it was seen for an object to be deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// It is the same object.
    Uid,
    /// Nothing about it has changed: another stack may take a namespace over while we look at what is in it.
    Version,
}

/// Deletes an object, and no other one of its name.
fn deletion(path: &str, live: &Value, guard: Guard, dry_run: bool) -> Call {
    let mut preconditions = json!({"uid": uid(live)});
    if guard == Guard::Version
        && let Some(version) = live.pointer("/metadata/resourceVersion")
    {
        preconditions["resourceVersion"] = version.clone();
    }
    let options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        // What the object owns goes before it, so that it is gone when we say so.
        "propagationPolicy": "Foreground",
        "preconditions": preconditions,
        "dryRun": dry_run.then_some(["All"]),
    });
    Call::delete(path, &options)
}

/// What is known of an object that goes.
#[derive(Default)]
struct Terminating {
    finalizers: Vec<String>,
    /// Whether it takes so long that changes are told.
    slow: bool,
}

impl Terminating {
    fn see(&mut self, finalizers: Vec<String>, tell: &(dyn for<'t> Fn(&'t str) + Sync)) {
        let changed = self.finalizers != finalizers;
        self.finalizers = finalizers;
        if self.slow && changed {
            self.speak(tell);
        }
    }

    fn speak(&mut self, tell: &(dyn for<'t> Fn(&'t str) + Sync)) {
        self.slow = true;
        if self.finalizers.is_empty() {
            tell("it is being deleted");
        } else {
            tell(&format!("it is being deleted and waits for {}", quoted(&self.finalizers)));
        }
    }
}

/// Lists what an object waits for before it goes.
fn finalizers(live: &Value) -> Vec<String> {
    let list = live.pointer("/metadata/finalizers").and_then(Value::as_array);
    let own = list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    // A namespace says what lies in it that does not go.
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let remaining = conditions.into_iter().flatten().filter_map(|condition| {
        let part = |member| condition.get(member).and_then(Value::as_str);
        let holds = HOLDS.contains(&part("type")?) && part("status") == Some("True");
        holds.then(|| part("message").unwrap_or_default().to_owned())
    });
    own.chain(remaining).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_takes_its_time_is_told_and_then_each_change_once() {
        let told = Mutex::new(Vec::new());
        let tell = |text: &str| told.lock().unwrap().push(text.to_owned());
        let mut leaving = Terminating::default();
        let hold = || vec!["example.com/hold".to_owned()];
        leaving.see(vec!["foregroundDeletion".to_owned()], &tell);
        assert!(told.lock().unwrap().is_empty());
        leaving.see(hold(), &tell);
        leaving.speak(&tell);
        leaving.see(hold(), &tell);
        leaving.see(Vec::new(), &tell);
        let waits = "it is being deleted and waits for `example.com/hold`";
        assert_eq!(*told.lock().unwrap(), [waits, "it is being deleted"]);
    }

    #[test]
    fn what_holds_an_object_back_is_named() {
        assert_eq!(
            finalizers(
                &json!({"metadata": {"finalizers": ["foregroundDeletion", "example.com/x"]}})
            ),
            ["foregroundDeletion", "example.com/x"]
        );
        let namespace = json!({
            "metadata": {"name": "n"},
            "status": {"conditions": [
                {"type": "NamespaceContentRemaining", "status": "False", "message": "all gone"},
                {"type": "NamespaceFinalizersRemaining", "status": "True",
                 "message": "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances"},
            ]},
        });
        assert_eq!(
            finalizers(&namespace),
            [
                "Some content in the namespace has finalizers remaining: example.com/x in 1 resource instances"
            ]
        );
        assert!(finalizers(&json!({})).is_empty());
    }
}
