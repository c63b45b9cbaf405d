//! What every operation on a stack stands on: the project, its target, its records and its secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::backend::Backend;
use crate::ops::compare::secrets_in;
use crate::ops::{OpsError, Project};
use crate::release::{ReleaseStore, StackKey, TargetRecord};
use crate::runtime::{KubernetesSemantics, Runtime};
use crate::secret::{KeyFile, Resolver, SecretError, SecretStore, Vault};
use crate::spec::{
    Observed, Resource, ResourceId, SecretRef, SecretSource, Semantics as _, Spec, State,
};

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
    /// How many releases are kept; `None` keeps all.
    pub keep_releases: Option<NonZeroUsize>,
}

/// The secrets of a stack, as far as they exist.
pub(super) struct Secrets {
    pub(super) vault: Vault,
    pub(super) sources: BTreeMap<SecretRef, SecretSource>,
    pub(super) known: BTreeSet<SecretRef>,
    pub(super) store: SecretStore,
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
    pub(super) fn check_recorded(
        &self,
        spec: &Spec,
        state: &State,
        observed: &BTreeMap<ResourceId, Observed>,
    ) -> Result<(), OpsError> {
        let live = |id: &ResourceId| observed.get(id)?.live.as_ref();
        // What this stack made and this backend does not know, as it is now.
        let found = || {
            let unknown = spec.resources.values().filter(|user| {
                let foreign = observed.get(&user.id).is_some_and(|observed| observed.foreign);
                !foreign && !state.resources.contains_key(&user.id)
            });
            unknown.filter_map(|user| {
                let attributes = live(&user.id)?.clone();
                Some(Resource { attributes, ..user.clone() })
            })
        };
        for (id, resource) in &spec.resources {
            let mut uses = secrets_in(&resource.attributes).into_iter();
            let Some(secret) =
                uses.find(|secret| self.is_generated(secret) && self.vault.get(secret).is_none())
            else {
                continue;
            };
            if live(id).is_none() {
                let given = KubernetesSemantics.provides(resource);
                let uses = |user: &Resource| {
                    KubernetesSemantics.requires(user).iter().any(|need| given.contains(need))
                };
                // Whoever made what uses it has drawn it too.
                if let Some(user) = found().find(uses) {
                    return Err(OpsError::HomeGone { secret, home: id.clone(), user: user.id });
                }
            } else if !state.resources.contains_key(id) {
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

    /// Names where the resources live, and asks what it is.
    pub(super) async fn target(&self) -> Result<TargetRecord, OpsError> {
        Ok(TargetRecord { name: self.runtime.target(), id: self.runtime.identity().await? })
    }

    /// Reads and decrypts the stack's vault.
    #[tracing::instrument(level = "info", name = "open secrets", skip_all)]
    pub(super) async fn open_vault(&self) -> Result<Vault, OpsError> {
        let key = self.stack_key().secrets();
        Ok(Vault::open(self.backend.as_ref(), key, self.key_file.clone()).await?)
    }

    /// Adds the store to the vault; `known` are the secrets that must not be drawn anew.
    pub(super) fn secrets(
        &self,
        vault: Vault,
        sources: BTreeMap<SecretRef, SecretSource>,
        known: BTreeSet<SecretRef>,
    ) -> Result<Secrets, OpsError> {
        let settings = self.project.workspace.secret_store();
        let block = settings
            .map(|store| serde_json::json!({ "provider": { store.provider(): store.config().to_json() } }));
        let store = SecretStore::parse(block.as_ref())?;
        let secrets = Secrets { vault, sources, known, store };
        secrets.check_kept()?;
        Ok(secrets)
    }
}
