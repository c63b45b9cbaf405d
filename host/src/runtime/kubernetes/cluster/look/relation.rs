//! How a stack stands to an object that exists.

use serde_json::Value;

use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::cluster::objects::{
    Holder, Place, Record, adoption, holder, is_made, uid,
};
use crate::runtime::kubernetes::cluster::{ClusterError, KubernetesRuntime};
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
    pub(crate) fn made(&self, prior: &StateEntry, live: &Value) -> bool {
        let holder = holder(live, &self.owner, &self.parent.id);
        match Record::of(prior) {
            Some(record) => uid(live) == Some(&record.uid) && !matches!(holder, Holder::Stack(_)),
            None => holder == Holder::Us,
        }
    }

    /// Says whose a live object is, as far as that matters to an apply.
    pub(crate) fn relate(
        &self,
        id: &ResourceId,
        place: &Place,
        live: &Value,
        prior: Option<&StateEntry>,
    ) -> Result<Relation, RuntimeError> {
        let recorded =
            prior.and_then(Record::of).is_some_and(|record| uid(live) == Some(&record.uid));
        let error = match holder(live, &self.owner, &self.parent.id) {
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
    use crate::runtime::kubernetes::cluster::objects::{mark, owner};
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
        let relate =
            |kind: &str, live: &Value| runtime.relate(&id, &place(kind), live, None).unwrap();
        assert_eq!(relate("Namespace", &made), Relation::Ours);
        assert_eq!(relate("ConfigMap", &made), Relation::Adopted);
        assert_eq!(relate("Namespace", &json!({"metadata": {}})), Relation::Adopted);
        let mut others = made;
        mark(others["metadata"].as_object_mut().unwrap(), &owner("prod"));
        assert_eq!(
            relate("Namespace", &others),
            Relation::Shared("stack `prod` of project `shop` in workspace `default`".to_owned())
        );
    }
}
