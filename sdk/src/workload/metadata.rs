//! Labels and annotations of a workload, in layers.

use std::collections::BTreeMap;

use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::request::Request;
use crate::syntax;

/// The most characters of all annotations of an object together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Merges the labels of a workload: the platform's, over them the app's, over them the developer's,
/// over them those by which the pods are found.
///
/// Notes a problem where the developer or the platform gives one of the last another value, because
/// the pods would not be found any more, and where a text cannot be a label.
pub fn labels<C, P>(
    request: &Request<C, P>,
    platform: &BTreeMap<String, String>,
    developer: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let selector = request.selector();
    for (root, labels) in [(Pointer::config(), developer), (Pointer::platform(), platform)] {
        let at = root.key("labels");
        for (key, value) in labels {
            match selector.get(key) {
                Some(fixed) if fixed != value => problems.add(
                    at.key(key),
                    format!("is always `{fixed}`, because the pods are found by it"),
                ),
                _ => label(key, value, &at, problems),
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
///
/// Notes a problem where a text cannot be the key of an annotation, and where they are too long together.
pub fn annotations<C, P>(
    request: &Request<C, P>,
    platform: &BTreeMap<String, String>,
    developer: &BTreeMap<String, String>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    for (root, annotations) in [(Pointer::config(), developer), (Pointer::platform(), platform)] {
        let at = root.key("annotations");
        for key in annotations.keys().filter(|key| !syntax::is_annotation_key(key)) {
            problems.add(at.key(key).name(), format!("the key of an annotation {KEY}"));
        }
        let length = |annotations: &BTreeMap<String, String>| {
            annotations.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
        };
        if length(annotations) > MAX_ANNOTATIONS {
            problems.add(at, "are longer than 256 KiB together");
        }
    }
    let mut merged = platform.clone();
    for layer in [&request.annotations, developer] {
        merged.extend(layer.clone());
    }
    merged
}

const KEY: &str =
    "consists of letters, digits, `-`, `_` and `.`, at most 63, perhaps behind a domain and `/`";

/// Notes what Kubernetes would refuse in a label of the map at `at`.
pub(super) fn label(key: &str, value: &str, at: &Pointer, problems: &mut Problems) {
    if !syntax::is_label_key(key) {
        problems.add(at.key(key).name(), format!("the key of a label {KEY}"));
    }
    if !syntax::is_label_value(value) {
        problems.add(
            at.key(key),
            "the value of a label consists of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends, at most 63",
        );
    }
}
