//! What the last release recorded, and what the target holds now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::{Editor, Grade, Origin, Resource, ResourceId};

/// The desired resources of a stack, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spec {
    /// The resources.
    pub resources: BTreeMap<ResourceId, Resource>,
}

/// A resource as it was last applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateEntry {
    /// The resource as applied, with references in place of secrets.
    #[serde(flatten)]
    pub resource: Resource,
    /// Who made it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Whether it existed before kusion managed it. Such a resource is never deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// Whether its last change was begun and its end is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
    /// What the runtime keeps about it; nobody else reads this.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub private: Value,
}

/// The resources of a stack as last applied, by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The entries.
    pub resources: BTreeMap<ResourceId, StateEntry>,
}

/// What a target says about one resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The resource as it is now; `None` if it does not exist.
    pub live: Option<Value>,
    /// The resource as it would be after an apply; `None` if it shall not exist.
    pub planned: Option<Value>,
    /// JSON Pointers (into live and planned) below which values are secret.
    pub sensitive: Vec<String>,
    /// Whether secret values that are not part of `live` and `planned` differ.
    pub secrets_changed: bool,
    /// JSON Pointers of secret values of an existing resource that cannot be read now, so that nobody can tell whether
    /// they differ. In `planned` they are as in `live`.
    pub unread: Vec<String>,
    /// Whether the live resource exists but nobody recorded it as ours.
    pub foreign: bool,
    /// Whether the change cannot be made in place.
    pub replace: bool,
    /// Whether it stays in the target though nobody wants it any more.
    pub kept: bool,
    /// Who else than us set which value of `live`, by JSON Pointer; `None` if the target does not keep that.
    pub editors: Option<BTreeMap<String, Editor>>,
    /// How far the change reaches, as far as that does not follow from what is done to the resource.
    pub grades: BTreeSet<Grade>,
    /// What whoever approves the change should know.
    pub notes: Vec<Note>,
}

/// Something about one resource that a reader of a plan should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// A sentence without full stop.
    pub message: String,
    /// The fields that it is about, as a plan names them, if it is about some only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl Note {
    /// Makes a note about a whole resource.
    pub fn new(kind: NoteKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), fields: Vec::new() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.kind.consent() {
            Some(flag) => write!(f, "; refused without `{flag}`"),
            None => Ok(()),
        }
    }
}

/// What a [`Note`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// The target could not check the resource, so the preview is less sure than usual.
    Unchecked,
    /// Somebody else manages a part of it, and the change is refused unless that part is taken over.
    Conflict,
    /// Somebody set a part of it in the target, which is put right or taken over.
    TakenOver,
    /// Another tool manages it, and the change is refused unless it is adopted.
    NeedsAdoption,
    /// Fields of it cannot change in place, and the change is refused unless it is replaced.
    NeedsReplacement,
    /// Fields of it cannot change in place, and it is never replaced, because it existed before.
    NeverReplaced,
    /// A part of it is no longer configured, and its value stays for somebody else to change.
    HandedOver,
    /// Others added something to it that stays, where something of ours was taken away.
    Added,
    /// Something that it needs does not exist.
    Missing,
    /// It stays as it is, because others need it too.
    Shared,
    /// Data goes with it, and the change is refused unless that is agreed to.
    DataLoss,
    /// Data goes with it, as was agreed to.
    DataLossAgreed,
}

impl NoteKind {
    /// Returns the flag of the command line without which the change is refused.
    pub fn consent(self) -> Option<&'static str> {
        match self {
            Self::Conflict => Some("--force-conflicts"),
            Self::NeedsAdoption => Some("--adopt"),
            Self::NeedsReplacement => Some("--replace"),
            Self::DataLoss => Some("--allow-data-loss"),
            Self::Unchecked
            | Self::NeverReplaced
            | Self::Added
            | Self::Missing
            | Self::TakenOver
            | Self::HandedOver
            | Self::Shared
            | Self::DataLossAgreed => None,
        }
    }
}
