//! One difference between two documents.

use serde::Serialize;
use serde_json::Value;

/// What stands in the place of a secret value.
pub const SENSITIVE: &str = "(sensitive)";

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where, for people: `spec.template.spec.containers[main].image`; `.` for the whole document.
    pub path: String,
    /// The value as it is, or [`SENSITIVE`]; `None` if there is none.
    pub old: Option<Value>,
    /// The value as it will be, or [`SENSITIVE`]; `None` if there will be none.
    pub new: Option<Value>,
    /// Whether the values are secret and therefore not given.
    pub sensitive: bool,
}
