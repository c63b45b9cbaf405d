//! Compares what shall be with what was recorded and what the target holds.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::pin::pin;

use futures_util::stream::{self, Stream, StreamExt as _};
use serde_json::Value;
use tracing::Instrument as _;

use crate::diagnostic::{Diagnose as _, Kind};
use crate::plan::Plan;
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

/// Asks the target about every resource, several at once, and plans. There is at least one error if it cannot.
pub(super) async fn compare(
    spec: &Spec,
    state: &State,
    origins: &BTreeMap<ResourceId, Origin>,
    runtime: &dyn Runtime,
    secrets: &dyn Resolve,
    parallelism: NonZeroUsize,
) -> Result<Comparison, Vec<RuntimeError>> {
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
        .map_err(|error| vec![error])?;
    let observing = stream::iter(ids)
        .map(|id| async move {
            let observed = runtime
                .observe(subject(id), secrets)
                .instrument(tracing::debug_span!("read resource", id = %id));
            observed.await.map(|observed| (id.clone(), observed))
        })
        .buffered(parallelism.get());
    let observed =
        gather(observing).instrument(tracing::info_span!("read target", resources)).await?;
    let plan = Plan::between(spec, state, &observed, origins);
    Ok(Comparison { plan, observed })
}

/// Takes all observations together. Everything that a user can mend or may not do is told at once, in the order of
/// the ids; anything else ends it, because the rest would fail the same way.
async fn gather(
    observing: impl Stream<Item = Result<(ResourceId, Observed), RuntimeError>>,
) -> Result<BTreeMap<ResourceId, Observed>, Vec<RuntimeError>> {
    let (mut observed, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut observing = pin!(observing);
    while let Some(result) = observing.next().await {
        match result {
            Ok((id, found)) => {
                observed.insert(id, found);
            }
            Err(error) if error.kind() == Kind::User || error.is_forbidden() => wrong.push(error),
            Err(error) => return Err(vec![error]),
        }
    }
    if wrong.is_empty() { Ok(observed) } else { Err(wrong) }
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
