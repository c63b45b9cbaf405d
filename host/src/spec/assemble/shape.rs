//! Pass: one form for every resource, and only such as the target can accept.

use super::{Draft, Entry, Fault};
use crate::spec::Semantics;

/// Comes after the patches, so that no patch can undo it, and before plain secrets become references,
/// so that their encoding can still be checked.
pub(super) fn canonicalise_and_check(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (id, Entry { resource, origin, .. }) in &mut draft.resources {
        semantics.canonicalise(resource);
        let Some(origin) = origin else { continue };
        faults.extend(semantics.check(resource).into_iter().map(|reason| Fault::BadResource {
            origin: origin.clone(),
            id: id.clone(),
            reason,
        }));
    }
    faults
}
