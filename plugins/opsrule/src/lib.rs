//! The `opsrule` module: how many pods of an app may be down at once.
//!
//! Pods of a Deployment or StatefulSet are guarded by a PodDisruptionBudget, those of a CollaSet by a
//! PodTransitionRule, which KusionStack's operator asks before it changes a pod.

mod config;

use kusion_sdk::{
    Module, Output, Pointer, Problems, Rejection, Request, Resource, WorkloadResource, kubernetes,
};
use serde_json::{Value, json};

pub use crate::config::{Amount, Config, EvictionPolicy, Platform};

/// What holds where nobody says anything.
const DEFAULT: &str = "25%";

/// The highest number that Kubernetes takes.
const MAX_NUMBER: u32 = i32::MAX.unsigned_abs();

/// The `opsrule` module.
#[derive(Debug)]
pub struct OpsRule;

impl Module for OpsRule {
    const NAME: &'static str = "opsrule";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Says how many pods of an app may be down at once.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["policy/v1:PodDisruptionBudget", "apps.kusionstack.io/v1alpha1:PodTransitionRule"];
    const NEEDS_WORKLOAD_RESOURCE: bool = true;

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        let max_unavailable = max_unavailable(&request, &mut problems);
        let kind = guarded(request.workload_resource(), &mut problems);
        problems.finish()?;
        Ok(Output::new().resources(kind.map(|kind| match kind {
            Guarded::CollaSet => transition_rule(&request, max_unavailable),
            Guarded::Others => disruption_budget(&request, max_unavailable),
        })))
    }
}

/// Kinds of objects whose pods can be guarded.
enum Guarded {
    CollaSet,
    Others,
}

fn guarded(workload: Option<WorkloadResource<'_>>, problems: &mut Problems) -> Option<Guarded> {
    let Some(workload) = workload else {
        problems.add(Pointer::config(), "guards the pods of a workload, and this app has none");
        return None;
    };
    match workload.group_kind() {
        ("apps.kusionstack.io", "CollaSet") => Some(Guarded::CollaSet),
        ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") => Some(Guarded::Others),
        (_, kind) => {
            problems.add(
                Pointer::config(),
                format!("guards pods that run all the time, and those of a {kind} do not"),
            );
            None
        }
    }
}

/// The developer's amount, else the platform's, else the default.
fn max_unavailable(request: &Request<Config, Platform>, problems: &mut Problems) -> Value {
    let mut read = |amount: &Option<Amount>, root: Pointer| {
        let amount = amount.as_ref()?;
        let value = amount.to_json();
        if value.is_none() {
            problems.add(
                root.key("maxUnavailable"),
                format!(
                    "must be a number of pods up to {MAX_NUMBER}, or a percentage from `0%` to `100%`"
                ),
            );
        }
        value
    };
    let platform = read(&request.platform.max_unavailable, Pointer::platform());
    let developer = read(&request.config.max_unavailable, Pointer::config());
    developer.or(platform).unwrap_or_else(|| DEFAULT.into())
}

impl Amount {
    /// The amount as Kubernetes writes it; `None` if it takes no such one.
    fn to_json(&self) -> Option<Value> {
        let number = |number: u32| (number <= MAX_NUMBER).then(|| number.into());
        let digits = |text: &str| {
            let are_digits = text.bytes().all(|b| b.is_ascii_digit());
            are_digits.then(|| text.parse::<u32>().ok()).flatten()
        };
        match self {
            Self::Number(value) => number(*value),
            Self::Text(text) => match text.strip_suffix('%') {
                Some(percentage) => {
                    digits(percentage).filter(|it| *it <= 100).map(|_| text.clone().into())
                }
                None => digits(text).and_then(number),
            },
        }
    }
}

fn transition_rule(request: &Request<Config, Platform>, max_unavailable: Value) -> Resource {
    object(
        request,
        ("apps.kusionstack.io/v1alpha1", "PodTransitionRule"),
        json!({
            "selector": {"matchLabels": request.selector()},
            "rules": [{
                "name": "maxUnavailable",
                "availablePolicy": {"maxUnavailableValue": max_unavailable},
            }],
        }),
    )
}

fn disruption_budget(request: &Request<Config, Platform>, max_unavailable: Value) -> Resource {
    object(
        request,
        ("policy/v1", "PodDisruptionBudget"),
        json!({
            "selector": {"matchLabels": request.selector()},
            "maxUnavailable": max_unavailable,
            "unhealthyPodEvictionPolicy": request.platform.unhealthy_pod_eviction_policy,
        }),
    )
}

/// The name is the app's whatever the accessory is called: pods with two budgets cannot be evicted at all, so two
/// accessories of one app must not get along.
fn object(
    request: &Request<Config, Platform>,
    (api_version, kind): (&str, &str),
    spec: Value,
) -> Resource {
    kubernetes::object(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": request.unique_app_name(),
            "namespace": request.scope.namespace,
            "labels": request.object_labels(),
            "annotations": kubernetes::unless_empty(&request.annotations),
        },
        "spec": spec,
    }))
}

kusion_sdk::export!(OpsRule);

#[cfg(test)]
mod tests;
