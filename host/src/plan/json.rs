//! The stable form of a plan for other programs.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use crate::plan::{Action, Change, Drift, Plan, Reason, Summary};
use crate::spec::{Grade, Note, Origin, ResourceId};

/// The version of the form; it grows when a reader of the old form could be misled.
pub const PLAN_VERSION: u32 = 1;

#[derive(serde::Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    steps: Vec<StepDocument<'a>>,
    forgotten: &'a [ResourceId],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stays: &'a BTreeMap<ResourceId, String>,
}

#[derive(serde::Serialize)]
struct StepDocument<'a> {
    id: &'a ResourceId,
    #[serde(rename = "type")]
    kind: &'a str,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    grades: &'a BTreeSet<Grade>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeDocument<'a>>,
    #[serde(skip_serializing_if = "<[Note]>::is_empty")]
    notes: &'a [Note],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<&'a ResourceId>,
}

#[derive(serde::Serialize)]
struct ChangeDocument<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<&'a Drift>,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let steps = self.steps.iter().map(|step| StepDocument {
            id: &step.id,
            kind: &step.kind,
            action: step.action,
            reason: step.reason,
            grades: &step.grades,
            origin: step.origin.as_ref(),
            changes: step.changes.iter().map(change).collect(),
            notes: &step.notes,
            after: step.after.iter().filter_map(|at| self.steps.get(*at)).map(|s| &s.id).collect(),
        });
        Document {
            version: PLAN_VERSION,
            summary: self.summary(),
            steps: steps.collect(),
            forgotten: &self.forgotten,
            stays: &self.stays,
        }
        .serialize(serializer)
    }
}

fn change(change: &Change) -> ChangeDocument<'_> {
    let Change { path, old, new, sensitive, unknown, drift } = change;
    let (old, new, drift) = (old.as_ref(), new.as_ref(), drift.as_ref());
    ChangeDocument { path, old, new, sensitive: *sensitive, unknown: *unknown, drift }
}
