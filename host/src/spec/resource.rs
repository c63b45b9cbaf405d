//! A resource: one thing that shall exist in a target.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest id of a resource, in bytes.
const MAX_ID_LENGTH: usize = 1024;

/// The identity of a resource within a stack.
///
/// A Kubernetes object has `apiVersion:Kind[:namespace]:name`, a provider's resource
/// `namespace:provider:type:name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(String);

/// Says why a text is not a resource id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{id}` is not a resource id: {reason}")]
pub struct ResourceIdError {
    id: String,
    reason: &'static str,
}

impl ResourceIdError {
    /// Returns which rule the text breaks.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl ResourceId {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// The text is empty, too long, or holds white space or control characters.
    pub fn parse(id: impl Into<String>) -> Result<Self, ResourceIdError> {
        let id = id.into();
        let reason = if id.is_empty() {
            "it is empty"
        } else if id.len() > MAX_ID_LENGTH {
            "it is longer than 1024 bytes"
        } else if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            "it contains white space or control characters"
        } else {
            return Ok(Self(id));
        };
        Err(ResourceIdError { id: id.chars().take(80).collect(), reason })
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResourceId {
    type Error = ResourceIdError;
    fn try_from(id: String) -> Result<Self, ResourceIdError> {
        Self::parse(id)
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

impl std::borrow::Borrow<str> for ResourceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that shall exist in a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The identity within the stack.
    pub id: ResourceId,
    /// Which runtime it belongs to: `Kubernetes` or `Terraform`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The manifest, or the provider's arguments.
    pub attributes: Value,
    /// Resources that must exist before this one.
    #[serde(rename = "dependsOn", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<ResourceId>,
    /// What the engine or a runtime needs to know beside the attributes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extensions: Map<String, Value>,
}
