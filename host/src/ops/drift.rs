//! What somebody changed in a target since the last apply, whatever the configuration says by now.

use std::collections::{BTreeMap, BTreeSet};

use crate::ops::rollback::sources_of;
use crate::ops::weigh::{Wanted, leave_behind, weigh};
use crate::ops::{OpsError, Session};
use crate::plan::{Plan, Reason};
use crate::release::LatestState;
use crate::spec::{NoteKind, Origin, ResourceId, Spec};

/// What notes are about that speak of what an apply would do.
const CONSENT: [NoteKind; 8] = [
    NoteKind::Conflict,
    NoteKind::TakenOver,
    NoteKind::HandedOver,
    NoteKind::DataLoss,
    NoteKind::DataLossAgreed,
    NoteKind::NeedsAdoption,
    NoteKind::NeedsReplacement,
    NoteKind::NeverReplaced,
];

/// How a target differs from what was last applied.
#[derive(Debug)]
pub struct DriftReport {
    /// The release that the target is compared with; `None` if nothing is on record.
    pub revision: Option<u64>,
    /// What would put it right; only what drifted is in it.
    pub plan: Plan,
    /// What is on record.
    pub latest: LatestState,
    /// What else whoever reads it should know, a sentence each: which secrets cannot be read now.
    pub notes: Vec<String>,
    /// Why nothing can be said of some resources.
    pub untold: Option<OpsError>,
}

/// Compares a target with what was last applied to it. Runs no module, writes nothing and needs no lease.
///
/// The values of secrets are those that the last release used. A secret whose value is nowhere any more, or has
/// changed outside the target, is no drift.
///
/// # Errors
///
/// The target or the records cannot be read, or the stack is there and on another record.
pub async fn find_drift(session: Session<'_>) -> Result<DriftReport, OpsError> {
    let mut latest = session.releases().latest_state().await?;
    leave_behind(&session, &mut latest).await?;
    let Some(revision) = latest.revision.filter(|_| !latest.state.resources.is_empty()) else {
        if let Some(run) = session.runtime.last_run().await? {
            return Err(OpsError::OnAnotherRecord { run });
        }
        let (revision, plan) = (latest.revision, Plan::default());
        let notes = Vec::new();
        return Ok(DriftReport { revision, plan, latest, notes, untold: None });
    };
    let vault = session.open_vault().await?;
    let recorded = session.releases().get(revision).await?.secrets.unwrap_or_default();
    let sources = sources_of(&recorded, &vault, revision, |_| None);
    let lost = recorded.keys().filter(|secret| !sources.contains_key(*secret)).cloned().collect();
    let entries = latest.state.resources.iter();
    let resources = entries.map(|(id, entry)| (id.clone(), entry.resource.clone())).collect();
    let makers: BTreeMap<ResourceId, Origin> = latest
        .state
        .resources
        .iter()
        .filter_map(|(id, entry)| Some((id.clone(), entry.origin.clone()?)))
        .collect();
    let wanted = Wanted {
        spec: &Spec { resources },
        makers: &makers,
        sources,
        kept: BTreeSet::new(),
        lost,
        written: false,
    };
    let (comparison, notes, untold) = match weigh(&session, vault, wanted).await {
        Ok(weighed) => (weighed.comparison, weighed.secrets.unread_notes(), None),
        Err(OpsError::Partly { rest, why }) => (*rest, Vec::new(), Some(*why)),
        Err(error) => return Err(error),
    };
    let observed = comparison.observed;
    let mut plan = Plan { steps: comparison.plan.steps, ..Plan::default() };
    plan.steps.retain(|step| {
        // Where the target does not keep who set a value, a secret may have changed on either side.
        let unsigned = observed.get(&step.id).is_some_and(|observed| observed.editors.is_none());
        let secret = step.reason == Some(Reason::Secret) && !step.changes.is_empty() && unsigned;
        step.is_drifted() || secret
    });
    // Nothing is done, so it is in no order, and no one is asked for consent.
    for step in &mut plan.steps {
        step.after.clear();
        step.notes.retain(|note| !CONSENT.contains(&note.kind));
    }
    Ok(DriftReport { revision: Some(revision), plan, latest, notes, untold })
}
