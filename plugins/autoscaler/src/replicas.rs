//! The fewest and the most pods.

use kusion_sdk::{Pointer, Problems, Request};
use serde_json::Value;

use crate::config::{Config, Platform};

/// The highest number that Kubernetes takes.
pub(crate) const MAX_NUMBER: u32 = i32::MAX.unsigned_abs();

/// How many pods there may be.
#[derive(Debug, Default)]
pub(crate) struct Replicas {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// Whether the developer stopped the app with `replicas: 0`. Kubernetes scales no such workload, as long as the
    /// number stays.
    pub(crate) is_stopped: bool,
}

/// Chooses the numbers and notes those that do not fit together.
pub(crate) fn replicas(request: &Request<Config, Platform>, problems: &mut Problems) -> Replicas {
    let (config, platform) = (&request.config, &request.platform);
    let written = request.workload.get("replicas").and_then(Value::as_u64);
    let of_workload = written.and_then(|number| u32::try_from(number).ok());
    let own = |root: Pointer, key: &str| root.key(key);
    let candidates = [
        (config.min_replicas, own(Pointer::config(), "minReplicas")),
        (of_workload.filter(|number| *number > 0), own(Pointer::workload(), "replicas")),
        (platform.min_replicas, own(Pointer::platform(), "minReplicas")),
    ];
    let min = candidates.into_iter().find_map(|(number, at)| Some((number?, at)));
    let candidates = [
        (config.max_replicas, own(Pointer::config(), "maxReplicas")),
        (platform.max_replicas, own(Pointer::platform(), "maxReplicas")),
    ];
    let max = candidates.into_iter().find_map(|(number, at)| Some((number?, at)));
    for (number, at) in min.iter().chain(&max) {
        if *number == 0 || *number > MAX_NUMBER {
            problems.add(at.clone(), format!("must be between 1 and {MAX_NUMBER}"));
        }
    }
    let (min, min_at) = min.unwrap_or((1, Pointer::config()));
    let Some((max, max_at)) = max else {
        problems.add(
            Pointer::config(),
            "needs `maxReplicas`, because neither the developer nor the platform says it",
        );
        return Replicas::default();
    };
    if max < min {
        problems.add(max_at.clone(), format!("is less than the fewest pods, {min} (`{min_at}`)"));
    }
    if let Some(limit) = platform.max_replicas_limit
        && max > limit
    {
        problems.add(max_at, format!("must be at most {limit}, as the platform says"));
    }
    Replicas { min, max, is_stopped: written == Some(0) }
}
