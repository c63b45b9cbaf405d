//! Makes one checked Spec of what the modules contributed, in an ordered list of passes.
//!
//! Every pass reports all it finds before assembly stops. The result does not depend on the order of
//! the contributions.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::AppName;
use crate::spec::{
    Contribution, Origin, Patch, Resource, ResourceId, SecretRef, SecretSource, Semantics, Spec,
};

mod collect;
mod edges;
mod environment;
mod error;
mod namespace;
mod patch;
mod references;
mod secrets;
mod shape;
#[cfg(test)]
mod tests;
mod volumes;
mod workload;
mod writes;

pub(crate) use environment::references as variable_references;
pub use error::{AssembleError, Fault};
pub use workload::workload_among;

/// What assembly needs to know beside the contributions.
#[derive(Clone, Copy)]
pub struct AssembleInput<'a> {
    /// What resources mean in their target.
    pub semantics: &'a dyn Semantics,
    /// The namespace of the stack. Its object is added if something lies in it and nobody made it.
    pub namespace: &'a str,
}

/// What assembly makes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assembled {
    /// The resources, checked and in canonical form, without secret values.
    pub spec: Spec,
    /// Who made each resource; the namespace object that assembly adds has no entry.
    pub origins: BTreeMap<ResourceId, Origin>,
    /// Who patched a resource, in the order of the patches.
    pub patched_by: BTreeMap<ResourceId, Vec<Origin>>,
    /// The secrets that the resources refer to.
    pub secrets: BTreeMap<SecretRef, SecretSource>,
    /// The resource that runs each app's containers, where there is one.
    pub workloads: BTreeMap<AppName, ResourceId>,
    /// The namespace object, if assembly added one.
    pub namespace: Option<ResourceId>,
}

/// Makes one Spec of what the modules contributed.
///
/// # Errors
///
/// Everything that is wrong with the resources, patches, references and secrets, as far as one pass
/// can see it.
#[tracing::instrument(level = "info", name = "assemble", skip_all, fields(resources))]
pub fn assemble(
    contributions: Vec<Contribution>,
    input: &AssembleInput<'_>,
) -> Result<Assembled, AssembleError> {
    let semantics = input.semantics;
    let mut draft = Draft::default();
    stop_on(collect::collect(&mut draft, contributions))?;
    stop_on(workload::choose(&mut draft, semantics))?;
    stop_on(patch::apply(&mut draft, semantics))?;
    stop_on(environment::order(&mut draft, semantics))?;
    stop_on(shape::canonicalise_and_check(&mut draft, semantics))?;
    stop_on(namespace::add(&mut draft, semantics, input.namespace))?;
    stop_on(secrets::replace_plain_values(&mut draft, semantics))?;
    stop_on(references::resolve(&mut draft, semantics))?;
    stop_on(edges::connect(&mut draft))?;
    tracing::Span::current().record("resources", draft.resources.len());
    Ok(draft.finish())
}

fn stop_on(faults: Vec<Fault>) -> Result<(), AssembleError> {
    if faults.is_empty() { Ok(()) } else { Err(AssembleError::new(faults)) }
}

/// A resource while the passes work on it.
///
/// What belongs together lies together: with many resources, finding them costs more than what a pass does.
#[derive(Debug)]
struct Entry {
    resource: Resource,
    /// Who made it; `None` for the namespace object that assembly adds.
    origin: Option<Origin>,
    provides: Vec<String>,
    requires: Vec<String>,
    /// Whether references may be in it; most resources hold none.
    may_refer: bool,
}

impl Entry {
    fn new(resource: Resource, origin: Option<Origin>) -> Self {
        Self { resource, origin, provides: Vec::new(), requires: Vec::new(), may_refer: false }
    }
}

/// The Spec while the passes work on it.
#[derive(Debug, Default)]
struct Draft {
    resources: BTreeMap<ResourceId, Entry>,
    /// Sorted by origin, each origin's patches in its own order.
    patches: Vec<(Origin, Patch)>,
    patched_by: BTreeMap<ResourceId, Vec<Origin>>,
    /// Resources of the modules that run the workloads.
    candidates: BTreeMap<AppName, BTreeSet<ResourceId>>,
    workloads: BTreeMap<AppName, ResourceId>,
    requested: BTreeMap<SecretRef, (SecretSource, Origin)>,
    used: BTreeSet<SecretRef>,
    namespace: Option<ResourceId>,
}

impl Draft {
    /// Returns an id that is near to an unknown one, as long as so few faults were found that it is shown.
    fn near(&self, found: usize, unknown: &str) -> Option<String> {
        error::nearest(found, unknown, self.resources.keys().map(ResourceId::as_str))
    }

    fn finish(self) -> Assembled {
        let Self { resources, patched_by, workloads, requested, used, namespace, .. } = self;
        let secrets = requested
            .into_iter()
            .filter(|(secret, _)| used.contains(secret))
            .map(|(secret, (source, _))| (secret, source))
            .collect();
        let mut origins = Vec::with_capacity(resources.len());
        let unpack = |(id, entry): (ResourceId, Entry)| {
            origins.extend(entry.origin.map(|origin| (id.clone(), origin)));
            (id, entry.resource)
        };
        let spec = Spec { resources: resources.into_iter().map(unpack).collect() };
        let origins = origins.into_iter().collect();
        Assembled { spec, origins, patched_by, secrets, workloads, namespace }
    }
}
