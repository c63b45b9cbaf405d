//! How fast pods come and go.

use kusion_sdk::{Pointer, Problems, Request};
use serde_json::{Value, json};

use crate::config::{Behavior, Config, Platform, ScalingRules};
use crate::replicas::MAX_NUMBER;

/// The longest window and the longest period that Kubernetes takes, in seconds.
const MAX_WINDOW: u32 = 3600;
const MAX_PERIOD: u32 = 1800;

/// Chooses the developer's or the platform's behaviour and notes what Kubernetes refuses of it.
pub(crate) fn behavior(
    request: &Request<Config, Platform>,
    problems: &mut Problems,
) -> Option<Value> {
    let (behavior, at) = match (&request.config.behavior, &request.platform.behavior) {
        (Some(behavior), _) => (behavior, Pointer::config()),
        (None, Some(behavior)) => (behavior, Pointer::platform()),
        (None, None) => return None,
    };
    let Behavior { scale_up, scale_down } = behavior;
    for (rules, key) in [(scale_up, "scaleUp"), (scale_down, "scaleDown")] {
        if let Some(rules) = rules {
            check(rules, &at.key("behavior").key(key), problems);
        }
    }
    Some(json!(behavior))
}

fn check(rules: &ScalingRules, at: &Pointer, problems: &mut Problems) {
    if rules.stabilization_window_seconds.is_some_and(|seconds| seconds > MAX_WINDOW) {
        problems.add(
            at.key("stabilizationWindowSeconds"),
            format!("must be at most {MAX_WINDOW} seconds"),
        );
    }
    let Some(policies) = &rules.policies else { return };
    if policies.is_empty() {
        problems.add(at.key("policies"), "must not be empty; leave it out for those of Kubernetes");
    }
    for (index, policy) in policies.iter().enumerate() {
        let at = at.key("policies").index(index);
        if policy.value == 0 || policy.value > MAX_NUMBER {
            problems.add(at.key("value"), format!("must be between 1 and {MAX_NUMBER}"));
        }
        if policy.period_seconds == 0 || policy.period_seconds > MAX_PERIOD {
            problems.add(
                at.key("periodSeconds"),
                format!("must be between 1 and {MAX_PERIOD} seconds"),
            );
        }
    }
}
