//! One difference between two documents.

use serde::Serialize;
use serde_json::Value;

use crate::spec::Editor;

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
    /// Whether nobody can tell now if it changes, because the value it will have cannot be read; then there is no new
    /// one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// What somebody did to it in the target since the last apply, if somebody did.
    pub drift: Option<Drift>,
}

/// How a value came to differ from what the last apply made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The value that the last release gave it; `None` if it gave none, or if it is secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Value>,
    /// Whether the configuration changed it, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub configured: bool,
    /// Who changed it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Editor>,
}
