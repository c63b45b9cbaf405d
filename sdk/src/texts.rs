//! Maps of texts, filled one entry at a time.
//!
//! `collect` sorts first and then builds the tree in bulk, which is faster for a large map and adds
//! twenty kilobytes to a module whose maps have a handful of entries.

use std::collections::BTreeMap;

/// Makes a map of pairs; of two with one key the later stays.
pub(crate) fn texts<K: Into<String>, V: Into<String>>(
    pairs: impl IntoIterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        map.insert(key.into(), value.into());
    }
    map
}
