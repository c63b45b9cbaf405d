//! What stands in the file of a resource, under each policy for secrets.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::runtime::{KubernetesSemantics, RuntimeError};
use crate::secret::{Recipient, Resolve, SecretError};
use crate::spec::{
    PATH_PREFIX, Resource, ResourceId, Semantics, push_segment, replace_secrets, visit_strings,
};
use crate::yaml;

/// The annotation of a Secret without its data that lists the keys it must get.
const OMITTED_ANNOTATION: &str = "kusion.io/omitted-data";

/// What happens to the values of Secrets in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPolicy {
    /// The files hold Secrets without their data; an annotation lists the keys.
    Omit,
    /// The files hold the values, for whoever can read the files.
    Plain,
    /// The files of Secrets are encrypted as a whole.
    Age(Recipient),
}

/// What happens where something has no value yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The reference stays in its place, for a preview.
    Keep,
    /// It is an error.
    Refuse,
}

/// A resource as its file holds it.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The document; it holds the values of secrets unless they are omitted or unknown.
    pub(super) value: Value,
    /// Whether a secret has no value yet.
    pub(super) unknown: bool,
    /// The JSON Pointers of values that cannot be read now.
    pub(super) unread: Vec<String>,
}

impl Manifest {
    /// Fills in or leaves out the secrets of a resource.
    pub(super) fn of(
        resource: &Resource,
        policy: &SecretPolicy,
        secrets: &dyn Resolve,
        missing: Missing,
    ) -> Result<Self, RuntimeError> {
        let mut value = yaml::canonical(resource.attributes.clone());
        let mut lacking = Lacking::default();
        let places = secret_places(resource);
        if *policy == SecretPolicy::Omit {
            omit(&mut value, &places);
        } else {
            for place in &places {
                let Some(Value::Object(values)) = value.pointer_mut(place) else { continue };
                fill_in((place, values), secrets, missing, &mut lacking)
                    .map_err(|source| secret_error(&resource.id, source))?;
            }
        }
        if missing == Missing::Refuse {
            refuse_references(resource, &value)?;
        }
        let Lacking { unknown, unread } = lacking;
        Ok(Self { value, unknown, unread })
    }

    /// Takes the values that cannot be read now as the live document has them, so that nothing else seems to differ.
    pub(super) fn keep_unread(&mut self, live: &Value) {
        self.unread.retain(|pointer| live.pointer(pointer).is_some());
        for pointer in &self.unread {
            if let (Some(place), Some(value)) =
                (self.value.pointer_mut(pointer), live.pointer(pointer))
            {
                *place = value.clone();
            }
        }
    }

    /// Returns the text of the document.
    pub(super) fn text(&self, resource: &Resource) -> Result<String, RuntimeError> {
        let failed = |source| RuntimeError::Manifest { id: resource.id.clone(), source };
        yaml::to_string(&self.value).map_err(failed)
    }
}

/// Returns where a resource holds secrets; only a Secret does.
pub(super) fn secret_places(resource: &Resource) -> Vec<String> {
    KubernetesSemantics.secret_places(resource)
}

/// Says whose secrets an error is about.
pub(super) fn secret_error(id: &ResourceId, source: SecretError) -> RuntimeError {
    RuntimeError::Secret { id: id.clone(), source: Box::new(source) }
}

fn omit(value: &mut Value, places: &[String]) {
    let Some(members) = value.as_object_mut() else { return };
    let mut keys = BTreeSet::new();
    for place in places {
        if let Some(Value::Object(values)) = members.remove(place.trim_start_matches('/')) {
            keys.extend(values.into_iter().map(|(key, _)| key));
        }
    }
    if keys.is_empty() {
        return;
    }
    let keys: Vec<String> = keys.into_iter().collect();
    if let Some(annotations) =
        child(members, "metadata").and_then(|metadata| child(metadata, "annotations"))
    {
        annotations.insert(OMITTED_ANNOTATION.to_owned(), Value::String(keys.join(",")));
    }
}

fn child<'v>(members: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    members.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

/// Which values a preview has to do without.
#[derive(Default)]
struct Lacking {
    unknown: bool,
    unread: Vec<String>,
}

/// Puts values in the place of references.
fn fill_in(
    (place, values): (&str, &mut Map<String, Value>),
    secrets: &dyn Resolve,
    missing: Missing,
    lacking: &mut Lacking,
) -> Result<(), SecretError> {
    for (key, value) in values {
        let Value::String(text) = value else { continue };
        match replace_secrets(text, |secret| secrets.resolve(secret)) {
            Ok(resolved) => *text = resolved.expose().to_owned(),
            Err(error) if missing == Missing::Keep && error.is_unread() => {
                let mut pointer = place.to_owned();
                push_segment(&mut pointer, key);
                lacking.unread.push(pointer);
            }
            Err(error) if missing == Missing::Keep && error.is_unknown() => lacking.unknown = true,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn refuse_references(resource: &Resource, value: &Value) -> Result<(), RuntimeError> {
    let mut found = None;
    visit_strings(value, &mut |_, text| {
        if text.starts_with(PATH_PREFIX) {
            found.get_or_insert_with(|| text.to_owned());
        }
    });
    match found {
        Some(reference) => Err(RuntimeError::Unresolved { id: resource.id.clone(), reference }),
        None => Ok(()),
    }
}
