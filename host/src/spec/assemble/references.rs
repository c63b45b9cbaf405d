//! Pass: references to attributes and to secrets name what exists and stand where they may.

use serde_json::Value;

use super::{Draft, Entry, Fault, error};
use crate::spec::walk::{at_or_below, visit_strings};
use crate::spec::{
    Origin, PATH_PREFIX, Resource, ResourceId, SECRET_PREFIX, SecretRef, SecretUse, Semantics,
    path_reference, secret_uses,
};

/// How many segments of an unknown reference are tried as part of the attribute.
const MAX_ATTRIBUTE_DEPTH: usize = 5;

/// The most characters of an unknown reference that are shown.
const MAX_SHOWN: usize = 200;

pub(super) fn resolve(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut edges: Vec<(ResourceId, ResourceId)> = Vec::new();
    let mut used: Vec<SecretRef> = Vec::new();
    for Entry { resource, origin, .. } in draft.resources.values().filter(|entry| entry.may_refer) {
        let Some(origin) = origin else { continue };
        let mut reader = Reader {
            draft,
            semantics,
            resource,
            origin,
            places: semantics.secret_places(resource),
            edges: &mut edges,
            used: &mut used,
            faults: &mut faults,
        };
        visit_strings(&resource.attributes, &mut |path, text| reader.read(path, text));
        reader.places.clear();
        for (key, value) in &resource.extensions {
            reader.read("extensions", key);
            visit_strings(value, &mut |path, text| {
                reader.read(&format!("extensions/{key}{path}"), text);
            });
        }
    }
    for (id, dependency) in edges {
        if let Some(entry) = draft.resources.get_mut(&id) {
            entry.resource.depends_on.insert(dependency);
        }
    }
    draft.used.extend(used);
    faults
}

struct Reader<'a> {
    draft: &'a Draft,
    semantics: &'a dyn Semantics,
    resource: &'a Resource,
    origin: &'a Origin,
    places: Vec<String>,
    edges: &'a mut Vec<(ResourceId, ResourceId)>,
    used: &'a mut Vec<SecretRef>,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn read(&mut self, path: &str, text: &str) {
        if text.starts_with(PATH_PREFIX) {
            self.read_path(text);
        }
        if !text.contains(SECRET_PREFIX) {
            return;
        }
        let (id, origin) = (&self.resource.id, self.origin);
        let is_value = self.resource.attributes.pointer(path).and_then(Value::as_str) == Some(text);
        if !is_value || !self.places.iter().any(|place| at_or_below(path, place)) {
            let (origin, id, path) = (origin.clone(), id.clone(), path.to_owned());
            self.faults.push(Fault::SecretPlace { origin, id, path });
            return;
        }
        for SecretUse { range, secret } in secret_uses(text) {
            let requested = secret.filter(|secret| {
                secret.app == origin.app.as_str() && self.draft.requested.contains_key(secret)
            });
            match requested {
                Some(secret) => self.used.push(secret),
                None => {
                    let reference = shortened(text.get(range).unwrap_or_default());
                    let near = self.near_secret(&reference);
                    let (origin, id) = (origin.clone(), id.clone());
                    self.faults.push(Fault::UnknownSecret { origin, id, reference, near });
                }
            }
        }
    }

    fn read_path(&mut self, text: &str) {
        let known = |id: &str| self.draft.resources.contains_key(id);
        let id = &self.resource.id;
        match path_reference(text, known) {
            Some((target, attribute)) => {
                let Some((target, entry)) = self.draft.resources.get_key_value(target) else {
                    return;
                };
                if self.shows_secret(&entry.resource, attribute) {
                    let (origin, id) = (self.origin.clone(), id.clone());
                    let reference = shortened(text);
                    self.faults.push(Fault::SecretAttribute { origin, id, reference });
                }
                self.edges.push((id.clone(), target.clone()));
            }
            None => self.faults.push(Fault::UnknownReference {
                origin: self.origin.clone(),
                id: id.clone(),
                reference: shortened(text),
                near: self.near_path(text),
            }),
        }
    }

    /// Returns whether an attribute of a resource holds secret values: a reference would put them into the plan.
    fn shows_secret(&self, target: &Resource, attribute: &str) -> bool {
        let pointer = format!("/{}", attribute.replace('.', "/"));
        let mut places = self.semantics.secret_places(target);
        if !places.is_empty() {
            // Tools keep copies of what they applied there.
            places.push("/metadata/annotations".to_owned());
        }
        places.iter().any(|place| at_or_below(&pointer, place) || at_or_below(place, &pointer))
    }

    /// Looks for a near miss of the texts that could be meant as the id.
    fn near_path(&self, text: &str) -> Option<String> {
        let rest = text.strip_prefix(PATH_PREFIX)?;
        let ids = rest
            .rmatch_indices('.')
            .take(MAX_ATTRIBUTE_DEPTH)
            .filter_map(|(dot, _)| rest.get(..dot));
        ids.into_iter().find_map(|id| self.draft.near(self.faults.len(), id))
    }

    fn near_secret(&self, reference: &str) -> Option<String> {
        let own =
            self.draft.requested.keys().filter(|secret| secret.app == self.origin.app.as_str());
        let names: Vec<String> = own.map(SecretRef::to_string).collect();
        error::nearest(self.faults.len(), reference, names.iter().map(String::as_str))
    }
}

/// Returns the beginning of a text, enough to recognise it.
fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
