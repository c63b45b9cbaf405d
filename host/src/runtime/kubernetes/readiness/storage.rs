//! Volumes and claims on them.

use serde_json::Value;

use super::{Readiness, failed, text, waiting};

pub(super) fn claim(live: &Value) -> Readiness {
    match text(live, "/status/phase") {
        Some("Bound") => Readiness::Ready,
        Some("Lost") => failed("its volume is lost"),
        _ => waiting("no volume is bound to it yet"),
    }
}

pub(super) fn volume(live: &Value) -> Readiness {
    match text(live, "/status/phase") {
        Some("Failed") => failed(text(live, "/status/message").unwrap_or("it has failed")),
        Some("Available" | "Bound" | "Released") => Readiness::Ready,
        _ => waiting("it is not available yet"),
    }
}
