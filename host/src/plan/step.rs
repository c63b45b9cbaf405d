//! One step of a plan.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::plan::Change;
use crate::spec::{Grade, Note, Origin, ResourceId};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It does not exist and will.
    Create,
    /// It exists and changes in place.
    Update,
    /// It exists and cannot change in place: it is deleted and created.
    Replace,
    /// It exists and goes.
    Delete,
    /// It is as it shall be.
    Unchanged,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Unchanged => "unchanged",
        })
    }
}

/// Why a resource does not stay as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The configuration changed.
    Configuration,
    /// Somebody changed the resource in the target.
    Drift,
    /// The configuration changed, and somebody changed other parts in the target.
    ConfigurationAndDrift,
    /// Somebody deleted the resource in the target.
    DeletedOutside,
    /// The value of a secret changed; whether here or in the target is not known.
    Secret,
    /// The value of a secret cannot be read now, so that nobody can tell whether it changed.
    SecretUnknown,
    /// It exists in the target and comes under management.
    Adopted,
    /// The configuration changed, and the target is that way already.
    AlreadyThere,
    /// It is in the target as it shall be, and ours, but no release knows it.
    Unrecorded,
    /// An earlier run began to change it, and how far it came is not known.
    Recovered,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Configuration => "changed in the configuration",
            Self::Drift => "changed outside kusion",
            Self::ConfigurationAndDrift => "changed in the configuration and outside kusion",
            Self::DeletedOutside => "deleted outside kusion",
            Self::Secret => "a secret value changed",
            Self::SecretUnknown => "whether a secret value changed is unknown",
            Self::Adopted => "existed before and becomes managed",
            Self::AlreadyThere => "in the target already, and not on record in this form",
            Self::Unrecorded => "in the target already, and not on record",
            Self::Recovered => "left over from an interrupted run",
        })
    }
}

/// What happens to one resource, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The resource.
    pub id: ResourceId,
    /// The resource's type, such as `Kubernetes`.
    pub kind: String,
    /// What happens.
    pub action: Action,
    /// Why; `None` if nothing happens, and if all of the stack goes.
    pub reason: Option<Reason>,
    /// How far it reaches; empty if nothing happens, and if there is nothing to say.
    pub grades: BTreeSet<Grade>,
    /// Who made the resource, if that is known.
    pub origin: Option<Origin>,
    /// What differs, value by value. Empty for deletes.
    pub changes: Vec<Change>,
    /// What the target says that a reader should know.
    pub notes: Vec<Note>,
    /// Positions in [`Plan::steps`](crate::plan::Plan::steps) of the steps that must be done before;
    /// all smaller than this step's own.
    pub after: Vec<usize>,
}

impl Step {
    /// Returns whether somebody changed or deleted the resource in the target since the last apply.
    pub fn is_drifted(&self) -> bool {
        self.reason == Some(Reason::DeletedOutside)
            || self.changes.iter().any(|change| change.drift.is_some())
    }
}
