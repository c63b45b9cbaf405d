//! A cluster as a place in which resources live.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::error::ClusterError;
use super::look::Survey;
use super::objects::{HEIR, MANAGER, Object, Parent, Place, uid};
use super::ready::Watches;
use super::refusals::{Attempt, verdict};
use super::stack::Claim;
use super::store::KubernetesStore;
use super::wire::{
    Access, Call, Failure, Kind, METADATA_ONLY, Opened, Refusal, Transport, shortened,
};
use crate::runtime::kubernetes::doorway;
use crate::runtime::{
    Applied, Claimant, Connection, Doorway, Going, KUBERNETES, LastRun, Owner, Readiness, Runtime,
    RuntimeError, Subject, Wanted,
};
use crate::secret::{Resolve, Store};
use crate::spec::{Observed, Resource, ResourceId, SecretRef, SecretText, Spec, StateEntry};

/// What whoever applies agreed to beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Fields that others manage are taken over.
    pub force_conflicts: bool,
    /// Objects that another tool manages come under management.
    pub adopt: bool,
    /// Objects that cannot change in place are deleted and made anew.
    pub replace: bool,
    /// Objects that hold data are deleted and replaced like others.
    pub allow_data_loss: bool,
    /// How long an object may take to go, or to become what others need of it.
    pub patience: Duration,
}

impl Default for Terms {
    fn default() -> Self {
        let patience = Duration::from_secs(300);
        Self {
            force_conflicts: false,
            adopt: false,
            replace: false,
            allow_data_loss: false,
            patience,
        }
    }
}

/// Keeps resources as objects of a cluster, by server-side apply.
pub struct KubernetesRuntime {
    pub(super) link: Arc<Transport>,
    pub(super) watches: Watches,
    server: String,
    context: String,
    pub(super) owner: Owner,
    pub(super) parent: Parent,
    pub(super) claim: Claim,
    pub(super) terms: Terms,
    survey: RwLock<Arc<Survey>>,
    /// The uid of the namespace that a cluster has from its first moment to its last, once it was asked for.
    identity: OnceCell<Option<String>>,
    /// Objects that were read before the survey, by path.
    ahead: Mutex<BTreeMap<String, Option<Arc<Value>>>>,
}

impl KubernetesRuntime {
    /// Prepares the way to a cluster for one stack, which has a namespace. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The kubeconfig cannot be used, or names no such context.
    pub async fn open(
        access: &Access,
        owner: Owner,
        namespace: &str,
        terms: Terms,
    ) -> Result<Self, RuntimeError> {
        let opened = access.open().await;
        let opened = opened.map_err(|error| RuntimeError::Cluster(Box::new(error)))?;
        Ok(Self::of(opened, owner, namespace, terms))
    }

    fn of(opened: Opened, owner: Owner, namespace: &str, terms: Terms) -> Self {
        let Opened { transport, server, context } = opened;
        let (survey, ahead, claim) = (RwLock::default(), Mutex::default(), Claim::default());
        let (link, parent) = (Arc::new(transport), Parent::of(&owner, namespace));
        let watches = Watches::new(Arc::clone(&link));
        let identity = OnceCell::new();
        Self {
            link,
            watches,
            server,
            context,
            owner,
            parent,
            claim,
            terms,
            survey,
            identity,
            ahead,
        }
    }

    /// Works for the stack `dev` in namespace `shop` with a server that a test plays.
    #[cfg(test)]
    pub(super) fn on(transport: Transport) -> Self {
        let (server, context) = ("https://played".to_owned(), "test".to_owned());
        let opened = Opened { transport, server, context };
        Self::of(opened, super::objects::owner("dev"), "shop", Terms::default())
    }

    /// Returns how many requests were sent to the server.
    pub fn requests(&self) -> u32 {
        self.link.calls()
    }

    pub(super) fn survey(&self) -> Arc<Survey> {
        Arc::clone(&self.survey.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps an object that was read for the survey that follows.
    pub(super) fn read_ahead(&self, path: String, live: Option<Arc<Value>>) {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).insert(path, live);
    }

    /// Turns what a call ended with into an error about a resource.
    pub(super) fn error(
        &self,
        failure: Failure,
        id: &ResourceId,
        verb: &'static str,
        object: Option<&Object>,
    ) -> RuntimeError {
        let error = match failure {
            Failure::Refused(refusal) if refusal.code == 401 => self.unauthorised(),
            Failure::Refused(refusal) => verdict(&refusal, Attempt { id, verb, object }),
            failure => self.unreachable(failure),
        };
        RuntimeError::Cluster(Box::new(error))
    }

    /// Returns where an object is served, `None` if its kind is not.
    pub(super) fn locate(&self, survey: &Survey, place: &Place) -> Option<(Kind, String)> {
        let kind = survey.kind(place)?;
        let path = kind.object(Some(place.namespace()), &place.name);
        Some((kind, path))
    }

    /// Returns where the object of a resource is served that may be on record, `None` if its kind is gone, and so all
    /// objects with it.
    pub(super) fn locate_recorded(
        &self,
        survey: &Survey,
        place: &Place,
        id: &ResourceId,
    ) -> Result<Option<(Kind, String)>, RuntimeError> {
        let found = self.locate(survey, place);
        if found.is_none() && survey.is_doubtful(place) {
            return Err(RuntimeError::Cluster(Box::new(ClusterError::KindUnserved {
                id: id.clone(),
                api_version: place.api_version.clone(),
                kind: place.kind.clone(),
            })));
        }
        Ok(found)
    }

    /// Turns what a call ended with into an error that is about no resource.
    pub(super) fn trouble(&self, failure: Failure) -> RuntimeError {
        RuntimeError::Cluster(Box::new(match failure {
            Failure::Refused(refusal) if refusal.code == 401 => self.unauthorised(),
            Failure::Refused(refusal) => self.refused(*refusal),
            failure => self.unreachable(failure),
        }))
    }

    fn unauthorised(&self) -> ClusterError {
        ClusterError::Unauthorised { cluster: self.target(), context: self.context.clone() }
    }

    fn refused(&self, refusal: Refusal) -> ClusterError {
        let (cluster, message) = (self.target(), shortened(&refusal.message));
        match refusal.code {
            403 => ClusterError::NotAllowed { cluster, context: self.context.clone(), message },
            code => ClusterError::Declined { cluster, code, message },
        }
    }

    pub(super) fn unreachable(&self, failure: Failure) -> ClusterError {
        let cluster = self.target();
        let source = match failure {
            Failure::Unanswered { source, .. } => source,
            failure => Box::new(failure),
        };
        ClusterError::Unreachable { cluster, source }
    }
}

/// Reads where a resource's object is.
pub(super) fn place(resource: &Resource) -> Result<Place, RuntimeError> {
    let unknown = || RuntimeError::NoRuntime {
        id: resource.id.clone(),
        kind: resource.kind.clone(),
        known: vec![KUBERNETES],
    };
    if resource.kind != KUBERNETES {
        return Err(unknown());
    }
    Place::of(&resource.attributes).ok_or_else(unknown)
}

/// Says that the server does not serve the kind of a resource.
pub(super) fn unknown_kind(id: &ResourceId, place: &Place) -> RuntimeError {
    RuntimeError::Cluster(Box::new(ClusterError::UnknownKind {
        id: id.clone(),
        api_version: place.api_version.clone(),
        kind: place.kind.clone(),
    }))
}

/// Adds the name of a field manager and how strict the server shall be.
pub(super) fn apply_path(path: &str, dry_run: bool, force: bool) -> String {
    let manager = MANAGER;
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    format!("{path}?fieldManager={manager}&fieldValidation=Strict&force={force}{dry_run}")
}

/// Adds the name of a field manager to the path of a merge patch.
pub(super) fn merge_path(path: &str, dry_run: bool) -> String {
    let manager = MANAGER;
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    format!("{path}?fieldManager={manager}&fieldValidation=Strict{dry_run}")
}

/// Adds the name of the manager that keeps what is handed over.
pub(super) fn bequest_path(path: &str) -> String {
    let manager = HEIR;
    format!("{path}?fieldManager={manager}&fieldValidation=Strict&force=false")
}

/// Returns whether an answer is an object and not something else that is JSON.
pub(super) fn is_object(answer: &Value) -> bool {
    answer.get("metadata").is_some_and(Value::is_object)
}

#[async_trait]
impl Runtime for KubernetesRuntime {
    fn target(&self) -> String {
        format!("cluster `{}`", self.server)
    }

    fn title(&self) -> String {
        format!("cluster `{}`, context `{}`", self.server, self.context)
    }

    fn context(&self) -> Option<&str> {
        Some(&self.context)
    }

    fn store(&self, namespace: &str) -> Option<Box<dyn Store>> {
        let link = Arc::clone(&self.link);
        Some(Box::new(KubernetesStore::on(link, &self.server, namespace)))
    }

    async fn identity(&self) -> Result<Option<String>, RuntimeError> {
        let ask = async || {
            let call = Call::get("/api/v1/namespaces/kube-system").accept(METADATA_ONLY);
            match self.link.call(&call).await {
                Ok(namespace) => Ok(uid(&namespace).map(str::to_owned)),
                // Who works in one namespace often sees nothing outside.
                Err(Failure::Refused(refusal)) if matches!(refusal.code, 403 | 404) => Ok(None),
                Err(failure) => Err(self.trouble(failure)),
            }
        };
        self.identity.get_or_try_init(ask).await.cloned()
    }

    async fn prepare(&self, subjects: &[Subject<'_>]) -> Result<(), RuntimeError> {
        let survey = Survey::make(&self.link, subjects).await;
        let survey = survey.map_err(|failure| self.trouble(failure))?;
        let ahead = std::mem::take(&mut *self.ahead.lock().unwrap_or_else(PoisonError::into_inner));
        for (path, live) in ahead {
            survey.see(&path, live);
        }
        *self.survey.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(survey);
        Ok(())
    }

    async fn read_secrets(
        &self,
        subjects: &[Subject<'_>],
        wanted: &BTreeSet<SecretRef>,
    ) -> Result<BTreeMap<SecretRef, SecretText>, RuntimeError> {
        self.read_placed(subjects, wanted).await
    }

    async fn observe(
        &self,
        subject: Subject<'_>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        match (subject.desired, subject.prior) {
            (Some(desired), prior) => self.observe_desired(desired, prior, secrets).await,
            (None, Some(prior)) => self.observe_leaving(prior).await,
            (None, None) => Ok(Observed::default()),
        }
    }

    async fn apply(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError> {
        self.apply_object(desired, prior, secrets).await
    }

    async fn await_ready(
        &self,
        resource: &Resource,
        patience: Duration,
        tell: &(dyn for<'t> Fn(&'t str) + Sync),
    ) -> Result<(), RuntimeError> {
        self.wait_until_ready(resource, patience, tell).await.map(|_| ())
    }

    async fn keep_watch(
        &self,
        resource: &Resource,
        tell: &(dyn for<'t> Fn(&'t Readiness) + Sync),
    ) -> Result<(), RuntimeError> {
        self.watch_forever(resource, tell).await
    }

    fn doorway(&self, spec: &Spec, wanted: &Wanted) -> Result<Doorway, RuntimeError> {
        doorway::find(spec, wanted)
    }

    async fn connect(&self, doorway: &Doorway) -> Result<Connection, RuntimeError> {
        self.connect_to_pod(doorway).await
    }

    async fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        self.remove(prior, &|_| {}).await
    }

    async fn delete_telling(
        &self,
        prior: &StateEntry,
        tell: &(dyn for<'t> Fn(Going<'t>) + Sync),
    ) -> Result<(), RuntimeError> {
        self.remove(prior, tell).await
    }

    async fn leftover(&self) -> Result<Option<StateEntry>, RuntimeError> {
        self.deserted_namespace().await
    }

    async fn last_run(&self) -> Result<Option<LastRun>, RuntimeError> {
        self.read_last_run().await
    }

    async fn let_go(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        self.take_marks_off(prior).await
    }

    async fn look_for_others(&self, run: &Claimant) -> Result<(), RuntimeError> {
        self.look_at_lease(run).await
    }

    fn groundwork(&self) -> Option<ResourceId> {
        self.missing_namespace()
    }

    async fn claim(
        &self,
        run: &Claimant,
        members: &[&Resource],
    ) -> Result<Vec<RuntimeError>, RuntimeError> {
        let unguarded = self.take_lease(run).await?;
        let unlisted = self.expect_members(members).await;
        Ok(unguarded.into_iter().chain(unlisted.err()).collect())
    }

    async fn keep_claim(&self) {
        self.keep_lease().await;
    }

    fn check_claim(&self) -> Result<(), RuntimeError> {
        self.check_lease()
    }

    async fn end_claim(&self, left: Option<&[&Resource]>) -> Result<(), RuntimeError> {
        let listed = match left.filter(|_| self.check_lease().is_ok()) {
            Some(members) => {
                self.leave_earlier_places(members).await;
                self.settle_members(members).await
            }
            None => Ok(()),
        };
        let nothing_left = left.is_some_and(<[_]>::is_empty);
        self.give_lease_back(nothing_left && listed.is_ok()).await?;
        listed
    }

    async fn free_claim(&self, run: &Claimant) -> Result<bool, RuntimeError> {
        self.free_lease(run).await
    }

    async fn forget_claim(&self) -> Result<(), RuntimeError> {
        if self.forget_lease().await? {
            self.forget_members().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::{Diagnose as _, Kind};
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    #[tokio::test]
    async fn a_cluster_is_known_by_its_oldest_namespace_if_that_may_be_read() {
        let found = json!({"metadata": {"name": "kube-system", "uid": "u-1"}});
        let cases = [
            (200, found, Some(Some("u-1"))),
            (200, json!({"metadata": {"name": "kube-system"}}), Some(None)),
            (403, json!({"message": "forbidden"}), Some(None)),
            (404, json!({"message": "not found"}), Some(None)),
            (401, json!({"message": "who are you"}), None),
        ];
        for (code, answer, expected) in cases {
            let runtime = KubernetesRuntime::on(scripted(move |asked| {
                assert_eq!(asked.path, "/api/v1/namespaces/kube-system");
                (code, answer.clone())
            }));
            for _ in 0..2 {
                let identity = runtime.identity().await.ok();
                let expected = expected.map(|uid| uid.map(str::to_owned));
                assert_eq!(identity, expected, "{code}");
            }
            assert_eq!(runtime.requests(), if expected.is_some() { 1 } else { 2 }, "{code}");
        }
    }

    #[tokio::test]
    async fn a_server_that_refuses_was_reached() {
        let said = "forbidden: User \"system:anonymous\" cannot get path \"/apis\"";
        let cases = [
            (
                403,
                json!({"message": said}),
                format!("context `test` may not use cluster `https://played`: {said}"),
            ),
            (
                404,
                json!({"message": "no such page"}),
                "cluster `https://played` answers 404: no such page".to_owned(),
            ),
            (
                401,
                json!({}),
                "cluster `https://played` does not accept the credentials of context `test`"
                    .to_owned(),
            ),
        ];
        for (code, answer, expected) in cases {
            let runtime = KubernetesRuntime::on(scripted(move |_| (code, answer.clone())));
            let error = runtime.prepare(&[]).await.unwrap_err();
            assert_eq!((error.to_string(), error.kind()), (expected, Kind::Environment));
        }
    }
}
