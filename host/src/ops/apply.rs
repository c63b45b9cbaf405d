//! Makes a target what a proposal says, and keeps the release.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{Either, select};

use crate::apply::{Event, Execution, Listener, Outcome, Refused, Settling};
use crate::backend::{Holder, Lease};
use crate::ops::compare::changed_secrets;
use crate::ops::proposal::NoSecrets;
use crate::ops::{OpsError, Proposal, Session, generate, propose_destroy, propose_rollback};
use crate::plan::{Action, Plan, Reason};
use crate::release::{
    Change, Draft, Intent, Journal, Operation, Phase, Recovered, Release, ReleaseError,
    ReleaseStore, TargetRecord,
};
use crate::runtime::{Claimant, Runtime, RuntimeError};
use crate::secret::Resolve;
use crate::spec::{Resource, State};

/// A change that waits for approval. It holds the stack's lease until it is dropped.
pub struct Prepared<'a> {
    proposal: Proposal<'a>,
    lease: Arc<dyn Lease>,
    holder: Holder,
    claimant: Claimant,
    /// How long the resources may take to work; `None` does not wait.
    patience: Option<Duration>,
}

/// A change that was made, as far as it came.
#[derive(Debug)]
pub struct Applied {
    /// The release that records it; `None` if there was nothing to do.
    pub release: Option<Release>,
    /// The release that failed and is on record as succeeded now, because there was nothing to do and all works.
    pub reached: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The old releases that went, oldest first.
    pub pruned: Vec<u64>,
    /// Why old releases could not go. What was asked for is done all the same.
    pub not_pruned: Option<OpsError>,
    /// Why the target still keeps others out of the stack, or does not tell what belongs to it and what no longer
    /// does. The first passes by itself.
    pub not_released: Option<OpsError>,
}

/// Takes the stack's lease, and looks whether somebody is at work whom it does not keep out.
async fn enter(
    session: &Session<'_>,
    holder: &Holder,
) -> Result<(Arc<dyn Lease>, Claimant), OpsError> {
    let lease = session.releases().lease(holder).await?;
    let claimant = claimant(holder, lease.as_ref());
    session.runtime.look_for_others(&claimant).await?;
    Ok((lease, claimant))
}

/// Names whoever holds a lease of records for those who have others.
pub(super) fn claimant(holder: &Holder, lease: &dyn Lease) -> Claimant {
    Claimant {
        who: holder.who.clone(),
        operation: holder.operation.clone(),
        records: lease.identity().to_owned(),
        generation: lease.generation(),
    }
}

/// Takes the stack's lease, puts on record what an interrupted run left, and plans an apply.
///
/// `recovered` hears of such a run as soon as it is on record, also if there is an error afterwards: nobody
/// finds it a second time.
///
/// # Errors
///
/// Somebody else holds the lease or is at work in the target, or as for [`propose_apply`](crate::ops::propose_apply).
pub async fn prepare_apply(
    session: Session<'_>,
    holder: Holder,
    recovered: impl FnOnce(&Recovered),
) -> Result<Prepared<'_>, OpsError> {
    let (lease, claimant) = enter(&session, &holder).await?;
    // A configuration that is wrong changes nothing, not even the record.
    let generation = generate(&session.project)?;
    recover(&session, lease.as_ref(), recovered).await?;
    let proposal = Proposal::of_generation(session, generation).await?;
    Ok(Prepared { proposal, lease, holder, claimant, patience: None })
}

/// Takes the stack's lease and plans that everything on record goes. Runs no module.
///
/// `recovered` is as for [`prepare_apply`].
///
/// # Errors
///
/// Somebody else holds the lease or is at work in the target, or the target or the records cannot be read.
pub async fn prepare_destroy(
    session: Session<'_>,
    holder: Holder,
    recovered: impl FnOnce(&Recovered),
) -> Result<Prepared<'_>, OpsError> {
    let (lease, claimant) = enter(&session, &holder).await?;
    recover(&session, lease.as_ref(), recovered).await?;
    let proposal = propose_destroy(session).await?;
    Ok(Prepared { proposal, lease, holder, claimant, patience: None })
}

/// Takes the stack's lease and plans that the target becomes what a release recorded. Runs no module.
///
/// `recovered` is as for [`prepare_apply`].
///
/// # Errors
///
/// Somebody else holds the lease or is at work in the target, or as for [`propose_rollback`].
pub async fn prepare_rollback(
    session: Session<'_>,
    holder: Holder,
    revision: u64,
    recovered: impl FnOnce(&Recovered),
) -> Result<Prepared<'_>, OpsError> {
    let (lease, claimant) = enter(&session, &holder).await?;
    recover(&session, lease.as_ref(), recovered).await?;
    let proposal = propose_rollback(session, revision).await?;
    Ok(Prepared { proposal, lease, holder, claimant, patience: None })
}

async fn recover(
    session: &Session<'_>,
    lease: &dyn Lease,
    told: impl FnOnce(&Recovered),
) -> Result<(), OpsError> {
    // What dead runs left half-written; some of it may hold secrets.
    session.key_file.sweep()?;
    session.runtime.sweep().await?;
    if let Some(recovered) = session.releases().recover(lease).await? {
        told(&recovered);
    }
    Ok(())
}

impl<'a> Prepared<'a> {
    /// Returns what would be done, and why.
    pub fn proposal(&self) -> &Proposal<'a> {
        &self.proposal
    }

    /// Returns what would be done.
    pub fn plan(&self) -> &Plan {
        self.proposal.plan()
    }

    /// Makes the run wait until all resources work, so long at most. One that does not makes the run
    /// incomplete.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Makes the change, as approved. `stop` ends it early and cleanly.
    ///
    /// Nothing to do makes no release.
    ///
    /// # Errors
    ///
    /// [`Proposal::check`] says no, somebody else changed the stack meanwhile, a secret cannot be had, or the
    /// release cannot be written; [`OpsError::Interrupted`] if the target may have been changed by then. What
    /// failed in the target is part of the outcome, not an error.
    pub async fn execute(
        mut self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
    ) -> Result<Applied, OpsError> {
        if self.plan().is_empty() {
            return self.nothing(stop, listener).await;
        }
        self.proposal.check()?;
        let runtime = self.proposal.session.runtime;
        let work = pin!(self.carry_out(stop, listener));
        let mut done = match select(work, pin!(runtime.keep_claim())).await {
            Either::Left((done, _)) => done,
            // Each further change is refused; what is under way is put on record.
            Either::Right(((), work)) => work.await,
        };
        let release = done.as_ref().ok().and_then(|applied| applied.release.as_ref());
        let left: Option<Vec<&Resource>> = release
            .map(|release| release.state.resources.values().map(|entry| &entry.resource).collect());
        let ended = runtime.end_claim(left.as_deref()).await;
        if let (Ok(applied), Err(error)) = (&mut done, ended) {
            applied.not_released.get_or_insert(error.into());
        }
        done
    }

    async fn carry_out(
        &mut self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
    ) -> Result<Applied, OpsError> {
        let revision = self.proposal.latest.revision.unwrap_or_default().saturating_add(1);
        let keeps_written = self.proposal.session.runtime.holds_secrets();
        let resolver: Box<dyn Resolve> = match &mut self.proposal.secrets {
            Some(secrets) => {
                secrets.vault.ensure_all(&secrets.sources, &secrets.known)?;
                if keeps_written {
                    let resolver = secrets.resolver();
                    for secret in
                        changed_secrets(&self.proposal.comparison, &self.proposal.resolved)
                    {
                        resolver.resolve(&secret)?;
                    }
                }
                // A run that died before its release began may have left some.
                let recorded = self.proposal.session.releases().revisions().await?;
                secrets.vault.retain_written(&recorded.into_iter().collect());
                let nothing = BTreeMap::new();
                let written = if keeps_written { &secrets.sources } else { &nothing };
                secrets.vault.keep_written(revision, written);
                secrets.vault.save(self.lease.as_ref()).await?;
                Box::new(secrets.resolver())
            }
            None => Box::new(NoSecrets),
        };
        let releases = self.proposal.session.releases();
        let draft = self.draft(self.proposal.session.target().await?);
        let journal = Journal::begin(releases, Arc::clone(&self.lease), draft).await?;
        self.claim(&journal, listener).await?;
        let proposal = &self.proposal;
        let runtime = proposal.session.runtime;
        let recorder = Recorder { journal: &journal, runtime, listener };
        let execution = Execution {
            plan: proposal.plan(),
            spec: &proposal.resolved,
            state: &proposal.latest.state,
            runtime,
            secrets: resolver.as_ref(),
            parallelism: proposal.session.project.parallelism,
            patience: self.patience,
        };
        let mut outcome = execution.run(stop, &recorder).await;
        let marked = if outcome.is_complete() { self.let_go(&journal).await } else { None };
        match self.close(&journal, &mut outcome).await {
            Ok(release) => {
                let (pruned, not_pruned) = self.prune().await;
                Ok(Applied {
                    release: Some(release),
                    reached: None,
                    outcome,
                    pruned,
                    not_pruned,
                    not_released: marked,
                })
            }
            Err(source) => Err(OpsError::Interrupted {
                revision: journal.revision(),
                outcome: Box::new(outcome),
                source: Box::new(source),
            }),
        }
    }

    /// Keeps out everybody whom the lease of the records does not. What the target makes for that is on record
    /// before.
    async fn claim(&self, journal: &Journal, listener: &dyn Listener) -> Result<(), OpsError> {
        let runtime = self.proposal.session.runtime;
        let groundwork = runtime.groundwork();
        if let Some(id) = &groundwork
            && let Err(error) = journal.started(id).await
        {
            let _left_open = journal.abandon().await;
            return Err(error.into());
        }
        let claimed = async {
            for error in runtime.claim(&self.claimant, &self.members()).await? {
                let event = Event::Unclaimed { error: Arc::new(error) };
                listener.hear(&event).await.map_err(refusal)?;
            }
            Ok(())
        };
        let claimed: Result<(), OpsError> = claimed.await;
        let Err(source) = claimed else { return Ok(()) };
        // Why it is refused is what matters; a record that stays open is recovered by the next run.
        if groundwork.is_none() {
            let _left_open = journal.abandon().await;
            return Err(source);
        }
        let _left_open = journal.finish(Phase::Failed).await;
        Err(OpsError::Interrupted {
            revision: journal.revision(),
            outcome: Box::default(),
            source: Box::new(source),
        })
    }

    /// Takes our marks off what stays though it leaves the stack. Returns what went wrong first.
    async fn let_go(&self, journal: &Journal) -> Option<OpsError> {
        let Proposal { session, latest, .. } = &self.proposal;
        let mut wrong = None;
        for entry in self.plan().stays.keys().filter_map(|id| latest.state.resources.get(id)) {
            let let_go = match session.runtime.let_go(entry).await {
                Ok(()) => journal.deleted(&entry.resource.id).await.map_err(OpsError::from),
                Err(error) => Err(OpsError::from(error)),
            };
            if let Err(error) = let_go {
                wrong.get_or_insert(error);
            }
        }
        wrong
    }

    /// Lists what shall exist and what shall go.
    fn members(&self) -> Vec<&Resource> {
        let Proposal { resolved, latest, .. } = &self.proposal;
        let leaving = self.plan().steps.iter().filter(|step| step.action == Action::Delete);
        let leaving = leaving.filter_map(|step| latest.state.resources.get(&step.id));
        resolved.resources.values().chain(leaving.map(|entry| &entry.resource)).collect()
    }

    async fn nothing(
        self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
    ) -> Result<Applied, OpsError> {
        let Proposal { operation, latest, elsewhere, .. } = &self.proposal;
        let nothing_left = latest.state.resources.is_empty() && !elsewhere;
        // An earlier destroy may have died before it came to this, or an apply after it before its release began.
        let unused = latest.phase != Some(Phase::Succeeded) || latest.keeps_secrets == Some(false);
        if *operation == Operation::Destroy && nothing_left && unused && self.proposal.has_vault {
            self.forget_secrets().await?;
        }
        let mut outcome = Outcome::default();
        let Proposal { resolved, session, .. } = &self.proposal;
        if let Some(patience) = self.patience {
            let settling = Settling { spec: resolved, runtime: session.runtime, patience };
            settling.run(stop, listener, &mut outcome).await;
        }
        let mut reached = None;
        let waited = self.patience.is_some();
        if waited && can_be_reached(*operation, latest.phase) && outcome.is_complete() {
            let spec = &self.proposal.basis.spec;
            let target = session.target().await?;
            match session.releases().mark_reached(self.lease.as_ref(), spec, &target).await {
                Ok(release) => reached = release,
                // Nobody asked for it, and the next run tries again.
                Err(error) => tracing::warn!(error = %error, "the release stays failed"),
            }
        }
        let mut not_released = None;
        if *operation == Operation::Destroy && latest.state.resources.is_empty() {
            not_released = session.runtime.forget_claim().await.err().map(OpsError::from);
        }
        Ok(Applied {
            release: None,
            reached,
            outcome,
            pruned: Vec::new(),
            not_pruned: None,
            not_released,
        })
    }

    /// Writes how it ended.
    async fn close(&self, journal: &Journal, outcome: &mut Outcome) -> Result<Release, OpsError> {
        if let Some(refused) = outcome.refused.take() {
            // What failed may be the journal itself; if it cannot be closed, the next run recovers it.
            let _left_open = journal.finish(Phase::Failed).await;
            return Err(refusal(refused));
        }
        let phase = if outcome.is_complete() { Phase::Succeeded } else { Phase::Failed };
        if outcome.is_complete() && self.proposal.forgets_secrets() {
            // Before the record says that all is done: a destroy that succeeded and left some kept them on purpose.
            self.forget_secrets().await?;
        }
        Ok(journal.finish(phase).await?)
    }

    /// Deletes old releases, and then the written secrets that only they used.
    async fn prune(&mut self) -> (Vec<u64>, Option<OpsError>) {
        let Some(keep) = self.proposal.session.keep_releases else { return (Vec::new(), None) };
        let releases = self.proposal.session.releases();
        let before = match releases.revisions().await {
            Ok(revisions) => revisions,
            Err(error) => return (Vec::new(), Some(error.into())),
        };
        match releases.prune(self.lease.as_ref(), keep).await {
            Ok(pruned) => {
                let forgotten = self.forget_written(&releases).await;
                (pruned, forgotten.err())
            }
            Err(error) => {
                // Some may be gone already.
                let left = releases.revisions().await.unwrap_or_else(|_| before.clone());
                let gone = before.into_iter().filter(|revision| !left.contains(revision));
                (gone.collect(), Some(error.into()))
            }
        }
    }

    async fn forget_written(&mut self, releases: &ReleaseStore) -> Result<(), OpsError> {
        let Some(secrets) = &mut self.proposal.secrets else { return Ok(()) };
        secrets.vault.retain_written(&releases.revisions().await?.into_iter().collect());
        Ok(secrets.vault.save(self.lease.as_ref()).await?)
    }

    /// Deletes the stack's secrets, which nothing uses any more. The key they are encrypted to is not needed.
    async fn forget_secrets(&self) -> Result<(), OpsError> {
        Ok(self.lease.delete(&self.proposal.session.stack_key().secrets()).await?)
    }

    fn draft(&self, target: TargetRecord) -> Draft {
        let Proposal { operation, rollback, basis, .. } = &self.proposal;
        let basis = basis.clone();
        Draft {
            operation: *operation,
            actor: self.holder.who.clone(),
            kusion_version: env!("CARGO_PKG_VERSION").to_owned(),
            target,
            modules: basis.modules,
            calls: basis.calls,
            origins: basis.origins,
            rolled_back_to: rollback.as_ref().map(|rollback| rollback.revision),
            keeps_secrets: (*operation == Operation::Destroy)
                .then(|| self.proposal.keeps_secrets()),
            secrets: basis.secrets,
            spec: basis.spec,
            prior: self.prior(),
            intents: self.intents(),
        }
    }

    /// The last state as this release finds it: what leaves without a step is left out, and what stays
    /// takes over what is now said about it.
    fn prior(&self) -> State {
        let mut state = self.proposal.latest.state.clone();
        let Plan { forgotten, stays, .. } = self.plan();
        // What stays carries our marks, and is on record until they are off.
        for id in forgotten.iter().filter(|id| !stays.contains_key(*id)) {
            state.resources.remove(id);
        }
        for step in self.plan().steps.iter().filter(|step| step.action == Action::Unchanged) {
            if let (Some(entry), Some(desired)) =
                (state.resources.get_mut(&step.id), self.proposal.resolved.resources.get(&step.id))
            {
                entry.resource = desired.clone();
                entry.origin = step.origin.clone();
            }
        }
        state
    }

    fn intents(&self) -> Vec<Intent> {
        let change = |action| match action {
            Action::Create => Some(Change::Create),
            Action::Update => Some(Change::Update),
            Action::Replace => Some(Change::Replace),
            Action::Delete => Some(Change::Delete),
            Action::Unchanged => None,
        };
        let steps = self.plan().steps.iter();
        steps
            .filter_map(|step| {
                let adopted = step.reason == Some(Reason::Adopted);
                Some(Intent { id: step.id.clone(), change: change(step.action)?, adopted })
            })
            .collect()
    }
}

/// Returns whether a run that finds nothing to do and everything working ends what the last release began.
fn can_be_reached(operation: Operation, last: Option<Phase>) -> bool {
    operation != Operation::Destroy && last == Some(Phase::Failed)
}

/// Writes each event into the journal before anybody else hears it, and lets no change begin that somebody else
/// may be making at the same time.
struct Recorder<'a> {
    journal: &'a Journal,
    runtime: &'a dyn Runtime,
    listener: &'a dyn Listener,
}

#[async_trait]
impl Listener for Recorder<'_> {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        if let Event::Started { .. } = event {
            let kept = self.runtime.check_claim();
            kept.map_err(|error| Refused { source: Box::new(error) })?;
        }
        let recorded = match event {
            Event::Started { id, .. } => self.journal.started(id).await,
            Event::Applied { entry, .. } => self.journal.applied(entry.as_ref().clone()).await,
            Event::Deleted { id, .. } => self.journal.deleted(id).await,
            Event::Failed { id, error, .. } => self.journal.failed(id, &error.to_string()).await,
            Event::Skipped { .. }
            | Event::Stopped { .. }
            | Event::Unclaimed { .. }
            | Event::Waiting { .. }
            | Event::Ready { .. }
            | Event::NotReady { .. }
            | Event::Unawaited { .. }
            | Event::Status { .. } => Ok(()),
        };
        recorded.map_err(|error| Refused { source: Box::new(error) })?;
        self.listener.hear(event).await
    }
}

fn refusal(refused: Refused) -> OpsError {
    let source = match refused.source.downcast::<ReleaseError>() {
        Ok(error) => return OpsError::Release(error),
        Err(source) => source,
    };
    match source.downcast::<RuntimeError>() {
        Ok(error) => OpsError::Runtime(error),
        Err(source) => OpsError::Refused { source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_release_that_failed_can_be_reached_later_and_not_by_a_destroy() {
        for (operation, last, expected) in [
            (Operation::Apply, Some(Phase::Failed), true),
            (Operation::Rollback, Some(Phase::Failed), true),
            (Operation::Destroy, Some(Phase::Failed), false),
            (Operation::Apply, Some(Phase::Succeeded), false),
            (Operation::Apply, Some(Operation::Apply.first_phase()), false),
            (Operation::Apply, None, false),
        ] {
            assert_eq!(can_be_reached(operation, last), expected, "{operation:?} {last:?}");
        }
    }
}
