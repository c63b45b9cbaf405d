//! Pass: what resources need of others, and what others can need of them.
//!
//! Comes after the patches; no later pass changes what an object is called or what it names.

use super::Draft;
use crate::spec::Semantics;

pub(super) fn read(draft: &mut Draft, semantics: &dyn Semantics) {
    for entry in draft.resources.values_mut() {
        entry.provides = semantics.provides(&entry.resource);
        entry.requires = semantics.requires(&entry.resource);
    }
}
