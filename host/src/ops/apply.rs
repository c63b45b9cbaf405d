//! Makes a target what the configuration says, or empties it, and keeps the release.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::apply::{Event, Execution, Listener, Outcome, Refused};
use crate::backend::{Holder, Lease};
use crate::engine::Request;
use crate::ops::compare::{compare, resolve};
use crate::ops::preview::{Secrets, leave_behind};
use crate::ops::{Comparison, Generation, OpsError, Session, generate};
use crate::plan::{Action, Plan, Reason};
use crate::release::{
    CallRecord, Change, Draft, Intent, Journal, LatestState, ModuleRecord, Operation, Phase,
    Recovered, Release, ReleaseError,
};
use crate::secret::{Resolve, SecretError};
use crate::spec::{Origin, ResourceId, SecretRef, SecretText, Spec, State};

/// A change that waits for approval. It holds the stack's lease until it is dropped.
pub struct Prepared<'a> {
    session: Session<'a>,
    operation: Operation,
    lease: Arc<dyn Lease>,
    holder: Holder,
    recovered: Option<Recovered>,
    generation: Option<Generation>,
    comparison: Comparison,
    latest: LatestState,
    moved_from: Option<String>,
    resolved: Spec,
    /// What values are needed; a destroy needs none.
    secrets: Option<Secrets>,
}

/// A change that was made, as far as it came.
#[derive(Debug)]
pub struct Applied {
    /// The release that records it; `None` if there was nothing to do.
    pub release: Option<Release>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Takes the stack's lease, puts on record what an interrupted run left, and plans an apply.
///
/// # Errors
///
/// Somebody else holds the lease, or as for [`preview`](crate::ops::preview()).
pub async fn prepare_apply(session: Session<'_>, holder: Holder) -> Result<Prepared<'_>, OpsError> {
    let lease = session.releases().lease(&holder).await?;
    let generation = generate(&session.project)?;
    let (recovered, mut latest) = recover(&session, lease.as_ref()).await?;
    let secrets = session.open_secrets(&generation.assembled.secrets, &latest.state).await?;
    let moved_from = leave_behind(&session, &mut latest.state).await?;
    let resolved = resolve(&generation.assembled.spec);
    let comparison = session.compare(&resolved, &latest.state, &generation, &secrets).await?;
    Ok(Prepared {
        session,
        operation: Operation::Apply,
        lease,
        holder,
        recovered,
        generation: Some(generation),
        comparison,
        latest,
        moved_from,
        resolved,
        secrets: Some(secrets),
    })
}

/// Takes the stack's lease and plans that everything on record goes. Runs no module.
///
/// # Errors
///
/// Somebody else holds the lease, or the target or the records cannot be read.
pub async fn prepare_destroy(
    session: Session<'_>,
    holder: Holder,
) -> Result<Prepared<'_>, OpsError> {
    let lease = session.releases().lease(&holder).await?;
    let (recovered, mut latest) = recover(&session, lease.as_ref()).await?;
    let moved_from = leave_behind(&session, &mut latest.state).await?;
    let resolved = Spec::default();
    let comparison = compare(
        &resolved,
        &latest.state,
        &BTreeMap::new(),
        session.runtime,
        &NoSecrets,
        session.project.parallelism,
    )
    .await?;
    Ok(Prepared {
        session,
        operation: Operation::Destroy,
        lease,
        holder,
        recovered,
        generation: None,
        comparison,
        latest,
        moved_from,
        resolved,
        secrets: None,
    })
}

async fn recover(
    session: &Session<'_>,
    lease: &dyn Lease,
) -> Result<(Option<Recovered>, LatestState), OpsError> {
    let releases = session.releases();
    let recovered = releases.recover(lease).await?;
    match &recovered {
        Some(Recovered { revision, resources, .. }) => {
            tracing::debug!(revision, resources, "recovered an interrupted release");
        }
        None => tracing::debug!("there is no interrupted release"),
    }
    let latest = releases.latest_state().await?;
    Ok((recovered, latest))
}

impl Prepared<'_> {
    /// Returns what would be done.
    pub fn plan(&self) -> &Plan {
        &self.comparison.plan
    }

    /// Returns what an interrupted run had left, if there was one.
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Returns the place the last release went to, if this one would go somewhere else.
    pub fn moved_from(&self) -> Option<&str> {
        self.moved_from.as_deref()
    }

    /// Returns what the modules gave; nothing for a destroy.
    pub fn generation(&self) -> Option<&Generation> {
        self.generation.as_ref()
    }

    /// Makes the change, as approved. `stop` ends it early and cleanly.
    ///
    /// Nothing to do makes no release.
    ///
    /// # Errors
    ///
    /// A secret cannot be had, or the release cannot be written. What failed in the target is part of the
    /// outcome, not an error.
    pub async fn execute(
        mut self,
        stop: impl Future<Output = ()>,
        listener: &dyn Listener,
    ) -> Result<Applied, OpsError> {
        if self.plan().is_empty() {
            let nothing_left = self.latest.state.resources.is_empty() && self.moved_from.is_none();
            if self.operation == Operation::Destroy && nothing_left {
                // An earlier destroy may have died before it came to this.
                self.forget_secrets().await?;
            }
            return Ok(Applied { release: None, outcome: Outcome::default() });
        }
        let resolver: Box<dyn Resolve> = match &mut self.secrets {
            Some(secrets) => {
                secrets.vault.ensure_all(&secrets.sources, &secrets.known)?;
                secrets.vault.save(self.lease.as_ref()).await?;
                Box::new(secrets.resolver())
            }
            None => Box::new(NoSecrets),
        };
        let journal =
            Journal::begin(self.session.releases(), Arc::clone(&self.lease), self.draft()).await?;
        let recorder = Recorder { journal: &journal, listener };
        let execution = Execution {
            plan: &self.comparison.plan,
            spec: &self.resolved,
            state: &self.latest.state,
            runtime: self.session.runtime,
            secrets: resolver.as_ref(),
            parallelism: self.session.project.parallelism,
        };
        let mut outcome = execution.run(stop, &recorder).await;
        if let Some(refused) = outcome.refused.take() {
            // What failed may be the journal itself; if it cannot be closed, the next run recovers it.
            let _left_open = journal.finish(Phase::Failed).await;
            return Err(refusal(refused));
        }
        let phase = if outcome.is_complete() { Phase::Succeeded } else { Phase::Failed };
        let release = journal.finish(phase).await?;
        // What was forgotten and not deleted may still be somewhere, with the secrets it uses.
        let all_deleted = outcome.is_complete() && self.plan().forgotten.is_empty();
        if self.operation == Operation::Destroy && all_deleted {
            self.forget_secrets().await?;
        }
        Ok(Applied { release: Some(release), outcome })
    }

    /// Deletes the stack's secrets, which nothing uses any more. The key they are encrypted to is not needed.
    async fn forget_secrets(&self) -> Result<(), OpsError> {
        Ok(self.lease.delete(&self.session.stack_key().secrets()).await?)
    }

    fn draft(&self) -> Draft {
        let generation = self.generation.as_ref();
        Draft {
            operation: self.operation,
            actor: self.holder.who.clone(),
            kusion_version: env!("CARGO_PKG_VERSION").to_owned(),
            target: self.session.runtime.target(),
            modules: generation.map(modules).unwrap_or_default(),
            calls: generation.map(calls).unwrap_or_default(),
            origins: generation.map(origins).unwrap_or_default(),
            spec: generation
                .map(|generation| generation.assembled.spec.clone())
                .unwrap_or_default(),
            prior: self.prior(),
            intents: self.intents(),
        }
    }

    /// The last state as this release finds it: what leaves without a step is left out, and what stays
    /// takes over what the configuration now says about it.
    fn prior(&self) -> State {
        let mut state = self.latest.state.clone();
        for id in &self.plan().forgotten {
            state.resources.remove(id);
        }
        for step in self.plan().steps.iter().filter(|step| step.action == Action::Unchanged) {
            if let (Some(entry), Some(desired)) =
                (state.resources.get_mut(&step.id), self.resolved.resources.get(&step.id))
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

fn modules(generation: &Generation) -> Vec<ModuleRecord> {
    let modules = generation.modules.iter();
    modules
        .map(|(name, module)| ModuleRecord {
            name: name.clone(),
            version: module.version.clone(),
            digest: module.digest.to_string(),
        })
        .collect()
}

fn calls(generation: &Generation) -> Vec<CallRecord> {
    let calls = generation.calls.iter();
    calls
        .map(|call| CallRecord {
            app: call.origin.app.clone(),
            accessory: call.origin.accessory.clone(),
            module: call.origin.module.clone(),
            digest: generation
                .modules
                .get(&call.origin.module)
                .map(|module| module.digest.to_string())
                .unwrap_or_default(),
            request: without_answers(&call.request),
            files: call.files.iter().map(|file| (file.path.clone(), file.digest)).collect(),
        })
        .collect()
}

/// A request as it is recorded: files are on record by their digests only.
fn without_answers(request: &Request) -> serde_json::Value {
    let request = Request { inputs: Vec::new(), ..request.clone() };
    // A request is made of JSON values and texts, which have a JSON form.
    serde_json::to_value(request).unwrap_or_default()
}

/// Who made each resource and, after the maker, who patched it.
fn origins(generation: &Generation) -> BTreeMap<ResourceId, Vec<Origin>> {
    let assembled = &generation.assembled;
    let patchers = |id| assembled.patched_by.get(id).into_iter().flatten().cloned();
    let origins = assembled.origins.iter();
    origins
        .map(|(id, origin)| {
            (id.clone(), std::iter::once(origin.clone()).chain(patchers(id)).collect())
        })
        .collect()
}

/// Resolves nothing: what is deleted needs no value.
struct NoSecrets;

impl Resolve for NoSecrets {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        Err(SecretError::Undeclared { secret: secret.clone() })
    }
}

/// Writes each event into the journal before anybody else hears it.
struct Recorder<'a> {
    journal: &'a Journal,
    listener: &'a dyn Listener,
}

#[async_trait]
impl Listener for Recorder<'_> {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        let recorded = match event {
            Event::Started { id, .. } => self.journal.started(id).await,
            Event::Applied { entry, .. } => self.journal.applied(entry.as_ref().clone()).await,
            Event::Deleted { id, .. } => self.journal.deleted(id).await,
            Event::Failed { id, error, .. } => self.journal.failed(id, &error.to_string()).await,
            Event::Skipped { .. } | Event::Stopped { .. } => Ok(()),
        };
        recorded.map_err(|error| Refused { source: Box::new(error) })?;
        self.listener.hear(event).await
    }
}

fn refusal(refused: Refused) -> OpsError {
    match refused.source.downcast::<ReleaseError>() {
        Ok(error) => OpsError::Release(error),
        Err(source) => OpsError::Refused { source },
    }
}
