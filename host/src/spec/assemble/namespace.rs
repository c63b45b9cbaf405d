//! Pass: the namespace that the stack's resources lie in.

use super::{Draft, Entry, Fault};
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
    for entry in draft.resources.values() {
        if entry.provides.iter().any(|provided| capabilities.contains(provided)) {
            return Vec::new();
        }
        needed = needed || entry.requires.iter().any(|required| capabilities.contains(required));
    }
    if needed && !draft.resources.contains_key(&namespace.id) {
        draft.namespace = Some(namespace.id.clone());
        let mut entry = Entry::new(namespace, None);
        entry.provides = capabilities;
        draft.resources.insert(entry.resource.id.clone(), entry);
    }
    Vec::new()
}
