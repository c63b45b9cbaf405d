//! Labels and annotations of a workload, in layers.

use std::collections::BTreeMap;

use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::request::Request;

/// Merges the labels of a workload: the platform's, over them the app's, over them the developer's,
/// over them those by which the pods are found.
///
/// Notes a problem where the developer or the platform gives one of the last another value, because
/// the pods would not be found any more.
pub fn labels<C, P>(
    request: &Request<C, P>,
    platform: &BTreeMap<String, String>,
    developer: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let selector = request.selector();
    for (root, labels) in [(Pointer::config(), developer), (Pointer::platform(), platform)] {
        for (key, value) in &selector {
            if labels.get(key).is_some_and(|other| other != value) {
                problems.add(
                    root.key("labels").key(key),
                    format!("is always `{value}`, because the pods are found by it"),
                );
            }
        }
    }
    let mut merged = platform.clone();
    for layer in [&request.labels, developer, &selector] {
        merged.extend(layer.clone());
    }
    merged
}

/// Merges the annotations of a workload: the platform's, over them the app's, over them the
/// developer's.
pub fn annotations<C, P>(
    request: &Request<C, P>,
    platform: &BTreeMap<String, String>,
    developer: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut merged = platform.clone();
    for layer in [&request.annotations, developer] {
        merged.extend(layer.clone());
    }
    merged
}
