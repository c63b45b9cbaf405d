//! What a release says about where it came from.

use std::collections::BTreeMap;

use crate::engine::Request;
use crate::ops::Generation;
use crate::release::{CallRecord, ModuleRecord, RecordedSource, Release};
use crate::spec::{Origin, ResourceId, SecretRef, Spec};

/// The part of a release that does not depend on the target: what shall exist, and who made it.
#[derive(Debug, Clone, Default)]
pub(super) struct Basis {
    pub(super) modules: Vec<ModuleRecord>,
    pub(super) calls: Vec<CallRecord>,
    /// Who made each resource and, after the maker, who patched it.
    pub(super) origins: BTreeMap<ResourceId, Vec<Origin>>,
    pub(super) secrets: BTreeMap<SecretRef, RecordedSource>,
    pub(super) spec: Spec,
}

impl Basis {
    /// Takes what modules gave.
    pub(super) fn generated(generation: &Generation) -> Self {
        let assembled = &generation.assembled;
        let secrets = assembled.secrets.iter();
        Self {
            modules: modules(generation),
            calls: calls(generation),
            origins: origins(generation),
            secrets: secrets.map(|(secret, source)| (secret.clone(), source.into())).collect(),
            spec: assembled.spec.clone(),
        }
    }

    /// Takes what a release recorded.
    pub(super) fn recorded(release: Release) -> Self {
        Self {
            modules: release.modules,
            calls: release.calls,
            origins: release.origins,
            secrets: release.secrets.unwrap_or_default(),
            spec: release.spec,
        }
    }

    /// Returns who made each resource.
    pub(super) fn makers(&self) -> BTreeMap<ResourceId, Origin> {
        let makers = self.origins.iter();
        makers.filter_map(|(id, origins)| Some((id.clone(), origins.first()?.clone()))).collect()
    }
}

fn modules(generation: &Generation) -> Vec<ModuleRecord> {
    let modules = generation.modules.iter();
    modules
        .map(|(name, module)| ModuleRecord {
            name: name.clone(),
            version: module.version.clone(),
            digest: module.digest.to_string(),
        })
        .collect()
}

fn calls(generation: &Generation) -> Vec<CallRecord> {
    let calls = generation.calls.iter();
    calls
        .map(|call| CallRecord {
            app: call.origin.app.clone(),
            accessory: call.origin.accessory.clone(),
            module: call.origin.module.clone(),
            digest: generation
                .modules
                .get(&call.origin.module)
                .map(|module| module.digest.to_string())
                .unwrap_or_default(),
            request: without_answers(&call.request),
            files: call.files.iter().map(|file| (file.path.clone(), file.digest)).collect(),
        })
        .collect()
}

/// A request as it is recorded: files are on record by their digests only.
fn without_answers(request: &Request) -> serde_json::Value {
    let request = Request { inputs: Vec::new(), ..request.clone() };
    // A request is made of JSON values and texts, which have a JSON form.
    serde_json::to_value(request).unwrap_or_default()
}

/// Who made each resource and, after the maker, who patched it.
fn origins(generation: &Generation) -> BTreeMap<ResourceId, Vec<Origin>> {
    let assembled = &generation.assembled;
    let patchers = |id| assembled.patched_by.get(id).into_iter().flatten().cloned();
    let origins = assembled.origins.iter();
    origins
        .map(|(id, origin)| {
            (id.clone(), std::iter::once(origin.clone()).chain(patchers(id)).collect())
        })
        .collect()
}
