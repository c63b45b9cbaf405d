//! Rules for spreading pods, as Kubernetes wants them.

use std::collections::BTreeMap;

use kusion_sdk::{Pointer, Problems};
use serde_json::{Value, json};

use crate::config::{TopologySpreadConstraint, WhenUnsatisfiable};

/// Lists the rules, sorted by the names the developer gave them, and notes what Kubernetes refuses.
pub(crate) fn constraints(
    constraints: &BTreeMap<String, TopologySpreadConstraint>,
    at: &Pointer,
    problems: &mut Problems,
) -> Vec<Value> {
    for (name, constraint) in constraints {
        let at = at.key(name);
        if constraint.max_skew == 0 {
            problems.add(at.key("maxSkew"), "must be at least 1");
        }
        if constraint.topology_key.is_empty() {
            problems.add(at.key("topologyKey"), "must not be empty");
        }
        let waits = constraint.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
        if constraint.min_domains.is_some() && !waits {
            problems.add(
                at.key("minDomains"),
                "is only possible with `whenUnsatisfiable: DoNotSchedule`",
            );
        }
    }
    constraints.values().map(|rule| json!(rule)).collect()
}
