//! What a run that was stopped did not see the end of.

use serde::Serialize;

use crate::spec::ResourceId;

/// A resource that was waited for when the run was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// The resource.
    pub id: ResourceId,
    /// What was waited for.
    pub awaits: Awaits,
    /// What it waited for itself, as last told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaits {
    /// The resource was accepted and shall work.
    Ready,
    /// The resource is being deleted and shall be gone.
    Gone,
}
