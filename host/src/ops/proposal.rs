//! A change that was thought through: what would be done, and why. Nothing is held and nothing written.

use std::collections::{BTreeMap, BTreeSet};

use crate::ops::basis::Basis;
use crate::ops::compare::{changed_secrets, compare};
use crate::ops::session::Secrets;
use crate::ops::weigh::{Wanted, Weighed, leave_behind, weigh};
use crate::ops::{Comparison, Generation, OpsError, Rollback, Session, generate};
use crate::plan::{Plan, Reason, Step};
use crate::release::{LatestState, Operation};
use crate::runtime::{LastRun, RuntimeError};
use crate::secret::{Resolve, SecretError};
use crate::spec::{SecretRef, SecretText, Spec};

/// What an apply, a destroy or a rollback would do.
pub struct Proposal<'a> {
    pub(super) session: Session<'a>,
    pub(super) operation: Operation,
    pub(super) generation: Option<Generation>,
    pub(super) rollback: Option<Rollback>,
    pub(super) basis: Basis,
    pub(super) comparison: Comparison,
    pub(super) latest: LatestState,
    pub(super) moved_from: Option<String>,
    pub(super) resolved: Spec,
    /// What values are needed; a destroy needs none.
    pub(super) secrets: Option<Secrets>,
    /// Whether a destroy finds a vault.
    pub(super) has_vault: bool,
    /// Whether resources that may use them are on record in another target.
    pub(super) elsewhere: bool,
    /// Who last changed the stack, if the records here know nothing of that.
    pub(super) unrecorded: Option<LastRun>,
}

/// Plans an apply. Writes nothing, mints no secret and needs no lease.
///
/// # Errors
///
/// The Spec cannot be generated, or the target or the records cannot be read.
pub async fn propose_apply(session: Session<'_>) -> Result<Proposal<'_>, OpsError> {
    let generation = generate(&session.project)?;
    Proposal::of_generation(session, generation).await
}

/// Plans that everything on record goes. Writes nothing, runs no module and needs no lease.
///
/// # Errors
///
/// The target or the records cannot be read.
pub async fn propose_destroy(session: Session<'_>) -> Result<Proposal<'_>, OpsError> {
    let mut latest = session.releases().latest_state().await?;
    let moved_from = leave_behind(&session, &mut latest).await?;
    let resources = &mut latest.state.resources;
    if !resources.is_empty()
        && let Some(leftover) = session.runtime.leftover().await?
    {
        resources.entry(leftover.resource.id.clone()).or_insert(leftover);
    }
    let resolved = Spec::default();
    let mut comparison = compare(
        &resolved,
        &latest.state,
        &BTreeMap::new(),
        session.runtime,
        &NoSecrets,
        session.project.parallelism,
    )
    .await
    .map_err(|unequal| unequal.into_error(|errors| RuntimeError::together(errors).into()))?;
    for step in &mut comparison.plan.steps {
        // The configuration says nothing about it; whoever destroys a stack does.
        step.reason = step.reason.filter(|reason| *reason != Reason::Configuration);
    }
    let has_vault = session.backend.get(&session.stack_key().secrets()).await?.is_some();
    let elsewhere = session.releases().lies_elsewhere(&session.target().await?).await?;
    Ok(Proposal {
        session,
        operation: Operation::Destroy,
        generation: None,
        rollback: None,
        basis: Basis::default(),
        comparison,
        latest,
        moved_from,
        resolved,
        secrets: None,
        has_vault,
        elsewhere,
        unrecorded: None,
    })
}

impl<'a> Proposal<'a> {
    pub(super) async fn of_generation(
        session: Session<'a>,
        generation: Generation,
    ) -> Result<Self, OpsError> {
        let vault = session.open_vault().await?;
        let wanted = Wanted::generated(&generation);
        let Weighed { latest, moved_from, resolved, comparison, secrets, .. } =
            weigh(&session, vault, wanted).await?;
        let is_unrecorded = |step: &Step| step.reason == Some(Reason::Unrecorded);
        let unrecorded = match comparison.plan.steps.iter().any(is_unrecorded) {
            true => session.runtime.last_run().await?,
            false => None,
        };
        Ok(Self {
            session,
            operation: Operation::Apply,
            basis: Basis::generated(&generation),
            generation: Some(generation),
            rollback: None,
            comparison,
            latest,
            moved_from,
            resolved,
            secrets: Some(secrets),
            has_vault: false,
            elsewhere: false,
            unrecorded,
        })
    }

    /// Returns what would be done.
    pub fn plan(&self) -> &Plan {
        &self.comparison.plan
    }

    /// Returns the resources as they shall be.
    pub fn spec(&self) -> &Spec {
        &self.resolved
    }

    /// Returns what is on record.
    pub fn latest(&self) -> &LatestState {
        &self.latest
    }

    /// Returns the place the last release went to, if this one would go somewhere else.
    pub fn moved_from(&self) -> Option<&str> {
        self.moved_from.as_deref()
    }

    /// Says whether a destroy leaves resources that are, or may be, on record in another target.
    pub fn leaves_elsewhere(&self) -> bool {
        self.elsewhere
    }

    /// Returns what the modules gave; nothing unless this is an apply.
    pub fn generation(&self) -> Option<&Generation> {
        self.generation.as_ref()
    }

    /// Returns which release would be replayed, if this is a rollback.
    pub fn rollback(&self) -> Option<&Rollback> {
        self.rollback.as_ref()
    }

    /// Says what else whoever reads the plan should know, a sentence each: what happens to secrets, beside what every
    /// apply does, and what an apply of nothing does about a release that failed.
    pub fn notes(&self) -> Vec<String> {
        if self.plan().is_empty() {
            return self.failed_note().into_iter().collect();
        }
        let mut notes = self.secrets.as_ref().map(Secrets::unread_notes).unwrap_or_default();
        if let Some(run) = &self.unrecorded {
            notes.push(format!(
                "The stack is on another record: {run}. An apply from here takes it over; to go on with that record, use its KUSION_HOME or backend."
            ));
        } else if self.forgets_secrets() {
            notes.push(
                "The stack's vault is deleted too: generated secrets, and written ones of earlier releases."
                    .to_owned(),
            );
        } else {
            let of_rollback = self.rollback.as_ref().map(Rollback::secret_notes);
            notes.extend(of_rollback.into_iter().flatten().map(str::to_owned));
        }
        notes
    }

    /// Refuses a change that needs the value of a secret which cannot be read now.
    ///
    /// A preview goes on without; whoever is about to apply need not be asked first.
    ///
    /// # Errors
    ///
    /// Why the value cannot be read.
    pub fn check_values(&self) -> Result<(), OpsError> {
        let Some(secrets) = &self.secrets else { return Ok(()) };
        if !self.session.runtime.holds_secrets() {
            return Ok(());
        }
        let resolver = secrets.resolver();
        for secret in changed_secrets(&self.comparison, &self.resolved) {
            match resolver.resolve(&secret) {
                // It is drawn when the change is made.
                Ok(_) | Err(SecretError::NotMade { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Says what becomes of a release that failed when nothing is left to do.
    fn failed_note(&self) -> Option<String> {
        if self.operation == Operation::Destroy {
            return None;
        }
        let (revision, failed) = (self.latest.revision?, self.latest.failed.as_ref()?);
        let same = *failed == self.basis.spec;
        let mended = same && self.latest.operation != Some(Operation::Destroy);
        Some(if mended {
            format!(
                "Release {revision} failed: run `kusion apply`, which waits, and puts it on record as succeeded once everything works."
            )
        } else {
            format!("Release {revision} failed and stays so on record; it wanted something else.")
        })
    }

    /// Says whether the vault goes once everything was deleted.
    pub(super) fn forgets_secrets(&self) -> bool {
        self.operation == Operation::Destroy && self.has_vault && !self.keeps_secrets()
    }

    /// Says whether the vault of a stack that is destroyed is still used: what was adopted or is to be kept stays, with
    /// the secrets it uses. What else is forgotten is gone already.
    pub(super) fn keeps_secrets(&self) -> bool {
        let resources = &self.latest.state.resources;
        let observed = &self.comparison.observed;
        let stays = |id| {
            resources.get(id).is_some_and(|entry| entry.adopted)
                || observed.get(id).is_some_and(|observed| observed.kept)
        };
        // What was left behind in another target may still use them.
        self.elsewhere || self.plan().forgotten.iter().any(stays)
    }
}

impl<'a> Wanted<'a> {
    /// Wants what modules gave.
    pub(super) fn generated(generation: &'a Generation) -> Self {
        Self {
            spec: &generation.assembled.spec,
            makers: &generation.assembled.origins,
            sources: generation.assembled.secrets.clone(),
            kept: BTreeSet::new(),
            lost: BTreeSet::new(),
            written: true,
        }
    }
}

/// Resolves nothing: what is deleted needs no value.
pub(super) struct NoSecrets;

impl Resolve for NoSecrets {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        Err(SecretError::Undeclared { secret: secret.clone() })
    }
}
