//! The volumes of a pod, each under a name of its own.

use serde_json::Value;

use crate::names;

/// Adds a volume, or finds the same one; returns its name.
///
/// Another volume of that name gives the new one a number.
pub(super) fn add(volumes: &mut Vec<Value>, name: &str, volume: Value) -> String {
    let mut candidate = names::dns_label(name);
    let mut number = 1_usize;
    loop {
        let taken = volumes.iter().find(|it| it["name"] == candidate);
        let mut named = volume.clone();
        named["name"] = candidate.clone().into();
        match taken {
            Some(existing) if *existing == named => return candidate,
            Some(_) => {
                number += 1;
                candidate = names::with_suffix(name, &number.to_string());
            }
            None => {
                volumes.push(named);
                return candidate;
            }
        }
    }
}
