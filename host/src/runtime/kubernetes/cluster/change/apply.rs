//! Making an object what it shall be.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::runtime::kubernetes::cluster::ClusterError;
use crate::runtime::kubernetes::cluster::look::{Relation, Survey, displaced_in};
use crate::runtime::kubernetes::cluster::objects::{
    Making, Missing, Object, Place, Record, bequest, is_adopted, is_terminating, reclaim,
    references, replicas_left, uid,
};
use crate::runtime::kubernetes::cluster::ready::Awaited;
use crate::runtime::kubernetes::cluster::refusals::FieldConflict;
use crate::runtime::kubernetes::cluster::runtime::{
    KubernetesRuntime, apply_path, bequest_path, merge_path, place, unknown_kind,
};
use crate::runtime::kubernetes::cluster::wire::{Call, Failure, Kind, Refusal};
use crate::runtime::{Applied, RuntimeError};
use crate::secret::Resolve;
use crate::spec::{Resource, StateEntry, path_reference};

/// How long others wait for a namespace, or for a kind to be served.
const GROUNDWORK: Duration = Duration::from_secs(60);
/// How often the server is asked whether it serves a kind.
const POLL: Duration = Duration::from_millis(250);

impl KubernetesRuntime {
    pub(crate) async fn apply_object(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError> {
        let (place, survey, id) = (place(desired)?, self.survey(), &desired.id);
        let (kind, path) = match self.locate(&survey, &place) {
            Some(found) => found,
            None => self.await_kind(desired, &survey, &place).await?,
        };
        let awaited = Awaited { id, place: &place, kind: &kind, path: &path };
        let read = |failure| self.error(failure, id, "read", None);
        let planned = survey.live(&self.link, &path).await.map_err(read)?;
        if planned.as_deref().is_some_and(Value::is_null) {
            return Ok(Applied { private: Record::default().to_value() });
        }
        let mut live = planned.clone();
        let leaving = live.as_deref().is_some_and(is_terminating);
        if leaving {
            self.wait_until_gone(awaited, live.take(), &|_| {}).await?;
        }
        if leaving || (live.is_none() && survey.is_old(&path)) {
            // An apply would merge with what somebody made since the plan was made.
            live = self.link.find(&path).await.map_err(read)?.map(Arc::new);
            if let Some(live) = &live
                && !matches!(self.relate(id, &place, live, prior).await?, Relation::Ours)
            {
                let error = ClusterError::MadeMeanwhile { id: id.clone() };
                return Err(RuntimeError::Cluster(Box::new(error)));
            }
        }
        let adoption = match &live {
            Some(live) => match self.relate(id, &place, live, prior).await? {
                Relation::Shared(_) => {
                    return Ok(Applied { private: Record::from_live(live).to_value() });
                }
                relation => relation.adoption(live, prior),
            },
            None => None,
        };
        if let Some(live) = live.as_deref().filter(|_| survey.was_made(&path)) {
            let private = Record::from_live(live).to_value();
            self.wait_until_ready(desired, GROUNDWORK, &|_| {}).await?;
            return Ok(Applied { private });
        }
        let resolved = self.resolve_ready(desired, &survey).await?;
        let making = Making {
            owner: &self.owner,
            parent: &self.parent,
            namespaced: kind.namespaced,
            secrets,
            missing: Missing::Refuse,
        };
        let mut object = Object::of(&resolved, making)?;
        if let Some(adoption) = adoption {
            object.adopt(&resolved.attributes, &adoption);
        }
        let made = self.send(desired, &path, object, live.as_deref(), prior).await?;
        let record = Record::from_live(&made);
        survey.see(&path, Some(Arc::new(made)));
        if place.is_namespace() || place.kind == "CustomResourceDefinition" {
            self.wait_until_ready(desired, GROUNDWORK, &|_| {}).await?;
        }
        Ok(Applied { private: record.to_value() })
    }

    /// Sends an object. If it was looked at before, it must still be the same one.
    async fn send(
        &self,
        desired: &Resource,
        path: &str,
        mut object: Object,
        live: Option<&Value>,
        prior: Option<&StateEntry>,
    ) -> Result<Value, RuntimeError> {
        let (mut force, mut put_right) = (self.terms.force_conflicts, false);
        if let Some(uid) = live.and_then(uid) {
            object.set_uid(Some(uid));
        }
        if let Some(replicas) = live.and_then(|live| replicas_left(live, &object.value)) {
            let (path, bequest) = (bequest_path(path), bequest(&object.value, replicas));
            match self.make_change(&Call::apply(path, &bequest)).await? {
                Ok(_) => {}
                // Somebody has it already, with a value of their own.
                Err(Failure::Refused(refusal)) if !refusal.conflicts().is_empty() => {}
                Err(failure) => {
                    return Err(self.error(
                        failure,
                        &desired.id,
                        "hand over the replicas of",
                        None,
                    ));
                }
            }
        }
        loop {
            let call = Call::apply(apply_path(path, false, force), &object.value);
            let refusal = match self.make_change(&call).await? {
                Ok(made) => return Ok(made),
                Err(Failure::Refused(refusal)) => refusal,
                Err(failure) => {
                    return Err(self.error(failure, &desired.id, "apply", Some(&object)));
                }
            };
            let conflicts = refusal.conflicts();
            let by_hand = prior.is_some() && conflicts.iter().all(FieldConflict::is_by_hand);
            let adopted = prior.is_none() && conflicts.iter().all(FieldConflict::is_mark);
            if !conflicts.is_empty() && (by_hand || adopted) && !force {
                // Whoever set it by hand does not come back for it, and the release says that it is ours; an adoption
                // was agreed to.
                force = true;
            } else if object.has_uid() && refusal.message.contains("no existing object was found") {
                // It was deleted since, so that nobody's is in the way.
                if is_adopted(&object.value) {
                    let error = ClusterError::GoneMeanwhile { id: desired.id.clone() };
                    return Err(RuntimeError::Cluster(Box::new(error)));
                }
                object.set_uid(None);
            } else if !put_right && self.make_way((desired, prior), path, &object, &refusal).await?
            {
                put_right = true;
            } else {
                let failure = Failure::Refused(refusal);
                return Err(self.error(failure, &desired.id, "apply", Some(&object)));
            }
        }
    }

    /// Makes ours what took the place of items of ours, so that an apply takes it away. Returns whether that is what the
    /// server finds wrong, and may be done.
    async fn make_way(
        &self,
        (desired, prior): (&Resource, Option<&StateEntry>),
        path: &str,
        object: &Object,
        refusal: &Refusal,
    ) -> Result<bool, RuntimeError> {
        let error = |failure| self.error(failure, &desired.id, "apply", Some(object));
        let Some(live) = self.link.find(path).await.map_err(error)? else { return Ok(false) };
        if uid(&live) != uid(&object.value) {
            return Ok(false);
        }
        let displaced = displaced_in(refusal, &object.value, &live);
        if displaced.is_empty() || !self.may_put_right(&displaced, prior) {
            return Ok(false);
        }
        let Some(patch) = reclaim(&live, &displaced) else { return Ok(false) };
        let call = Call::merge(merge_path(path, false), &patch).exclusive();
        self.make_change(&call).await?.map(|_| true).map_err(error)
    }

    /// Waits until the server serves a kind that was defined in this run.
    async fn await_kind(
        &self,
        desired: &Resource,
        survey: &Survey,
        place: &Place,
    ) -> Result<(Kind, String), RuntimeError> {
        let deadline = Instant::now() + GROUNDWORK;
        loop {
            let found = survey.ask_again(&self.link, place).await;
            let found = found
                .map_err(|failure| self.error(failure, &desired.id, "find the kind of", None))?;
            if let Some(kind) = found {
                let path = kind.object(Some(place.namespace()), &place.name);
                return Ok((kind, path));
            }
            if !survey.defines(place) || Instant::now() > deadline {
                return Err(unknown_kind(&desired.id, place));
            }
            sleep(POLL).await;
        }
    }

    /// Puts attributes in the place of all references, once their resources are ready.
    async fn resolve_ready(
        &self,
        desired: &Resource,
        survey: &Survey,
    ) -> Result<Resource, RuntimeError> {
        for reference in references(&desired.attributes) {
            let known = |id: &str| survey.sources.contains_key(id);
            let Some((source, _)) = path_reference(&reference, known) else { continue };
            if let Some(source) = survey.sources.get(source) {
                self.wait_until_ready(source, self.terms.patience, &|_| {}).await?;
            }
        }
        let resolved = self.resolve_known(desired, survey).await?;
        match references(&resolved.attributes).into_iter().next() {
            Some(reference) => Err(RuntimeError::Unresolved { id: desired.id.clone(), reference }),
            None => Ok(resolved),
        }
    }
}
