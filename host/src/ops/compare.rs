//! Compares what shall be with what was recorded and what the target holds.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::pin::pin;

use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::Value;
use tracing::Instrument as _;

use crate::diagnostic::{Diagnose as _, Kind};
use crate::ops::OpsError;
use crate::plan::{Action, Plan};
use crate::runtime::{Runtime, RuntimeError, Subject};
use crate::secret::Resolve;
use crate::spec::{
    Observed, Origin, ResourceId, SecretRef, Spec, State, resolve_paths, secret_uses,
};

/// A plan and what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What must be done.
    pub plan: Plan,
    /// What the target holds, by resource.
    pub observed: BTreeMap<ResourceId, Observed>,
}

/// Why not every resource could be compared.
pub(super) struct Unequal {
    /// At least one.
    pub(super) errors: Vec<RuntimeError>,
    /// What is known of all others, to be shown; `None` if nothing is.
    pub(super) rest: Option<Box<Comparison>>,
}

/// Asks the target about every resource, several at once, and plans.
pub(super) async fn compare(
    spec: &Spec,
    state: &State,
    origins: &BTreeMap<ResourceId, Origin>,
    runtime: &dyn Runtime,
    secrets: &dyn Resolve,
    parallelism: NonZeroUsize,
) -> Result<Comparison, Unequal> {
    let ids: BTreeSet<&ResourceId> = spec.resources.keys().chain(state.resources.keys()).collect();
    let resources = ids.len();
    let subject = |id: &ResourceId| Subject {
        desired: spec.resources.get(id),
        prior: state.resources.get(id),
    };
    let subjects: Vec<Subject<'_>> = ids.iter().map(|id| subject(id)).collect();
    let survey = runtime.prepare(&subjects);
    survey
        .instrument(tracing::info_span!("survey target", resources))
        .await
        .map_err(Unequal::nothing)?;
    let observing = stream::iter(ids)
        .map(|id| async move {
            let observed = runtime
                .observe(subject(id), secrets)
                .instrument(tracing::debug_span!("read resource", id = %id));
            (id, observed.await)
        })
        .buffered(parallelism.get());
    let (observed, refused) =
        gather(observing).instrument(tracing::info_span!("read target", resources)).await?;
    let mut plan = Plan::between(spec, state, &observed, origins);
    if refused.is_empty() {
        return Ok(Comparison { plan, observed });
    }
    plan.steps.retain(|step| !refused.contains_key(&step.id));
    // It is to be looked at only, and some steps that others came after are not in it.
    for step in &mut plan.steps {
        step.after.clear();
    }
    let rest = Some(Box::new(Comparison { plan, observed }));
    Err(Unequal { errors: refused.into_values().collect(), rest })
}

impl Unequal {
    fn nothing(error: RuntimeError) -> Self {
        Self { errors: vec![error], rest: None }
    }

    /// Makes one error of all, as `why` puts them.
    pub(super) fn into_error(self, why: impl FnOnce(Vec<RuntimeError>) -> OpsError) -> OpsError {
        let why = why(self.errors);
        match self.rest {
            Some(rest) => OpsError::Partly { rest, why: Box::new(why) },
            None => why,
        }
    }
}

/// What the target says of each resource, and why it says nothing of others.
type Gathered = (BTreeMap<ResourceId, Observed>, BTreeMap<ResourceId, RuntimeError>);

/// Takes all observations together. Everything that is about one resource is told at once, in the order of the ids;
/// anything else ends it, because the rest would fail the same way.
async fn gather<'a>(
    observing: impl Stream<Item = (&'a ResourceId, Result<Observed, RuntimeError>)>,
) -> Result<Gathered, Unequal> {
    let (mut observed, mut wrong) = (BTreeMap::new(), BTreeMap::new());
    let mut observing = pin!(observing);
    while let Some((id, result)) = observing.next().await {
        match result {
            Ok(found) => {
                observed.insert(id.clone(), found);
            }
            Err(error) if error.kind() == Kind::User || error.is_of_one_resource() => {
                wrong.insert(id.clone(), error);
            }
            Err(error) => return Err(Unequal::nothing(error)),
        }
    }
    Ok((observed, wrong))
}

/// Puts known attributes in the place of references to them.
pub(super) fn resolve(spec: &Spec) -> Spec {
    let mut resolved = spec.clone();
    for resource in resolved.resources.values_mut() {
        let lookup = |id: &str| spec.resources.get(id).map(|resource| &resource.attributes);
        resolve_paths(&mut resource.attributes, &lookup);
    }
    resolved
}

/// Lists the secrets that recorded resources refer to.
pub(super) fn known_secrets(state: &State) -> BTreeSet<SecretRef> {
    let mut known = BTreeSet::new();
    for entry in state.resources.values() {
        collect(&entry.resource.attributes, &mut known);
    }
    known
}

/// Lists the secrets that a document refers to.
pub(super) fn secrets_in(value: &Value) -> BTreeSet<SecretRef> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, known: &mut BTreeSet<SecretRef>) {
    match value {
        Value::String(text) => {
            known.extend(secret_uses(text).into_iter().filter_map(|found| found.secret));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, known)),
        Value::Object(map) => map.values().for_each(|value| collect(value, known)),
        _ => {}
    }
}

/// Lists the secrets of what is about to be made or changed, so that one without a value is told before anything is
/// begun.
pub(super) fn changed_secrets(comparison: &Comparison, spec: &Spec) -> BTreeSet<SecretRef> {
    let steps = comparison.plan.steps.iter().filter(|step| step.action != Action::Unchanged);
    let resources = steps.filter_map(|step| spec.resources.get(&step.id));
    resources.flat_map(|resource| secrets_in(&resource.attributes)).collect()
}
