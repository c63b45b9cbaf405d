//! Pods, and why one does not run.

use serde_json::Value;

use super::conditions::Conditions;
use super::{Readiness, count, failed, integer, text, waiting};

pub(super) fn pod(live: &Value) -> Readiness {
    match text(live, "/status/phase") {
        Some("Succeeded") => return Readiness::Ready,
        Some("Failed") => return failed(why_failed(live)),
        _ => {}
    }
    let conditions = Conditions::of(live);
    if conditions.get("Ready").is_some_and(|ready| ready.is("True")) {
        return Readiness::Ready;
    }
    if let Some(reason) = stuck_container(live) {
        return waiting(reason);
    }
    if let Some(unplaced) = conditions.get("PodScheduled").filter(|placed| placed.is("False")) {
        return waiting(unplaced.explain());
    }
    match conditions.get("Ready") {
        Some(ready) => waiting(ready.explain()),
        None => waiting("it has not started yet"),
    }
}

fn why_failed(live: &Value) -> String {
    let said = [text(live, "/status/reason"), text(live, "/status/message")];
    let said: Vec<&str> = said.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    if !said.is_empty() {
        return said.join(": ").trim_end_matches('.').to_owned();
    }
    containers(live).find_map(ended).unwrap_or_else(|| "its containers have failed".to_owned())
}

/// Says why a container waits, if it says so itself.
fn stuck_container(live: &Value) -> Option<String> {
    containers(live).find_map(|container| {
        let name = text(container, "/name").unwrap_or_default();
        let reason = text(container, "/state/waiting/reason")?;
        // These are steps on the way.
        if matches!(reason, "ContainerCreating" | "PodInitializing") {
            return None;
        }
        let message = text(container, "/state/waiting/message").filter(|text| !text.is_empty());
        let mut said = format!("container `{name}`: {reason}");
        if let Some(message) = message {
            said.push_str(&format!(": {}", message.trim_end_matches('.')));
        }
        let restarts = count(container, "/restartCount");
        if restarts > 0 {
            said.push_str(&format!(", restarted {restarts} times"));
        }
        Some(said)
    })
}

fn ended(container: &Value) -> Option<String> {
    let name = text(container, "/name").unwrap_or_default();
    let code = integer(container, "/state/terminated/exitCode").filter(|code| *code != 0)?;
    let reason = text(container, "/state/terminated/reason").unwrap_or("Error");
    Some(format!("container `{name}`: {reason}, exit code {code}"))
}

fn containers(live: &Value) -> impl Iterator<Item = &Value> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|list| live.pointer(list)?.as_array())
        .flatten()
}
