//! The things resources live in.
//!
//! A runtime handles one resource at a time and knows nothing of plans and releases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::secret::{Resolve, Store};
use crate::spec::{Observed, Resource, ResourceId, SecretRef, SecretText, Spec, StateEntry};

mod claimant;
mod connection;
mod directory;
mod error;
mod going;
mod kubernetes;
mod last_run;
#[cfg(test)]
mod memory;
mod owner;

pub use claimant::Claimant;
pub use connection::{Connection, Doorway, Wanted};
pub use directory::{DirectoryRuntime, SecretPolicy, is_managed};
pub use error::RuntimeError;
pub use going::Going;
pub use kubernetes::{
    Access, ClusterError, Explanation, FieldConflict, FieldProblem, KUBERNETES, KubernetesRuntime,
    KubernetesSemantics, KubernetesStore, Readiness, ReportedCondition, Terms, Trouble,
    TroubledPod, Warning, check_health_policy,
};
pub use last_run::LastRun;
#[cfg(test)]
pub(crate) use memory::{Call, MemoryRuntime};
pub use owner::Owner;

/// What a runtime is asked about: a resource that shall exist, one that was recorded, or both.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The resource as it shall be; `None` if it shall go.
    pub desired: Option<&'a Resource>,
    /// The resource as last recorded; `None` if nothing was.
    pub prior: Option<&'a StateEntry>,
}

/// What a runtime did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Applied {
    /// What the runtime wants to find again in [`StateEntry::private`].
    pub private: Value,
}

/// A place in which resources live.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Names the target, for example ``directory `manifests/dev/dev` ``. The name is recorded: it tells whether
    /// the next release goes to the same place.
    fn target(&self) -> String;

    /// Names the target for whoever is about to change it, with how it is reached if that can surprise.
    fn title(&self) -> String {
        self.target()
    }

    /// Names the entry of the user's own settings by which the target is reached, if there are several.
    fn context(&self) -> Option<&str> {
        None
    }

    /// Returns what the target is, whatever it is called; `None` if that cannot be told. It is recorded beside the name
    /// and counts more: of two targets with different ones neither is the other.
    ///
    /// # Errors
    ///
    /// The target cannot be reached.
    async fn identity(&self) -> Result<Option<String>, RuntimeError> {
        Ok(None)
    }

    /// Learns of all resources before they are observed one by one: what is the same for many is asked once.
    async fn prepare(&self, subjects: &[Subject<'_>]) -> Result<(), RuntimeError> {
        let _ = subjects;
        Ok(())
    }

    /// Waits until an applied resource does what it is there for. `tell` hears what it waits for, each time
    /// this changes. A target in which nothing comes to life is ready at once.
    async fn await_ready(
        &self,
        resource: &Resource,
        patience: Duration,
        tell: &(dyn for<'t> Fn(&'t str) + Sync),
    ) -> Result<(), RuntimeError> {
        let _ = (resource, patience, tell);
        Ok(())
    }

    /// Tells how a resource does, first as it is and then each time this changes. Ends only by being dropped,
    /// except in a target in which nothing comes to life.
    async fn keep_watch(
        &self,
        resource: &Resource,
        tell: &(dyn for<'t> Fn(&'t Readiness) + Sync),
    ) -> Result<(), RuntimeError> {
        let _ = (resource, tell);
        Ok(())
    }

    /// Finds where a port of a stack leads, from its resources alone.
    ///
    /// # Errors
    ///
    /// No resource has such a port, or several have.
    fn doorway(&self, spec: &Spec, wanted: &Wanted) -> Result<Doorway, RuntimeError> {
        let _ = (spec, wanted);
        Err(RuntimeError::NothingRuns { target: self.target() })
    }

    /// Connects to what runs behind a doorway.
    ///
    /// # Errors
    ///
    /// Nothing that works is behind it, or it cannot be reached.
    async fn connect(&self, doorway: &Doorway) -> Result<Connection, RuntimeError> {
        let _ = doorway;
        Err(RuntimeError::NothingRuns { target: self.target() })
    }

    /// Removes what runs that died left half-written. For whoever holds the stack's lease, before anything
    /// is observed.
    async fn sweep(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Says whether values of secrets go there. If not, nobody has to keep what a rollback would need.
    fn holds_secrets(&self) -> bool {
        true
    }

    /// Reads the values that generated secrets have in the target, of those that are wanted and found, before
    /// anything else is read. A target that is no home for secrets finds none.
    async fn read_secrets(
        &self,
        subjects: &[Subject<'_>],
        wanted: &BTreeSet<SecretRef>,
    ) -> Result<BTreeMap<SecretRef, SecretText>, RuntimeError> {
        let _ = (subjects, wanted);
        Ok(BTreeMap::new())
    }

    /// Returns a store of what somebody else keeps in Secrets of a namespace, read on the same connection; `None` if
    /// the target has no such thing.
    fn store(&self, namespace: &str) -> Option<Box<dyn Store>> {
        let _ = namespace;
        None
    }

    /// Reads what is there and computes what would be there. Changes nothing.
    async fn observe(
        &self,
        subject: Subject<'_>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError>;

    /// Makes the resource as desired, whether it exists or not.
    async fn apply(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError>;

    /// Deletes a recorded resource; one that is gone already is no error.
    async fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError>;

    /// Returns what a stack that is destroyed takes along though it is on no record: another stack made it and has left
    /// it since.
    async fn leftover(&self) -> Result<Option<StateEntry>, RuntimeError> {
        Ok(None)
    }

    /// Says who last changed the stack, whoever's records know of that; `None` if nothing of it is there, or nobody
    /// can tell.
    async fn last_run(&self) -> Result<Option<LastRun>, RuntimeError> {
        Ok(None)
    }

    /// Takes our marks off a recorded resource that stays though it leaves the stack.
    async fn let_go(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        let _ = prior;
        Ok(())
    }

    /// Looks whether somebody changes the stack whom the lease of our records does not keep out, because theirs
    /// are elsewhere. To be asked before anything is observed that a change will stand on; writes nothing.
    ///
    /// A target that only one user has needs none of these methods.
    async fn look_for_others(&self, run: &Claimant) -> Result<(), RuntimeError> {
        let _ = run;
        Ok(())
    }

    /// Returns what [`Runtime::claim`] will make of what the plan makes: it must be on record before.
    fn groundwork(&self) -> Option<ResourceId> {
        None
    }

    /// Keeps such people out from now on, and notes what will belong to the stack: `members` are the resources
    /// that shall exist and those on record. Fails if somebody was here since [`Runtime::look_for_others`],
    /// because a plan that was made since then is out of date.
    ///
    /// Returns what could not be done and does not stop a change.
    async fn claim(
        &self,
        run: &Claimant,
        members: &[&Resource],
    ) -> Result<Vec<RuntimeError>, RuntimeError> {
        let _ = (run, members);
        Ok(Vec::new())
    }

    /// Goes on keeping them out, for as long as it is polled. Ends only if somebody else has the stack now.
    async fn keep_claim(&self) {
        std::future::pending::<()>().await;
    }

    /// Fails if somebody else may have the stack by now. To be asked before each change.
    fn check_claim(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Lets others in. `left` are the resources that now belong to the stack, if that is known; without any,
    /// nothing of the stack stays in the target.
    async fn end_claim(&self, left: Option<&[&Resource]>) -> Result<(), RuntimeError> {
        let _ = left;
        Ok(())
    }

    /// Lets others in whom a run on the same records keeps out that died. Returns whether there was one.
    async fn free_claim(&self, run: &Claimant) -> Result<bool, RuntimeError> {
        let _ = run;
        Ok(false)
    }

    /// Removes what keeps others out of a stack that has no resources any more.
    async fn forget_claim(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Deletes likewise. `tell` hears how it goes; once it was accepted, whoever does not want to wait may drop the
    /// future.
    async fn delete_telling(
        &self,
        prior: &StateEntry,
        tell: &(dyn for<'t> Fn(Going<'t>) + Sync),
    ) -> Result<(), RuntimeError> {
        let _ = tell;
        self.delete(prior).await
    }
}
