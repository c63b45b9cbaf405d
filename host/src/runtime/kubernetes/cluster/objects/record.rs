//! What we keep about an object between runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::StateEntry;

/// The private part of a state entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// The uid of the object that we made. One with the same name and another uid is not ours.
    pub(crate) uid: String,
}

impl Record {
    /// Reads what was kept, `None` if nothing was or its end is not known.
    pub(crate) fn of(entry: &StateEntry) -> Option<Self> {
        let record: Self = serde_json::from_value(entry.private.clone()).ok()?;
        (!record.uid.is_empty()).then_some(record)
    }

    /// Takes down a live object.
    pub(crate) fn from_live(live: &Value) -> Self {
        Self { uid: uid(live).unwrap_or_default().to_owned() }
    }

    pub(crate) fn to_value(&self) -> Value {
        // A text has a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Returns what tells a live object from others of its name.
pub(crate) fn uid(live: &Value) -> Option<&str> {
    live.get("metadata")?.get("uid")?.as_str().filter(|uid| !uid.is_empty())
}

/// Returns whether somebody asked that a live object goes, and it has not gone yet.
pub(crate) fn is_terminating(live: &Value) -> bool {
    live.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}
