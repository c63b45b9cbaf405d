//! Kinds that run pods.

use serde_json::Value;

use super::conditions::Conditions;
use super::{Readiness, UNSEEN, count, failed, integer, text, waiting};

/// How many pods of a Job may fail if it does not say.
const BACKOFF_LIMIT: i64 = 6;

pub(super) fn deployment(live: &Value) -> Readiness {
    let conditions = Conditions::of(live);
    if let Some(progress) = conditions.get("Progressing")
        && progress.reason() == Some("ProgressDeadlineExceeded")
    {
        return failed(progress.explain());
    }
    // Nothing moves until somebody resumes it, which is what `paused` asks for.
    if live.pointer("/spec/paused").and_then(Value::as_bool) == Some(true) {
        return Readiness::Ready;
    }
    if integer(live, "/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = replicas(live);
    let updated = count(live, "/status/updatedReplicas");
    let available = count(live, "/status/availableReplicas");
    let old = count(live, "/status/replicas") - updated;
    if updated < wanted {
        return short(live, format!("{updated} of {wanted} replicas updated"));
    }
    if old > 0 {
        return waiting(format!("{old} old {} to be stopped", plural(old, "replica")));
    }
    if available < wanted {
        return short(live, format!("{available} of {wanted} replicas available"));
    }
    match conditions.get("Available") {
        Some(condition) if condition.is("False") => waiting(condition.explain()),
        _ => Readiness::Ready,
    }
}

pub(super) fn stateful_set(live: &Value) -> Readiness {
    if integer(live, "/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = replicas(live);
    let ready = count(live, "/status/readyReplicas");
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} replicas ready"));
    }
    let available = integer(live, "/status/availableReplicas").unwrap_or(ready);
    if available < wanted {
        return waiting(format!("{available} of {wanted} replicas available"));
    }
    if text(live, "/spec/updateStrategy/type") == Some("OnDelete") {
        return Readiness::Ready;
    }
    let kept = count(live, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = count(live, "/status/updatedReplicas");
    if updated < wanted - kept {
        return waiting(format!("{updated} of {} replicas updated", wanted - kept));
    }
    if kept == 0 && text(live, "/status/currentRevision") != text(live, "/status/updateRevision") {
        return waiting("the rollout is not complete");
    }
    Readiness::Ready
}

pub(super) fn daemon_set(live: &Value) -> Readiness {
    if integer(live, "/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = count(live, "/status/desiredNumberScheduled");
    let updated = count(live, "/status/updatedNumberScheduled");
    let available = count(live, "/status/numberAvailable");
    if text(live, "/spec/updateStrategy/type") != Some("OnDelete") && updated < wanted {
        return waiting(format!("{updated} of {wanted} pods updated"));
    }
    if available < wanted {
        return waiting(format!("{available} of {wanted} pods available"));
    }
    Readiness::Ready
}

pub(super) fn replica_set(live: &Value) -> Readiness {
    if integer(live, "/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = replicas(live);
    let available = count(live, "/status/availableReplicas");
    if available < wanted {
        return short(live, format!("{available} of {wanted} replicas available"));
    }
    Readiness::Ready
}

pub(super) fn job(live: &Value) -> Readiness {
    let conditions = Conditions::of(live);
    // Once it has met the conditions of a failure, it only waits for its pods to end.
    for kind in ["Failed", "FailureTarget"] {
        if let Some(failure) = conditions.get(kind).filter(|failure| failure.is("True")) {
            return failed(failure.explain());
        }
    }
    if conditions.get("Complete").is_some_and(|complete| complete.is("True")) {
        return Readiness::Ready;
    }
    if live.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return Readiness::Ready;
    }
    let done = count(live, "/status/succeeded");
    let done = match integer(live, "/spec/completions") {
        Some(wanted) => format!("{done} of {wanted} pods completed"),
        None => format!("{done} {} completed", plural(done, "pod")),
    };
    match count(live, "/status/failed") {
        0 => waiting(done),
        failed => {
            let limit = integer(live, "/spec/backoffLimit").unwrap_or(BACKOFF_LIMIT);
            waiting(format!("{done}, {failed} of {} attempts failed", limit.saturating_add(1)))
        }
    }
}

fn replicas(live: &Value) -> i64 {
    integer(live, "/spec/replicas").unwrap_or(1)
}

fn plural(number: i64, noun: &str) -> String {
    if number == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// Says that replicas are missing and, if the controller cannot make them, why.
fn short(live: &Value, counts: String) -> Readiness {
    let conditions = Conditions::of(live);
    match conditions.get("ReplicaFailure").filter(|failure| failure.is("True")) {
        Some(failure) => waiting(format!("{counts}: {}", failure.explain())),
        None => waiting(counts),
    }
}
