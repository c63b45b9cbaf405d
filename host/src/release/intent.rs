//! What a release is about to do, written down before it begins.

use serde::{Deserialize, Serialize};

use crate::spec::ResourceId;

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It comes into being, or is taken over.
    Create,
    /// It changes in place.
    Update,
    /// It is deleted and made anew.
    Replace,
    /// It goes.
    Delete,
}

/// A change that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The resource.
    pub id: ResourceId,
    /// What happens to it.
    pub change: Change,
    /// Whether it exists already and becomes ours. Such a resource is never deleted, so this must be
    /// known even if the run dies while it takes it over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
}
