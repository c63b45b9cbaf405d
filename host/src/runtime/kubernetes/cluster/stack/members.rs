//! Keeping the parent object as it should be, and making the namespace in which it lies.
//!
//! Before a change it names all kinds that members may have on the way, afterwards those that they have.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::claim::{self, is_no};
use super::lease::Lease;
use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::cluster::ClusterError;
use crate::runtime::kubernetes::cluster::objects::{
    Holder, Making, Members, Missing, Object, Parent, Place, holder, is_terminating, references,
    uid,
};
use crate::runtime::kubernetes::cluster::ready::Awaited;
use crate::runtime::kubernetes::cluster::runtime::{KubernetesRuntime, apply_path, place};
use crate::runtime::kubernetes::cluster::wire::{Call, Failure};
use crate::secret::{Resolve, SecretError};
use crate::spec::{Resource, ResourceId, SecretRef, SecretText};

/// What is known of the parent object.
#[derive(Debug, Default)]
pub(super) enum KnownParent {
    /// It was not read, or cannot be.
    #[default]
    Nothing,
    /// It is like this; `None` if it does not exist.
    Live(Option<Value>),
}

impl KubernetesRuntime {
    /// Notes in the parent object what will belong to the stack, before it does. What is noted there of earlier
    /// runs stays.
    pub(crate) async fn expect_members(&self, members: &[&Resource]) -> Result<(), RuntimeError> {
        let live = self.read_parent().await?;
        let mut members = self.members(members);
        if let Some(live) = &live {
            members = members.with_those_in(live);
        }
        match self.write_parent(live, &members).await {
            Ok(live) => {
                self.claim.know_parent(KnownParent::Live(live));
                Ok(())
            }
            // Nothing can be made in it, and the parent goes with it.
            Err(failure) if claim::is_terminating(&failure) || claim::is_gone(&failure) => Ok(()),
            Err(failure) => Err(self.unlisted(failure)),
        }
    }

    /// Notes in the parent object what belongs to the stack now. It goes if nothing does.
    pub(crate) async fn settle_members(&self, left: &[&Resource]) -> Result<(), RuntimeError> {
        let KnownParent::Live(live) = self.claim.know_parent(KnownParent::Nothing) else {
            return Ok(());
        };
        if left.is_empty() {
            return self.delete_parent(live).await;
        }
        let written = self.write_parent(live, &self.members(left)).await;
        written.map(|_| ()).map_err(|failure| self.unlisted(failure))
    }

    /// Deletes the parent object of a stack that has no members.
    pub(crate) async fn forget_members(&self) -> Result<(), RuntimeError> {
        let live = self.read_parent().await?;
        self.delete_parent(live).await
    }

    /// Deletes the parent and the Lease that the stack had when its namespace was another one. What cannot be read or
    /// deleted stays: it does no harm.
    pub(crate) async fn leave_earlier_places(&self, left: &[&Resource]) {
        let places = left.iter().filter_map(|resource| Place::of(&resource.attributes));
        let inhabited: BTreeSet<Option<String>> = places.map(|place| place.namespace).collect();
        let survey = self.survey();
        let earlier = survey.places.values().map(|place| &place.namespace);
        let earlier: BTreeSet<&String> =
            earlier.filter(|namespace| !inhabited.contains(*namespace)).flatten().collect();
        for namespace in earlier.into_iter().filter(|earlier| **earlier != self.parent.namespace) {
            if !self.leave(&Parent::of(&self.owner, namespace)).await {
                tracing::debug!(namespace = namespace.as_str(), "parent stays");
            }
        }
    }

    /// Deletes a parent and its Lease as they were just read. Returns `false` if one of them stays.
    async fn leave(&self, parent: &Parent) -> bool {
        let Ok(live) = self.link.find(&parent.path()).await else { return false };
        let Some(live) = live.filter(|live| self.is_ours(live, parent)) else { return false };
        let Ok(lease) = self.link.find(&parent.lease_path()).await else { return false };
        if let Some(lease) = lease {
            // Whoever holds it works there, with records in which the stack did not move.
            if !self.is_ours(&lease, parent) || self.is_held_by_another(&Lease::read(&lease)) {
                return false;
            }
            if self.link.call(&untouched(parent.lease_path(), &lease)).await.is_err() {
                return false;
            }
        }
        self.link.call(&untouched(parent.path(), &live)).await.is_ok()
    }

    fn is_ours(&self, live: &Value, parent: &Parent) -> bool {
        holder(live, &self.owner, &parent.id) == Holder::Us
    }

    /// Returns the stack's namespace if the plan makes it and it was not there when the plan was made.
    pub(crate) fn missing_namespace(&self) -> Option<ResourceId> {
        let survey = self.survey();
        let resource = survey.desired_namespace(&self.parent.namespace)?;
        let (_, path) = self.locate(&survey, &place(resource).ok()?)?;
        let seen = survey.seen_before(&path)?;
        seen.is_none_or(|seen| is_terminating(&seen)).then(|| resource.id.clone())
    }

    /// Makes the stack's namespace if the plan does and it is not there: the parent and the Lease lie in it.
    /// Returns whether it did.
    pub(super) async fn make_namespace(&self) -> Result<bool, RuntimeError> {
        let survey = self.survey();
        let Some(resource) = survey.desired_namespace(&self.parent.namespace) else {
            return Ok(false);
        };
        let (place, id) = (place(resource)?, &resource.id);
        let Some((kind, path)) = self.locate(&survey, &place) else { return Ok(false) };
        let error = |failure, verb| self.error(failure, id, verb, None);
        let seen =
            survey.live(&self.link, &path).await.map_err(|failure| error(failure, "read"))?;
        if seen.is_some_and(|seen| !is_terminating(&seen)) {
            return Ok(false);
        }
        let live = self.link.find(&path).await.map_err(|failure| error(failure, "read"))?;
        match live.map(Arc::new) {
            Some(live) if is_terminating(&live) => {
                let awaited = Awaited { id, place: &place, kind: &kind, path: &path };
                self.wait_until_gone(awaited, Some(live), &|_| {}).await?;
            }
            Some(live) => {
                let known = matches!(
                    holder(&live, &self.owner, &self.parent.id),
                    Holder::Us | Holder::Stack(_)
                );
                if !known {
                    let error = ClusterError::MadeMeanwhile { id: id.clone() };
                    return Err(RuntimeError::Cluster(Box::new(error)));
                }
                survey.see(&path, Some(live));
                return Ok(false);
            }
            None => {}
        }
        let object = self.namespace(resource)?;
        let call = Call::apply(apply_path(&path, false, false), &object);
        let made = self.link.call(&call).await.map_err(|failure| error(failure, "apply"))?;
        if references(&resource.attributes).is_empty() {
            survey.see_made(&path, made);
        } else {
            survey.see(&path, Some(Arc::new(made)));
        }
        Ok(true)
    }

    /// Makes the object of a namespace. What it refers to does not exist yet and comes with its own step.
    fn namespace(&self, resource: &Resource) -> Result<Value, RuntimeError> {
        let mut resource = resource.clone();
        if !references(&resource.attributes).is_empty() {
            let name = &self.parent.namespace;
            resource.attributes =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        }
        let making = Making {
            owner: &self.owner,
            parent: &self.parent,
            namespaced: false,
            secrets: &NoValues,
            missing: Missing::Keep,
        };
        Ok(Object::of(&resource, making)?.value)
    }

    fn members(&self, resources: &[&Resource]) -> Members {
        let survey = self.survey();
        let places = resources.iter().filter_map(|resource| {
            let mut place = Place::of(&resource.attributes)?;
            if survey.kind(&place).is_some_and(|kind| kind.namespaced) {
                place.namespace = Some(place.namespace().to_owned());
            }
            Some(place)
        });
        let places: Vec<Place> = places.collect();
        Members::of(&self.parent, &places)
    }

    async fn read_parent(&self) -> Result<Option<Value>, RuntimeError> {
        let live = self.link.find(&self.parent.path()).await;
        let live = live.map_err(|failure| self.unlisted(failure))?;
        match &live {
            Some(live) if !self.is_ours(live, &self.parent) => {
                Err(self.unlisted_because("the object is not this stack's".into()))
            }
            _ => Ok(live),
        }
    }

    /// Makes the parent say what it shall, unless it does, and returns it as it is then.
    async fn write_parent(
        &self,
        live: Option<Value>,
        members: &Members,
    ) -> Result<Option<Value>, Failure> {
        if live.as_ref().is_some_and(|live| members.are_in(live)) {
            return Ok(live);
        }
        let object = self.parent.object(&self.owner, members);
        let call = Call::apply(apply_path(&self.parent.path(), false, true), &object);
        self.link.call(&call).await.map(Some)
    }

    async fn delete_parent(&self, live: Option<Value>) -> Result<(), RuntimeError> {
        let Some(live) = live else { return Ok(()) };
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid(&live)},
        });
        match self.link.call(&Call::delete(self.parent.path(), &options).exclusive()).await {
            Ok(_) => Ok(()),
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 404 | 409) => Ok(()),
            Err(failure) => Err(self.unlisted(failure)),
        }
    }

    fn unlisted(&self, failure: Failure) -> RuntimeError {
        if is_no(&failure) { self.unlisted_because(failure.into()) } else { self.trouble(failure) }
    }

    fn unlisted_because(&self, source: Box<dyn std::error::Error + Send + Sync>) -> RuntimeError {
        RuntimeError::Cluster(Box::new(ClusterError::Unlisted {
            stack: Box::new(self.owner.clone()),
            namespace: self.parent.namespace.clone(),
            name: self.parent.name.clone(),
            source,
        }))
    }
}

/// Deletes an object if nobody has touched it since it was read.
fn untouched(path: String, live: &Value) -> Call {
    let version = live.pointer("/metadata/resourceVersion");
    let options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        "preconditions": {"uid": uid(live), "resourceVersion": version},
    });
    Call::delete(path, &options).exclusive()
}

/// Resolves nothing: a namespace holds no secrets.
struct NoValues;

impl Resolve for NoValues {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        Err(SecretError::NotMade { secret: secret.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::runtime::kubernetes::cluster::objects::{mark, owner};
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    /// Leaves the namespace `old`, in which the Lease is held by `holder`, and returns what was deleted on which
    /// conditions.
    async fn left(holder: &str) -> (bool, Vec<(String, Value)>) {
        let deleted = Arc::new(Mutex::new(Vec::new()));
        let (seen, holder) = (Arc::clone(&deleted), holder.to_owned());
        let link = scripted(move |asked| {
            if asked.method == "DELETE" {
                let kind = asked.path.rsplit('/').nth(1).unwrap().to_owned();
                seen.lock().unwrap().push((kind, asked.body["preconditions"].clone()));
                return (200, json!({}));
            }
            let kind = if asked.path.contains("/leases/") { "lease" } else { "parent" };
            let mut metadata = json!({"uid": format!("uid-{kind}"), "resourceVersion": "7"});
            mark(metadata.as_object_mut().unwrap(), &owner("dev"));
            (200, json!({"metadata": metadata, "spec": {"holderIdentity": holder}}))
        });
        let runtime = KubernetesRuntime::on(link);
        let gone = runtime.leave(&Parent::of(&runtime.owner, "old")).await;
        let deleted = deleted.lock().unwrap().clone();
        (gone, deleted)
    }

    #[tokio::test]
    async fn an_earlier_place_is_left_as_it_was_seen_unless_somebody_works_there() {
        let on = |kind: &str| json!({"uid": format!("uid-{kind}"), "resourceVersion": "7"});
        let both =
            vec![("leases".to_owned(), on("lease")), ("configmaps".to_owned(), on("parent"))];
        assert_eq!(left("").await, (true, both));
        assert_eq!(left("bob@desk (apply)").await, (false, Vec::new()));
    }
}
