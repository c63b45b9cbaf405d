//! Keeping others from changing a stack at the same time.
//!
//! A run looks at the stack's Lease before it observes anything, and takes it before its first change, on the
//! condition that nobody touched it in between. So a plan is carried out on what it was made of, a look writes
//! nothing, and of two runs that want it one wins: the server compares versions.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::lease::{self, Lease, Standing, Writing};
use super::members::KnownParent;
use crate::runtime::kubernetes::cluster::wire::{Call, Failure};
use crate::runtime::kubernetes::cluster::{ClusterError, KubernetesRuntime};
use crate::runtime::{Claimant, RuntimeError};

/// How often a holder says that it is alive: three times may fail.
const RENEWAL: Duration = Duration::from_secs(15);
/// How long before its end a Lease that could not be renewed is given up: what was sent by then has arrived.
const MARGIN: Duration = Duration::from_secs(5);
/// How often a Lease is given back that somebody writes to at the same time. After that it ends by itself.
const GIVING_BACK: usize = 3;

/// What a run knows of the stack's Lease.
#[derive(Debug, Default)]
pub(crate) struct Claim(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The Lease when the run first looked; `None` if there was none.
    seen: Option<Lease>,
    held: Option<Held>,
    parent: KnownParent,
}

/// A Lease that this run holds.
#[derive(Debug, Clone)]
struct Held {
    run: Claimant,
    since: Timestamp,
    version: String,
    transitions: i64,
    /// When the last renewal that succeeded was sent, by a clock that never turns back and by one that goes on
    /// while the machine sleeps.
    renewed: (Instant, Timestamp),
    /// Whether somebody else has it now, and who.
    lost: Option<String>,
}

impl Claim {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Option<Held> {
        self.state().held.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        if let Some(held) = &mut self.state().held {
            change(held);
        }
    }

    /// Notes that the namespace in which the Lease and the parent object lie is being deleted by us.
    pub(crate) fn leave(&self) {
        let mut state = self.state();
        (state.held, state.parent) = (None, KnownParent::Nothing);
    }

    /// Notes what is known of the parent object, and returns what was known before.
    pub(super) fn know_parent(&self, known: KnownParent) -> KnownParent {
        std::mem::replace(&mut self.state().parent, known)
    }
}

impl Held {
    /// Returns for how long nobody else can have it; `None` if somebody may have it by now.
    fn left(&self, now: (Instant, Timestamp)) -> Option<Duration> {
        let (renewed, on_the_wall) = self.renewed;
        let awake = now.0.saturating_duration_since(renewed);
        let asleep = Duration::try_from(now.1.duration_since(on_the_wall)).unwrap_or_default();
        let limit = Duration::from_secs(lease::SECONDS.unsigned_abs()).saturating_sub(MARGIN);
        let left = limit.checked_sub(awake.max(asleep)).filter(|left| !left.is_zero());
        left.filter(|_| self.lost.is_none())
    }
}

fn clocks() -> (Instant, Timestamp) {
    (Instant::now(), Timestamp::now())
}

impl KubernetesRuntime {
    /// Looks whether somebody else holds the Lease.
    pub(crate) async fn look_at_lease(&self, run: &Claimant) -> Result<(), RuntimeError> {
        let lease = match self.read_lease().await {
            Ok(lease) => lease,
            // Whether it can be taken is found out, and told, when it is to be taken.
            Err(failure) if is_no(&failure) => None,
            Err(failure) => return Err(self.trouble(failure)),
        };
        if let Some(lease) = &lease
            && let Standing::Held { until } = lease.standing(run, self.link.now())
        {
            return Err(self.claimed(lease, until));
        }
        self.claim.state().seen = lease;
        Ok(())
    }

    /// Takes the Lease. Returns why nobody is kept out, if that cannot be helped.
    pub(crate) async fn take_lease(
        &self,
        run: &Claimant,
    ) -> Result<Option<RuntimeError>, RuntimeError> {
        let mut seen = self.claim.state().seen.clone();
        if self.make_namespace().await? {
            // What lay in one of the same name went with it.
            seen = None;
        }
        let transitions = seen.as_ref().map_or(0, |lease| lease.transitions().saturating_add(1));
        let (sent, now) = (clocks(), self.link.now());
        let version = seen.as_ref().map(|lease| lease.version.as_str());
        let object = self.writing(version, transitions).held(run, now, now);
        let taken = match self.link.call(&self.lease_call(version.is_some(), &object)).await {
            Ok(object) => Lease::read(&object),
            Err(Failure::Refused(refusal)) if refusal.code == 409 => self.why_not(run).await?,
            // Nothing lies there that others could change, and what is left of the stack is elsewhere.
            Err(failure) if is_terminating(&failure) || is_gone(&failure) => return Ok(None),
            Err(failure) if is_no(&failure) => return Ok(Some(self.unguarded(failure))),
            Err(failure) => return Err(self.trouble(failure)),
        };
        self.claim.state().held = Some(Held {
            run: run.clone(),
            since: now,
            version: taken.version,
            transitions,
            renewed: sent,
            lost: None,
        });
        Ok(None)
    }

    /// Finds out why the Lease was not to be had. Returns it if it is ours: an answer was lost on the way.
    async fn why_not(&self, run: &Claimant) -> Result<Lease, RuntimeError> {
        let lease = self.read_lease().await.map_err(|failure| self.trouble(failure))?;
        let by = match &lease {
            None => None,
            Some(lease) => match lease.standing(run, self.link.now()) {
                Standing::Ours => return Ok(lease.clone()),
                Standing::Held { until } => return Err(self.claimed(lease, until)),
                Standing::Free => Some(lease.last.clone()).filter(|last| !last.is_empty()),
            },
        };
        let stack = Box::new(self.owner.clone());
        Err(RuntimeError::Cluster(Box::new(ClusterError::ChangedMeanwhile { stack, by })))
    }

    /// Renews the Lease, once it is taken, until somebody else has it; for ever, if nobody takes it.
    pub(crate) async fn keep_lease(&self) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if let Some(held) = self.claim.held() {
                self.renew(held).await;
            }
            if self.claim.held().is_some_and(|held| held.lost.is_some()) {
                return;
            }
        }
    }

    async fn renew(&self, held: Held) {
        let sent = clocks();
        let writing = self.writing(Some(&held.version), held.transitions);
        let object = writing.held(&held.run, held.since, self.link.now());
        match self.link.call(&self.lease_call(true, &object)).await {
            Ok(object) => {
                let version = Lease::read(&object).version;
                self.claim.change(|held| (held.version, held.renewed) = (version, sent));
            }
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 404 | 409) => {
                self.compare(&held).await;
            }
            // As long as nobody can have taken it, it is ours; then the next change is refused.
            Err(_) => tracing::debug!("lease not renewed"),
        }
    }

    /// Finds out whether a Lease that somebody touched is still held.
    async fn compare(&self, held: &Held) {
        let lost = match self.read_lease().await {
            Ok(Some(lease)) if lease.standing(&held.run, self.link.now()) == Standing::Ours => {
                // Somebody wrote a note on it. The next renewal comes with the new version.
                self.claim.change(|held| held.version = lease.version);
                return;
            }
            Ok(Some(lease)) => lease.holder,
            Ok(None) => String::new(),
            Err(_) => return,
        };
        self.claim.change(|held| held.lost = Some(lost));
    }

    /// Refuses a change if somebody else may have the Lease by now.
    pub(crate) fn check_lease(&self) -> Result<(), RuntimeError> {
        match self.claim.held() {
            Some(held) if held.left(clocks()).is_none() => {
                let (stack, to) = (Box::new(self.owner.clone()), held.lost.unwrap_or_default());
                Err(RuntimeError::Cluster(Box::new(ClusterError::ClaimLost { stack, to })))
            }
            _ => Ok(()),
        }
    }

    /// Makes a call that changes something. It is not sent, or sent again, when somebody else may have the Lease.
    pub(crate) async fn make_change(
        &self,
        call: &Call,
    ) -> Result<Result<Value, Failure>, RuntimeError> {
        self.check_lease()?;
        let left = || match self.claim.held() {
            Some(held) => held.left(clocks()),
            None => Some(Duration::MAX),
        };
        let answer = self.link.call_within(call, &left).await;
        match &answer {
            Err(failure) if !is_no(failure) => self.check_lease()?,
            _ => {}
        }
        Ok(answer)
    }

    /// Gives the Lease back; `forget` deletes it.
    pub(crate) async fn give_lease_back(&self, forget: bool) -> Result<(), RuntimeError> {
        let held = self.claim.state().held.take();
        let Some(mut held) = held.filter(|held| held.lost.is_none()) else { return Ok(()) };
        for _ in 0..GIVING_BACK {
            let given = if forget {
                self.link.call(&self.lease_deletion(&held.version)).await
            } else {
                let object = self.writing(Some(&held.version), held.transitions).free(&held.run);
                self.link.call(&self.lease_call(true, &object)).await
            };
            match given {
                Ok(_) => return Ok(()),
                Err(Failure::Refused(refusal)) if refusal.code == 404 => return Ok(()),
                Err(Failure::Refused(refusal)) if refusal.code == 409 => {}
                Err(failure) => return Err(self.trouble(failure)),
            }
            // A renewal was on its way when the run ended, or somebody else has it.
            let lease = self.read_lease().await.map_err(|failure| self.trouble(failure))?;
            match lease {
                Some(lease) if lease.standing(&held.run, self.link.now()) == Standing::Ours => {
                    held.version = lease.version;
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Returns whether somebody else holds a Lease.
    pub(super) fn is_held_by_another(&self, lease: &Lease) -> bool {
        match self.claim.held() {
            Some(held) => {
                matches!(lease.standing(&held.run, self.link.now()), Standing::Held { .. })
            }
            None => !lease.holder.is_empty(),
        }
    }

    /// Frees a Lease that a dead run on the same records left. Returns whether there was one.
    pub(crate) async fn free_lease(&self, run: &Claimant) -> Result<bool, RuntimeError> {
        self.look_at_lease(run).await?;
        let seen = self.claim.state().seen.clone();
        let Some(lease) = seen.filter(|lease| !lease.holder.is_empty()) else { return Ok(false) };
        let object = self.writing(Some(&lease.version), lease.transitions()).free(run);
        match self.link.call(&self.lease_call(true, &object)).await {
            Ok(_) => Ok(true),
            Err(Failure::Refused(refusal)) if refusal.code == 409 => {
                self.why_not(run).await.map(|_| false)
            }
            Err(failure) => Err(self.trouble(failure)),
        }
    }

    /// Deletes a Lease that nobody holds any more. Returns whether there was one.
    pub(crate) async fn forget_lease(&self) -> Result<bool, RuntimeError> {
        let seen = self.claim.state().seen.take();
        let Some(lease) = seen else { return Ok(false) };
        match self.link.call(&self.lease_deletion(&lease.version)).await {
            Ok(_) => Ok(true),
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 403 | 404 | 409) => Ok(false),
            Err(failure) => Err(self.trouble(failure)),
        }
    }

    async fn read_lease(&self) -> Result<Option<Lease>, Failure> {
        let lease = self.link.find(&self.parent.lease_path()).await?;
        Ok(lease.as_ref().map(Lease::read))
    }

    fn writing<'a>(&'a self, version: Option<&'a str>, transitions: i64) -> Writing<'a> {
        Writing { parent: &self.parent, owner: &self.owner, version, transitions }
    }

    fn lease_call(&self, exists: bool, object: &Value) -> Call {
        let call = if exists {
            Call::replace(self.parent.lease_path(), object)
        } else {
            Call::create(self.parent.leases_path(), object)
        };
        call.exclusive()
    }

    fn lease_deletion(&self, version: &str) -> Call {
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": {"resourceVersion": version},
        });
        Call::delete(self.parent.lease_path(), &options).exclusive()
    }

    fn claimed(&self, lease: &Lease, until: Timestamp) -> RuntimeError {
        let (stack, holder) = (Box::new(self.owner.clone()), lease.holder.clone());
        let since = lease.since;
        RuntimeError::Cluster(Box::new(ClusterError::Claimed { stack, holder, since, until }))
    }

    fn unguarded(&self, failure: Failure) -> RuntimeError {
        RuntimeError::Cluster(Box::new(ClusterError::Unguarded {
            stack: Box::new(self.owner.clone()),
            namespace: self.parent.namespace.clone(),
            source: Box::new(failure),
        }))
    }
}

/// Returns whether a server answers that it will not have this, and not that it cannot do it now or does not
/// know us.
pub(super) fn is_no(failure: &Failure) -> bool {
    let Failure::Refused(refusal) = failure else { return false };
    refusal.code != 401 && refusal.code < 500 && !refusal.is_passing()
}

/// Returns whether a namespace is on its way out, so that nobody can make anything in it.
pub(crate) fn is_terminating(failure: &Failure) -> bool {
    let Failure::Refused(refusal) = failure else { return false };
    refusal.causes.iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// Returns whether a namespace does not exist, so that nobody can make anything in it.
pub(crate) fn is_gone(failure: &Failure) -> bool {
    let Failure::Refused(refusal) = failure else { return false };
    refusal.is_not_found() && refusal.kind == "namespaces"
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;

    fn run() -> Claimant {
        Claimant {
            who: "ada@laptop".to_owned(),
            operation: "apply".to_owned(),
            records: "place".to_owned(),
            generation: 1,
        }
    }

    fn held(version: &str) -> Held {
        let renewed = clocks();
        Held {
            run: run(),
            since: renewed.1,
            version: version.to_owned(),
            transitions: 0,
            renewed,
            lost: None,
        }
    }

    /// Gives back a Lease that was version 1 when its holder last looked and is version 2 by now, held by `by`.
    /// Returns the versions that were named to the server.
    async fn given_back(by: &Claimant, forget: bool) -> Vec<String> {
        let named = Arc::new(Mutex::new(Vec::new()));
        let (seen, by) = (Arc::clone(&named), by.clone());
        let link = scripted(move |asked| {
            let metadata = json!({
                "resourceVersion": "2",
                "annotations": {
                    "kusion.io/records": by.records, "kusion.io/generation": by.generation.to_string(),
                },
            });
            let holder = format!("{} ({})", by.who, by.operation);
            let lease = json!({"metadata": metadata, "spec": {"holderIdentity": holder}});
            let version = match asked.method.as_str() {
                "GET" => return (200, lease),
                "PUT" => &asked.body["metadata"]["resourceVersion"],
                _ => &asked.body["preconditions"]["resourceVersion"],
            };
            seen.lock().unwrap().push(version.as_str().unwrap().to_owned());
            if version == "2" { (200, json!({})) } else { (409, json!({"reason": "Conflict"})) }
        });
        let runtime = KubernetesRuntime::on(link);
        runtime.claim.state().held = Some(held("1"));
        runtime.give_lease_back(forget).await.unwrap();
        let named = named.lock().unwrap();
        named.clone()
    }

    #[tokio::test]
    async fn a_namespace_that_is_gone_takes_no_lease_and_no_warning() {
        let runtime = KubernetesRuntime::on(scripted(|asked| {
            let kind = if asked.method == "GET" { "leases" } else { "namespaces" };
            (404, json!({"reason": "NotFound", "details": {"kind": kind, "name": "shop"}}))
        }));
        assert!(runtime.take_lease(&run()).await.unwrap().is_none());
        assert!(runtime.expect_members(&[]).await.is_ok());
    }

    #[tokio::test]
    async fn a_lease_that_was_renewed_while_the_run_ended_is_given_back() {
        for forget in [false, true] {
            assert_eq!(given_back(&run(), forget).await, ["1", "2"], "forget: {forget}");
        }
    }

    #[tokio::test]
    async fn a_lease_that_somebody_else_has_by_now_stays_theirs() {
        let other = Claimant { who: "bob@desk".to_owned(), ..run() };
        assert_eq!(given_back(&other, false).await, ["1"]);
    }

    #[test]
    fn a_lease_that_could_not_be_renewed_is_given_up_before_it_ends() {
        let held = held("1");
        let renewed = held.renewed;
        let after = |awake, asleep| {
            (renewed.0 + Duration::from_secs(awake), renewed.1 + SignedDuration::from_secs(asleep))
        };
        assert_eq!(held.left(after(54, 53)), Some(Duration::from_secs(1)));
        assert_eq!(held.left(after(55, 55)), None);
        // The machine slept, and the clock that never turns back slept with it.
        assert_eq!(held.left(after(1, 3_600)), None);
        // Somebody set the clock on the wall back.
        assert!(held.left(after(1, -3_600)).is_some());
        assert_eq!(held.left(after(55, -3_600)), None);
        let lost = Held { lost: Some("bob@desk (apply)".to_owned()), ..held };
        assert_eq!(lost.left(after(1, 1)), None);
    }
}
