//! How a stack stands to an object that exists.

use serde_json::Value;

use crate::runtime::kubernetes::cluster::objects::{
    Holder, Parent, Place, Record, adoption, holder, is_made, is_made_by, member_of, uid,
};
use crate::runtime::kubernetes::cluster::{ClusterError, KubernetesRuntime};
use crate::runtime::{Owner, RuntimeError};
use crate::spec::{ResourceId, StateEntry};

/// How we stand to an object that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relation {
    Ours,
    /// It is nobody's, or its owner's tool is left behind.
    Adopted,
    /// It stays as it is, because somebody else manages it.
    Shared(String),
}

impl Relation {
    /// Returns what is to be remembered of an object that is, or becomes, adopted.
    pub(crate) fn adoption(&self, live: &Value, prior: Option<&StateEntry>) -> Option<String> {
        adoption(live, *self == Self::Adopted || prior.is_some_and(|prior| prior.adopted))
    }
}

impl KubernetesRuntime {
    /// Returns whether a live object is the one that we made. What we know nothing about must say so itself.
    pub(crate) async fn made(&self, prior: &StateEntry, live: &Value) -> bool {
        let record = Record::of(prior);
        let recorded = record.as_ref().map(|record| record.uid.as_str());
        let holder = self.holder_of(recorded, live).await;
        match recorded {
            Some(recorded) => uid(live) == Some(recorded) && !matches!(holder, Holder::Stack(_)),
            None => holder == Holder::Us,
        }
    }

    /// Reads whose a live object is. The marks of one that is on record, by its uid, may have been edited by hand: it is
    /// another stack's only if that stack may know of it.
    pub(crate) async fn holder_of(&self, recorded: Option<&str>, live: &Value) -> Holder {
        let holder = holder(live, &self.owner, &self.parent.id);
        let is_recorded = recorded.is_some() && recorded == uid(live);
        match &holder {
            Holder::Stack(owner) if is_recorded && !self.may_be_of(owner, live).await => Holder::Us,
            _ => holder,
        }
    }

    /// Returns whether an object with the marks of another stack may be that stack's: its parent exists where it can be
    /// looked for, or nobody can tell. What is in our own set is in no other one.
    async fn may_be_of(&self, owner: &Owner, live: &Value) -> bool {
        let text = |pointer| live.pointer(pointer).and_then(Value::as_str);
        let own = text("/metadata/namespace").or_else(|| text("/metadata/name"));
        let set = member_of(live);
        if set == Some(&self.parent.id) {
            return false;
        }
        let places = [own.unwrap_or_default(), owner.project.as_str(), &self.parent.namespace];
        let mut parents: Vec<Parent> =
            places.into_iter().map(|namespace| Parent::of(owner, namespace)).collect();
        if let Some(set) = set {
            parents.retain(|parent| parent.id == set);
            if parents.is_empty() {
                // It is in a set that we cannot find.
                return true;
            }
        }
        parents.dedup();
        for parent in parents {
            match self.link.find(&parent.path()).await {
                Ok(None) => {}
                Ok(Some(found)) if holder(&found, owner, &parent.id) != Holder::Us => {}
                Ok(Some(_)) | Err(_) => return true,
            }
        }
        false
    }

    /// Says whose a live object is, as far as that matters to an apply.
    pub(crate) async fn relate(
        &self,
        id: &ResourceId,
        place: &Place,
        live: &Value,
        prior: Option<&StateEntry>,
    ) -> Result<Relation, RuntimeError> {
        let record = prior.and_then(Record::of);
        let known = record.as_ref().map(|record| record.uid.as_str());
        let recorded = known.is_some() && known == uid(live);
        let error = match self.holder_of(known, live).await {
            Holder::Us => return Ok(Relation::Ours),
            // A namespace is there for everybody, so it is used as it is.
            Holder::Stack(owner) if place.is_namespace() => {
                return Ok(Relation::Shared(owner.to_string()));
            }
            Holder::Stack(owner) => ClusterError::OwnedByOther { id: id.clone(), owner },
            Holder::Tool(tool) if place.is_namespace() => return Ok(Relation::Shared(tool)),
            Holder::Tool(_) | Holder::Nobody if recorded => return Ok(Relation::Ours),
            // The stack that made it has left it to whoever comes.
            Holder::Nobody if place.is_namespace() && is_made(live) => return Ok(Relation::Ours),
            // We made it, and left it because somebody wanted it to be kept.
            Holder::Nobody if is_made_by(live, &self.owner) => return Ok(Relation::Ours),
            Holder::Tool(tool) if !self.terms.adopt => {
                ClusterError::ManagedByTool { id: id.clone(), tool }
            }
            Holder::Tool(_) | Holder::Nobody => return Ok(Relation::Adopted),
        };
        Err(RuntimeError::Cluster(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::objects::{Members, mark, owner};
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    fn place(kind: &str) -> Place {
        Place {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: "shop".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_namespace_that_a_stack_made_and_left_is_for_whoever_comes() {
        let runtime = KubernetesRuntime::on(scripted(|_| (500, json!({}))));
        let id = ResourceId::parse("v1:Namespace:shop").unwrap();
        let made = json!({"metadata": {"annotations": {"kusion.io/made": "true"}}});
        let relate = async |kind: &str, live: &Value| {
            runtime.relate(&id, &place(kind), live, None).await.unwrap()
        };
        assert_eq!(relate("Namespace", &made).await, Relation::Ours);
        assert_eq!(relate("ConfigMap", &made).await, Relation::Adopted);
        assert_eq!(relate("Namespace", &json!({"metadata": {}})).await, Relation::Adopted);
        // What this stack made and had to leave is its own again, and nobody else's.
        let left = |by: &str| json!({"metadata": {"annotations": {"kusion.io/made": by}}});
        assert_eq!(relate("ConfigMap", &left("shop/dev/default")).await, Relation::Ours);
        assert_eq!(relate("ConfigMap", &left("shop/prod/default")).await, Relation::Adopted);
        let mut others = made;
        mark(others["metadata"].as_object_mut().unwrap(), &owner("prod"));
        assert_eq!(
            relate("Namespace", &others).await,
            Relation::Shared("stack `prod` of project `shop` in workspace `default`".to_owned())
        );
    }

    #[tokio::test]
    async fn marks_that_somebody_edited_do_not_make_an_object_another_stacks() {
        let other = owner("prod");
        let parent = Parent::of(&other, "shop");
        let mut exists = parent.object(&other, &Members::default());
        exists["metadata"]["uid"] = "p".into();
        let ours = Parent::of(&owner("dev"), "shop").id;
        let gone = || (404, json!({"reason": "NotFound"}));
        let there = || (200, exists.clone());
        let recorded = Some("u");
        let theirs = Holder::Stack(Box::new(other.clone()));
        for (uid, set, answer, expected) in [
            // The label by which other tools find it is ours.
            (recorded, Some(ours.as_str()), there(), Holder::Us),
            (recorded, None, gone(), Holder::Us),
            (recorded, None, there(), theirs.clone()),
            (recorded, None, (403, json!({"message": "no"})), theirs.clone()),
            (recorded, Some(parent.id.as_str()), there(), theirs.clone()),
            (recorded, Some(parent.id.as_str()), gone(), Holder::Us),
            (recorded, Some("applyset-elsewhere-v1"), gone(), theirs.clone()),
            (Some("another"), Some(ours.as_str()), gone(), theirs.clone()),
            (None, Some(ours.as_str()), gone(), theirs.clone()),
        ] {
            let said = format!("{uid:?} {set:?} {answer:?}");
            let runtime = KubernetesRuntime::on(scripted(move |_| answer.clone()));
            let mut live = json!({"metadata": {"uid": "u", "namespace": "shop", "name": "x"}});
            mark(live["metadata"].as_object_mut().unwrap(), &other);
            if let Some(set) = set {
                live["metadata"]["labels"]["applyset.kubernetes.io/part-of"] = set.into();
            }
            assert_eq!(runtime.holder_of(uid, &live).await, expected, "{said}");
        }
    }
}
