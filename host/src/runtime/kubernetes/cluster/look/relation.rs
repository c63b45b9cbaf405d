//! How a stack stands to an object that exists.

use serde_json::Value;

use crate::runtime::RuntimeError;
use crate::runtime::kubernetes::cluster::objects::{Holder, Place, Record, holder, uid};
use crate::runtime::kubernetes::cluster::{ClusterError, KubernetesRuntime};
use crate::spec::{ResourceId, StateEntry};

/// How we stand to an object that exists.
pub(crate) enum Relation {
    Ours,
    /// It is nobody's, or its owner's tool is left behind.
    Adopted,
    /// It stays as it is, because somebody else manages it.
    Shared(String),
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
            Holder::Tool(tool) if !self.terms.adopt => {
                ClusterError::ManagedByTool { id: id.clone(), tool }
            }
            Holder::Tool(_) | Holder::Nobody => return Ok(Relation::Adopted),
        };
        Err(RuntimeError::Cluster(Box::new(error)))
    }
}
