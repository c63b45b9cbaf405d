//! Pass: what modules change of the resources of others.
//!
//! Patches apply by app, then accessory name. A later patch never overwrites an earlier one: two
//! different values at one place are a fault.

use std::collections::BTreeMap;

use json_patch::PatchOperation;
use serde_json::{Map, Value};

use super::writes::Writes;
use super::{Draft, Entry, Fault, environment, volumes};
use crate::spec::walk::push_segment;
use crate::spec::{Origin, Patch, Resource, ResourceId, Semantics};

/// The value that removes a key, as upstream has it.
const REMOVE: &str = "ops://kusionstack.io/remove";

/// The most operations of one JSON patch.
const MAX_OPERATIONS: usize = 1000;

/// The most values a resource may hold after a JSON patch; `copy` could double it with every operation.
const MAX_VALUES: usize = 200_000;

/// The deepest a patched resource may be nested, as in the parsers that read what modules return.
const MAX_DEPTH: usize = 128;

pub(super) fn apply(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let patches = std::mem::take(&mut draft.patches);
    let mut patcher = Patcher {
        draft,
        semantics,
        writes: Writes::default(),
        environments: BTreeMap::new(),
        found: 0,
    };
    let mut faults = Vec::new();
    for (origin, patch) in patches {
        if let Err(fault) = patcher.apply(&origin, patch) {
            faults.push(*fault);
            patcher.found = faults.len();
        }
    }
    if faults.is_empty() {
        patcher.add_environments();
    }
    faults
}

struct Patcher<'a> {
    draft: &'a mut Draft,
    semantics: &'a dyn Semantics,
    writes: Writes,
    /// Variables for the containers of workloads, collected from all patches before any is added.
    environments: BTreeMap<ResourceId, BTreeMap<String, Value>>,
    /// The number of faults so far.
    found: usize,
}

impl Patcher<'_> {
    fn apply(&mut self, origin: &Origin, patch: Patch) -> Result<(), Box<Fault>> {
        match patch {
            Patch::Json { id, document } => self.json(origin, &id, document),
            Patch::Merge { id, document } => self.merge(origin, &id, document),
            Patch::Env(variables) => self.environment(origin, variables),
            Patch::Labels(labels) => self.metadata(origin, false, "labels", labels),
            Patch::Annotations(annotations) => {
                self.metadata(origin, false, "annotations", annotations)
            }
            Patch::Volumes { volumes, mounts } => self.volumes(origin, volumes, mounts),
            Patch::PodLabels(labels) => self.metadata(origin, true, "labels", labels),
            Patch::PodAnnotations(annotations) => {
                self.metadata(origin, true, "annotations", annotations)
            }
        }
    }

    fn workload(&self, origin: &Origin) -> Result<ResourceId, Box<Fault>> {
        let workload = self.draft.workloads.get(&origin.app).cloned();
        workload.ok_or_else(|| Fault::NoWorkload { origin: origin.clone() }.into())
    }

    fn pod_template(&self, origin: &Origin, id: &ResourceId) -> Result<&'static str, Box<Fault>> {
        let entry = self.draft.resources.get(id);
        let template = entry.and_then(|entry| self.semantics.pod_template(&entry.resource));
        template.ok_or_else(|| Fault::NoPods { origin: origin.clone(), id: id.clone() }.into())
    }

    fn target(&mut self, origin: &Origin, id: &ResourceId) -> Result<&mut Resource, Box<Fault>> {
        if !self.draft.resources.contains_key(id) {
            let near = self.draft.near(self.found, id.as_str());
            let (origin, id) = (origin.clone(), id.clone());
            return Err(Box::new(Fault::PatchTarget { origin, id, near }));
        }
        let patched_by = self.draft.patched_by.entry(id.clone()).or_default();
        if patched_by.last() != Some(origin) {
            patched_by.push(origin.clone());
        }
        let missing =
            || Fault::PatchTarget { origin: origin.clone(), id: id.clone(), near: None }.into();
        self.draft.resources.get_mut(id).map(|entry| &mut entry.resource).ok_or_else(missing)
    }

    fn metadata(
        &mut self,
        origin: &Origin,
        of_pods: bool,
        member: &str,
        values: BTreeMap<String, String>,
    ) -> Result<(), Box<Fault>> {
        let id = self.workload(origin)?;
        let owner = if of_pods { self.pod_template(origin, &id)? } else { "" };
        let place = format!("{owner}/metadata/{member}");
        for (key, value) in values {
            let value = (value != REMOVE).then_some(Value::String(value));
            let mut path = place.clone();
            push_segment(&mut path, &key);
            self.writes.note(&id, &path, value.clone(), origin)?;
            let resource = self.target(origin, &id)?;
            let map = object_at(&mut resource.attributes, &place)
                .ok_or_else(|| bad(origin, format!("`{place}` of resource `{id}` is no object")))?;
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn environment(&mut self, origin: &Origin, variables: Vec<Value>) -> Result<(), Box<Fault>> {
        let id = self.workload(origin)?;
        let template = self.pod_template(origin, &id)?;
        if !variables.is_empty() {
            self.target(origin, &id)?;
        }
        for variable in variables {
            let Some(name) = environment::name(&variable).map(str::to_owned) else {
                return Err(bad(origin, "an environment variable has no name".to_owned()));
            };
            // The star stands for every container; no other patch can write below it.
            let mut path = format!("{template}/spec/containers/*/env");
            push_segment(&mut path, &name);
            self.writes.note(&id, &path, Some(variable.clone()), origin)?;
            self.environments.entry(id.clone()).or_default().insert(name, variable);
        }
        Ok(())
    }

    fn volumes(
        &mut self,
        origin: &Origin,
        volumes: Vec<Value>,
        mounts: Vec<Value>,
    ) -> Result<(), Box<Fault>> {
        let id = self.workload(origin)?;
        let template = self.pod_template(origin, &id)?;
        for (place, value) in volumes::places(&volumes, &mounts) {
            self.writes.note(&id, &format!("{template}/spec{place}"), Some(value), origin)?;
        }
        let attributes = &mut self.target(origin, &id)?.attributes;
        volumes::add(attributes, template, volumes)
            .and_then(|()| volumes::mount(attributes, template, mounts))
            .map_err(|reason| bad(origin, reason))
    }

    fn add_environments(&mut self) {
        for (id, patched) in &self.environments {
            let Some(Entry { resource, .. }) = self.draft.resources.get_mut(id) else { continue };
            let Some(template) = self.semantics.pod_template(resource) else { continue };
            let containers = environment::containers(&mut resource.attributes, template);
            for container in containers.into_iter().flatten() {
                let variables = container.entry("env").or_insert_with(|| Value::Array(Vec::new()));
                if variables.is_null() {
                    *variables = Value::Array(Vec::new());
                }
                if let Value::Array(variables) = variables {
                    environment::add(variables, patched);
                }
            }
        }
    }

    fn merge(
        &mut self,
        origin: &Origin,
        id: &ResourceId,
        document: Value,
    ) -> Result<(), Box<Fault>> {
        let mut document = document;
        null_for_remove(&mut document);
        if !document.is_object() {
            return Err(bad(origin, format!("the merge patch for resource `{id}` is no object")));
        }
        self.target(origin, id)?;
        let mut leaves = Vec::new();
        collect_leaves(&document, &mut String::new(), &mut leaves);
        for (path, value) in leaves {
            self.writes.note(id, &path, value, origin)?;
        }
        json_patch::merge(&mut self.target(origin, id)?.attributes, &document);
        Ok(())
    }

    fn json(
        &mut self,
        origin: &Origin,
        id: &ResourceId,
        document: Value,
    ) -> Result<(), Box<Fault>> {
        let operations: Vec<PatchOperation> =
            serde_json::from_value(document).map_err(|error| {
                bad(origin, format!("the JSON patch for resource `{id}` is malformed: {error}"))
            })?;
        if operations.len() > MAX_OPERATIONS {
            let reason = format!(
                "the JSON patch for resource `{id}` has more than {MAX_OPERATIONS} operations"
            );
            return Err(bad(origin, reason));
        }
        self.target(origin, id)?;
        for operation in operations {
            let attributes = &mut self.target(origin, id)?.attributes;
            json_patch::patch(attributes, std::slice::from_ref(&operation)).map_err(|error| {
                let reason = format!("at `{}` of resource `{id}`: {}", error.path, error.kind);
                bad(origin, reason)
            })?;
            let path = operation.path().as_str().to_owned();
            let depth = path.matches('/').count();
            let present = attributes.pointer(&path);
            if present.is_some_and(|value| !fits(value, depth)) || !fits(attributes, 0) {
                return Err(bad(origin, format!("resource `{id}` becomes too large or too deep")));
            }
            let value = match &operation {
                PatchOperation::Test(_) => continue,
                PatchOperation::Remove(_) => None,
                _ => present.cloned(),
            };
            if let PatchOperation::Move(moved) = &operation {
                self.writes.note(id, moved.from.as_str(), None, origin)?;
            }
            if !path.ends_with("/-") {
                self.writes.note(id, &path, value, origin)?;
            }
        }
        Ok(())
    }
}

fn bad(origin: &Origin, reason: String) -> Box<Fault> {
    Box::new(Fault::BadPatch { origin: origin.clone(), reason })
}

/// Returns the object at a pointer, making it and those above where they are missing.
fn object_at<'v>(root: &'v mut Value, pointer: &str) -> Option<&'v mut Map<String, Value>> {
    let mut value = root;
    for segment in pointer.split('/').skip(1) {
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
        value = value.as_object_mut()?.entry(segment).or_insert(Value::Null);
    }
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

fn null_for_remove(value: &mut Value) {
    match value {
        Value::String(text) if text == REMOVE => *value = Value::Null,
        Value::Object(members) => members.values_mut().for_each(null_for_remove),
        _ => {}
    }
}

/// Lists what a merge patch writes. An empty object only makes sure that there is one.
fn collect_leaves(value: &Value, path: &mut String, leaves: &mut Vec<(String, Option<Value>)>) {
    match value {
        Value::Object(members) => {
            let length = path.len();
            for (key, member) in members {
                push_segment(path, key);
                collect_leaves(member, path, leaves);
                path.truncate(length);
            }
        }
        Value::Null => leaves.push((path.clone(), None)),
        other => leaves.push((path.clone(), Some(other.clone()))),
    }
}

/// Returns whether a value at a depth keeps to the limits. Its own depth is at most twice the limit,
/// because it was checked after every operation.
fn fits(value: &Value, depth: usize) -> bool {
    fn count(value: &Value, depth: usize, left: &mut usize) -> bool {
        if depth > MAX_DEPTH || *left == 0 {
            return false;
        }
        *left -= 1;
        match value {
            Value::Array(items) => items.iter().all(|item| count(item, depth + 1, left)),
            Value::Object(members) => members.values().all(|member| count(member, depth + 1, left)),
            _ => true,
        }
    }
    count(value, depth, &mut { MAX_VALUES })
}
