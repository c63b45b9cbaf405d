//! What every operation on a stack stands on: the project, its target, its records and its secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::backend::Backend;
use crate::diagnostic::Problem;
use crate::ops::compare::secrets_in;
use crate::ops::store::StorePlace;
use crate::ops::{OpsError, Project, StoreOptions};
use crate::release::{ReleaseStore, StackKey, TargetRecord};
use crate::runtime::{KubernetesSemantics, Runtime};
use crate::secret::{External, KeyFile, Resolver, SecretError, Vault};
use crate::spec::{
    Observed, Resource, ResourceId, SecretRef, SecretSource, Semantics as _, Spec, State,
};

/// How many secrets that cannot be read are told one by one.
const MAX_UNREAD: usize = 5;

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
    /// What the workspace does not say about its secret store.
    pub stores: StoreOptions,
    /// How many releases are kept; `None` keeps all.
    pub keep_releases: Option<NonZeroUsize>,
}

/// The secrets of a stack, as far as they exist.
pub(super) struct Secrets {
    pub(super) vault: Vault,
    pub(super) sources: BTreeMap<SecretRef, SecretSource>,
    pub(super) known: BTreeSet<SecretRef>,
    pub(super) external: External,
}

impl Secrets {
    pub(super) fn resolver(&self) -> Resolver {
        Resolver::new(&self.sources, &self.known, &self.vault, self.external.clone())
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

    /// Says which external secrets cannot be read now, and why, a sentence each.
    pub(super) fn unread_notes(&self) -> Vec<String> {
        let unread = self.external.unread();
        let told = unread.iter().take(MAX_UNREAD).map(|error| {
            let text = Problem::of(*error).message;
            format!("A secret cannot be read now, so that its value is unknown: {text}.")
        });
        let more = unread.len().saturating_sub(MAX_UNREAD);
        let more = (more > 0).then(|| format!("So it is with {more} more."));
        told.chain(more).collect()
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

    /// Adds what the workspace's store has to the vault; `known` are the secrets that must not be drawn anew.
    ///
    /// The store is read here and nowhere else, once for all that a run does.
    pub(super) async fn secrets(
        &self,
        vault: Vault,
        sources: BTreeMap<SecretRef, SecretSource>,
        known: BTreeSet<SecretRef>,
    ) -> Result<Secrets, OpsError> {
        let mut secrets = Secrets { vault, sources, known, external: External::default() };
        secrets.check_kept()?;
        secrets.external = self.external(&secrets.sources).await;
        Ok(secrets)
    }

    async fn external(&self, sources: &BTreeMap<SecretRef, SecretSource>) -> External {
        let references: BTreeSet<&str> = sources
            .values()
            .filter_map(|source| match source {
                SecretSource::External { reference } => Some(reference.as_str()),
                _ => None,
            })
            .collect();
        // A target that no value goes to needs no store, which may be out of reach from here.
        if references.is_empty() || !self.runtime.holds_secrets() {
            return External::default();
        }
        let place = StorePlace {
            workspace: self.project.workspace,
            namespace: self.project.stack.namespace(),
            runtime: Some(self.runtime),
        };
        match place.open(&self.stores).await {
            Ok(store) => External::read(store.as_ref(), references, self.stores.reading).await,
            Err(error) => External::failed(references, &error),
        }
    }
}
