//! Pass: one form for every resource, only such as the target can accept, and what later passes must know of it.

use serde_json::Value;

use super::{Draft, Entry, Fault};
use crate::spec::{Resource, Semantics};

/// What every reference begins with.
const SIGN: char = '$';

/// Comes after the patches, so that no patch can undo it, and before plain secrets become references,
/// so that their encoding can still be checked. No later pass changes what an object is called or names.
///
/// All that is done with one resource is done at once: with many, fetching each from memory again takes longer
/// than the work.
pub(super) fn canonicalise_and_check(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (id, entry) in &mut draft.resources {
        let Entry { resource, origin, provides, requires, may_refer } = entry;
        semantics.canonicalise(resource);
        *provides = semantics.provides(resource);
        *requires = semantics.requires(resource);
        *may_refer = refers(resource);
        let Some(origin) = origin else { continue };
        faults.extend(semantics.check(resource).into_iter().map(|reason| Fault::BadResource {
            origin: origin.clone(),
            id: id.clone(),
            reason,
        }));
    }
    faults
}

fn refers(resource: &Resource) -> bool {
    let extensions = &resource.extensions;
    holds_sign(&resource.attributes)
        || extensions.iter().any(|(key, value)| key.contains(SIGN) || holds_sign(value))
}

fn holds_sign(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(SIGN),
        Value::Array(items) => items.iter().any(holds_sign),
        Value::Object(members) => {
            members.iter().any(|(key, member)| key.contains(SIGN) || holds_sign(member))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
