//! First pass: everything under one roof, every id once.

use std::collections::btree_map;

use super::{Draft, Entry, Fault};
use crate::spec::{Contribution, Origin, SecretRef, SecretSource, SecretUse, secret_uses};

/// The accessory in references to secrets of the workload.
const WORKLOAD: &str = "workload";

pub(super) fn collect(draft: &mut Draft, mut contributions: Vec<Contribution>) -> Vec<Fault> {
    contributions.sort_by(|a, b| a.origin.cmp(&b.origin));
    let mut faults = Vec::new();
    for Contribution { origin, workload, resources, patches, secrets } in contributions {
        let app = &origin.app;
        if workload {
            let ids = resources.iter().map(|resource| resource.id.clone());
            draft.candidates.entry(app.clone()).or_default().extend(ids);
        }
        for (name, source) in secrets {
            if let Err(fault) = request(draft, &origin, name, source) {
                faults.push(*fault);
            }
        }
        for resource in resources {
            match draft.resources.entry(resource.id.clone()) {
                btree_map::Entry::Occupied(first) => {
                    if let (id, Some(first)) = (first.key().clone(), first.get().origin.clone()) {
                        let second = origin.clone();
                        faults.push(Fault::DuplicateResource { id, first, second });
                    }
                }
                btree_map::Entry::Vacant(place) => {
                    place.insert(Entry::new(resource, Some(origin.clone())));
                }
            }
        }
        draft.patches.extend(patches.into_iter().map(|patch| (origin.clone(), patch)));
    }
    faults
}

fn request(
    draft: &mut Draft,
    origin: &Origin,
    name: String,
    source: SecretSource,
) -> Result<(), Box<Fault>> {
    let secret =
        SecretRef { app: origin.app.to_string(), accessory: accessory(origin).to_owned(), name };
    let written = secret.to_string();
    let whole = |found: &SecretUse| {
        found.range == (0..written.len()) && found.secret.as_ref() == Some(&secret)
    };
    if !secret_uses(&written).first().is_some_and(whole) {
        let (origin, name) = (origin.clone(), secret.name);
        return Err(Box::new(Fault::SecretName { origin, name }));
    }
    if let Some((_, first)) = draft.requested.get(&secret) {
        let (first, second) = (first.clone(), origin.clone());
        return Err(Box::new(Fault::DuplicateSecret { secret, first, second }));
    }
    draft.requested.insert(secret, (source, origin.clone()));
    Ok(())
}

/// Returns the second part of references to secrets of a module call.
pub(super) fn accessory(origin: &Origin) -> &str {
    if origin.accessory.is_empty() { WORKLOAD } else { &origin.accessory }
}
