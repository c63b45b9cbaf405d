//! What would change, without changing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::backend::Backend;
use crate::ops::compare::{compare, known_secrets, resolve, secrets_in};
use crate::ops::{Comparison, Generation, OpsError, Project, generate};
use crate::plan::Plan;
use crate::release::{LatestState, ReleaseStore, StackKey};
use crate::runtime::Runtime;
use crate::secret::{KeyFile, Resolver, SecretError, SecretStore, Vault};
use crate::spec::{Observed, ResourceId, SecretRef, SecretSource, Spec, State};

/// A project together with where its resources live and its releases are kept.
#[derive(Clone)]
pub struct Session<'a> {
    /// The project.
    pub project: Project<'a>,
    /// Where the resources live.
    pub runtime: &'a dyn Runtime,
    /// Where releases are kept.
    pub backend: Arc<dyn Backend>,
    /// The user's key for stored secrets.
    pub key_file: KeyFile,
}

/// What an apply would do.
#[derive(Debug)]
pub struct Preview {
    /// What the modules gave.
    pub generation: Generation,
    /// What would change.
    pub comparison: Comparison,
    /// What is on record.
    pub latest: LatestState,
    /// The place the last release went to, if this one would go somewhere else.
    pub moved_from: Option<String>,
}

impl Preview {
    /// Returns what would be done.
    pub fn plan(&self) -> &Plan {
        &self.comparison.plan
    }
}

/// Compares a stack with its target. Writes nothing and mints no secret.
///
/// # Errors
///
/// The Spec cannot be generated, or the target or the records cannot be read.
pub async fn preview(session: &Session<'_>) -> Result<Preview, OpsError> {
    let generation = generate(&session.project)?;
    let releases = session.releases();
    let mut latest = releases.latest_state().await?;
    let secrets = session.open_secrets(&generation.assembled.secrets, &latest.state).await?;
    let moved_from = leave_behind(session, &mut latest.state).await?;
    let spec = resolve(&generation.assembled.spec);
    let comparison = session.compare(&spec, &latest.state, &generation, &secrets).await?;
    Ok(Preview { generation, comparison, latest, moved_from })
}

/// Forgets what the last release made in another target, and returns that target's name.
///
/// A record says nothing about the place where resources go now: what it calls ours may be somebody else's
/// there.
pub(super) async fn leave_behind(
    session: &Session<'_>,
    state: &mut State,
) -> Result<Option<String>, OpsError> {
    if state.resources.is_empty() {
        return Ok(None);
    }
    let target = session.runtime.target();
    let last = session.releases().latest().await?.map(|release| release.target);
    let moved_from = last.filter(|last| *last != target);
    if moved_from.is_some() {
        *state = State::default();
    }
    Ok(moved_from)
}

/// The secrets of a stack, as far as they exist.
pub(super) struct Secrets {
    pub(super) vault: Vault,
    pub(super) sources: BTreeMap<SecretRef, SecretSource>,
    pub(super) known: BTreeSet<SecretRef>,
    store: SecretStore,
}

impl Secrets {
    pub(super) fn resolver(&self) -> Resolver {
        Resolver::new(&self.sources, &self.known, &self.vault, self.store.clone())
    }

    /// Refuses to go on without a secret that an earlier release generated: whoever uses it would be locked out
    /// by a new one.
    fn check_kept(&self) -> Result<(), OpsError> {
        for secret in self.known.iter().filter(|secret| self.is_generated(secret)) {
            if self.vault.get(secret).is_none() {
                let vault = self.vault.key().clone();
                return Err(SecretError::Gone { secret: secret.clone(), vault }.into());
            }
        }
        Ok(())
    }

    /// Refuses to draw a secret for a resource that is there already, though no release knows it.
    fn check_recorded(
        &self,
        spec: &Spec,
        state: &State,
        observed: &BTreeMap<ResourceId, Observed>,
    ) -> Result<(), OpsError> {
        for (id, resource) in &spec.resources {
            let live = observed.get(id).is_some_and(|observed| observed.live.is_some());
            if !live || state.resources.contains_key(id) {
                continue;
            }
            let uses = secrets_in(&resource.attributes);
            if uses
                .iter()
                .any(|secret| self.is_generated(secret) && self.vault.get(secret).is_none())
            {
                return Err(OpsError::Unrecorded { resource: id.clone() });
            }
        }
        Ok(())
    }

    fn is_generated(&self, secret: &SecretRef) -> bool {
        matches!(self.sources.get(secret), Some(SecretSource::Generated { .. }))
    }
}

impl Session<'_> {
    /// Returns the releases of the stack in the workspace.
    pub fn releases(&self) -> ReleaseStore {
        ReleaseStore::new(Arc::clone(&self.backend), self.stack_key())
    }

    /// Names the stack in the workspace.
    pub fn stack_key(&self) -> StackKey {
        StackKey {
            project: self.project.stack.project().clone(),
            workspace: self.project.workspace.name().clone(),
            stack: self.project.stack.stack().clone(),
        }
    }

    #[tracing::instrument(level = "info", name = "open secrets", skip_all)]
    pub(super) async fn open_secrets(
        &self,
        sources: &BTreeMap<SecretRef, SecretSource>,
        state: &State,
    ) -> Result<Secrets, OpsError> {
        let key = self.stack_key().secrets();
        let vault = Vault::open(self.backend.as_ref(), key, self.key_file.clone()).await?;
        let settings = self.project.workspace.secret_store();
        let block = settings
            .map(|store| serde_json::json!({ "provider": { store.provider(): store.config().to_json() } }));
        let store = SecretStore::parse(block.as_ref())?;
        let secrets =
            Secrets { vault, sources: sources.clone(), known: known_secrets(state), store };
        secrets.check_kept()?;
        Ok(secrets)
    }

    pub(super) async fn compare(
        &self,
        spec: &Spec,
        state: &State,
        generation: &Generation,
        secrets: &Secrets,
    ) -> Result<Comparison, OpsError> {
        let comparison = compare(
            spec,
            state,
            &generation.assembled.origins,
            self.runtime,
            &secrets.resolver(),
            self.project.parallelism,
        )
        .await?;
        secrets.check_recorded(spec, state, &comparison.observed)?;
        Ok(comparison)
    }
}
