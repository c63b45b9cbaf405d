//! Pass: the namespace that the stack's resources lie in.

use super::{Draft, Fault};
use crate::spec::Semantics;

pub(super) fn add(draft: &mut Draft, semantics: &dyn Semantics, name: &str) -> Vec<Fault> {
    let namespace = match semantics.namespace(name) {
        Ok(namespace) => namespace,
        Err(source) => {
            return vec![Fault::Namespace { name: name.to_owned(), reason: source.reason() }];
        }
    };
    let capabilities = semantics.provides(&namespace);
    let mut needed = false;
    for resource in draft.resources.values() {
        if semantics.provides(resource).iter().any(|provided| capabilities.contains(provided)) {
            return Vec::new();
        }
        needed |=
            semantics.requires(resource).iter().any(|required| capabilities.contains(required));
    }
    if needed && !draft.resources.contains_key(&namespace.id) {
        draft.namespace = Some(namespace.id.clone());
        draft.resources.insert(namespace.id.clone(), namespace);
    }
    Vec::new()
}
