//! Pods, and why one does not run.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::conditions::Conditions;
use super::{Readiness, count, failed, integer, text, waiting};

/// What keeps a pod from working, as far as its status says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The container that does not run; absent if it is about the whole pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// A word such as `ImagePullBackOff` or `Unschedulable`, or a few of ours.
    pub reason: String,
    /// What the cluster says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The image, if that is what cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What the container last ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// How often the container was started again.
    pub restarts: i64,
}

impl Trouble {
    fn new(reason: &str, message: Option<&str>) -> Self {
        let message = message.map(|text| text.trim().trim_end_matches('.'));
        let message = message.filter(|text| !text.is_empty()).map(str::to_owned);
        Self { reason: reason.to_owned(), message, ..Self::default() }
    }

    /// Says that a pod goes.
    pub(in crate::runtime::kubernetes) fn of_terminating() -> Self {
        Self::new("it is being deleted", None)
    }

    /// Returns whether it is more than a step on the way.
    pub(in crate::runtime::kubernetes) fn is_stuck(&self) -> bool {
        self.container.is_some() || self.reason == "Unschedulable"
    }

    /// Returns whether nothing but another manifest can end it.
    pub(in crate::runtime::kubernetes) fn is_final(&self) -> bool {
        self.reason == "InvalidImageName"
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { container, reason, message, image, exit_code, restarts } = self;
        if let Some(container) = container {
            write!(f, "container `{container}`: ")?;
        }
        f.write_str(reason)?;
        if let Some(message) = message {
            write!(f, ": {message}")?;
        }
        if let Some(image) = image {
            write!(f, ", image `{image}`")?;
        }
        if let Some(code) = exit_code {
            write!(f, ", exit code {code}")?;
        }
        match restarts {
            0 => Ok(()),
            1 => f.write_str(", restarted once"),
            more => write!(f, ", restarted {more} times"),
        }
    }
}

pub(super) fn pod(live: &Value) -> Readiness {
    let phase = text(live, "/status/phase");
    match trouble(live) {
        None => Readiness::Ready,
        Some(trouble) if phase == Some("Failed") => failed(trouble.to_string()),
        Some(trouble) => waiting(trouble.to_string()),
    }
}

/// Says what keeps a pod from working; `None` if it works or has done its work.
pub(in crate::runtime::kubernetes) fn trouble(live: &Value) -> Option<Trouble> {
    let phase = text(live, "/status/phase");
    if phase == Some("Succeeded") {
        return None;
    }
    if phase == Some("Failed") {
        return Some(why_failed(live));
    }
    let conditions = Conditions::of(live);
    let ready = conditions.get("Ready");
    if ready.is_some_and(|ready| ready.is("True")) {
        return None;
    }
    let unplaced = conditions.get("PodScheduled").filter(|placed| placed.is("False"));
    let said = containers(live).find_map(stuck).or_else(|| {
        let condition = unplaced.or(ready)?;
        match condition.reason() {
            Some(reason) => Some(Trouble::new(reason, condition.message())),
            None => Some(Trouble::new(&condition.explain(), None)),
        }
    });
    Some(said.unwrap_or_else(|| Trouble::new("it has not started yet", None)))
}

fn why_failed(live: &Value) -> Trouble {
    let reason = text(live, "/status/reason").filter(|text| !text.is_empty());
    let message = text(live, "/status/message").filter(|text| !text.is_empty());
    match (reason, message) {
        (Some(reason), message) => Trouble::new(reason, message),
        (None, Some(message)) => Trouble::new(message.trim_end_matches('.'), None),
        (None, None) => containers(live)
            .find_map(ended)
            .unwrap_or_else(|| Trouble::new("its containers have failed", None)),
    }
}

/// Says why a container waits, if it says so itself.
fn stuck(container: &Value) -> Option<Trouble> {
    let reason = text(container, "/state/waiting/reason")?;
    // These are steps on the way.
    if matches!(reason, "ContainerCreating" | "PodInitializing") {
        return None;
    }
    let about_image = reason.contains("Image") || reason == "RegistryUnavailable";
    Some(Trouble {
        container: text(container, "/name").map(str::to_owned),
        image: text(container, "/image").filter(|_| about_image).map(str::to_owned),
        exit_code: integer(container, "/lastState/terminated/exitCode"),
        restarts: count(container, "/restartCount"),
        ..Trouble::new(reason, text(container, "/state/waiting/message"))
    })
}

fn ended(container: &Value) -> Option<Trouble> {
    let code = integer(container, "/state/terminated/exitCode").filter(|code| *code != 0)?;
    let reason = text(container, "/state/terminated/reason").unwrap_or("Error");
    Some(Trouble {
        container: text(container, "/name").map(str::to_owned),
        exit_code: Some(code),
        restarts: count(container, "/restartCount"),
        ..Trouble::new(reason, text(container, "/state/terminated/message"))
    })
}

fn containers(live: &Value) -> impl Iterator<Item = &Value> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|list| live.pointer(list)?.as_array())
        .flatten()
}
