//! The walk, against a target in memory.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use crate::apply::{Awaits, Event, Execution, Listener, Outcome, Pending, Refused};
use crate::plan::{Action, Plan, Reason};
use crate::runtime::{
    Applied, Call, Going, KUBERNETES, MemoryRuntime, Runtime, RuntimeError, Subject,
};
use crate::secret::{Resolve, SecretError};
use crate::spec::{Observed, Resource, ResourceId, SecretRef, SecretText, Spec, State, StateEntry};

struct NoSecrets;

impl Resolve for NoSecrets {
    fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
        Err(SecretError::Undeclared { secret: secret.clone() })
    }
}

/// Writes down what it hears, and refuses to go on after so many events.
struct Log {
    lines: Mutex<Vec<String>>,
    limit: usize,
}

#[async_trait]
impl Listener for Log {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        let line = match event {
            Event::Started { id, action } => format!("start {action} {id}"),
            Event::Applied { entry, .. } => format!("applied {}", entry.resource.id),
            Event::Deleted { id, .. } => format!("deleted {id}"),
            Event::Failed { id, .. } => format!("failed {id}"),
            Event::Skipped { id, because } => format!("skipped {id} because of {because}"),
            Event::Stopped { id } => format!("stopped {id}"),
            Event::Waiting { id, .. }
            | Event::Ready { id, .. }
            | Event::NotReady { id, .. }
            | Event::Status { id, .. } => {
                format!("settled {id}")
            }
            Event::Unclaimed { error } => error.to_string(),
            Event::Unawaited { pending } => format!("left {}: {:?}", pending.id, pending.reason),
        };
        let mut lines = self.lines.lock().unwrap();
        lines.push(line);
        if lines.len() > self.limit { Err(Refused { source: "full".into() }) } else { Ok(()) }
    }
}

/// Takes note of one event at a time and a moment for each, like a journal.
#[derive(Default)]
struct Pen {
    taken: tokio::sync::Mutex<usize>,
}

#[async_trait]
impl Listener for Pen {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        if let Event::Started { .. } | Event::Applied { .. } | Event::Failed { .. } = event {
            let mut taken = self.taken.lock().await;
            tokio::task::yield_now().await;
            *taken += 1;
        }
        Ok(())
    }
}

/// Resources `a`, `b` …, each with the names of those it depends on.
fn spec(resources: &[(&str, &[&str])]) -> Spec {
    let id = |name: &str| ResourceId::parse(name).unwrap();
    let resources = resources.iter().map(|(name, needs)| Resource {
        id: id(name),
        kind: KUBERNETES.to_owned(),
        attributes: json!({ "name": name }),
        depends_on: needs.iter().map(|name| id(name)).collect(),
        extensions: Default::default(),
    });
    Spec { resources: resources.map(|resource| (resource.id.clone(), resource)).collect() }
}

fn state(spec: &Spec) -> State {
    let entry = |resource: &Resource| StateEntry {
        resource: resource.clone(),
        origin: None,
        adopted: false,
        uncertain: false,
        private: json!(null),
    };
    State { resources: spec.resources.iter().map(|(id, r)| (id.clone(), entry(r))).collect() }
}

struct Run {
    outcome: Outcome,
    lines: Vec<String>,
}

struct Setting<'a> {
    runtime: &'a MemoryRuntime,
    parallelism: usize,
    limit: usize,
}

impl<'a> Setting<'a> {
    fn new(runtime: &'a MemoryRuntime) -> Self {
        Self { runtime, parallelism: 1, limit: usize::MAX }
    }

    async fn run(&self, spec: &Spec, state: &State, stop: impl Future<Output = ()>) -> Run {
        let log = Log { lines: Mutex::default(), limit: self.limit };
        let outcome = self.run_with(&log, spec, state, stop).await;
        Run { outcome, lines: log.lines.into_inner().unwrap() }
    }

    async fn run_with(
        &self,
        listener: &dyn Listener,
        spec: &Spec,
        state: &State,
        stop: impl Future<Output = ()>,
    ) -> Outcome {
        let mut observed = std::collections::BTreeMap::new();
        for id in spec.resources.keys().chain(state.resources.keys()) {
            let subject =
                Subject { desired: spec.resources.get(id), prior: state.resources.get(id) };
            observed.insert(id.clone(), self.runtime.observe(subject, &NoSecrets).await.unwrap());
        }
        let plan = Plan::between(spec, state, &observed, &Default::default());
        let execution = Execution {
            plan: &plan,
            spec,
            state,
            runtime: self.runtime,
            secrets: &NoSecrets,
            parallelism: NonZeroUsize::new(self.parallelism).unwrap(),
            patience: None,
        };
        execution.run(stop, listener).await
    }
}

#[tokio::test]
async fn what_is_needed_comes_first_and_goes_last() {
    let runtime = MemoryRuntime::default();
    let desired = spec(&[("pod", &["config", "space"]), ("config", &["space"]), ("space", &[])]);
    let run = Setting::new(&runtime).run(&desired, &State::default(), pending()).await;
    assert!(run.outcome.is_complete());
    assert_eq!(
        run.lines,
        [
            "start create space",
            "applied space",
            "start create config",
            "applied config",
            "start create pod",
            "applied pod"
        ]
    );
    let run = Setting::new(&runtime).run(&Spec::default(), &state(&desired), pending()).await;
    assert_eq!(run.outcome.deleted, 3);
    assert_eq!(
        run.lines.iter().filter(|line| line.starts_with("deleted")).collect::<Vec<_>>(),
        ["deleted pod", "deleted config", "deleted space"]
    );
    assert!(runtime.live().is_empty());
}

#[tokio::test]
async fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let runtime = MemoryRuntime::default();
    runtime.refuse("a");
    let desired = spec(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("other", &[])]);
    let run = Setting::new(&runtime).run(&desired, &State::default(), pending()).await;
    assert_eq!((run.outcome.created, run.outcome.failed, run.outcome.skipped), (1, 1, 2));
    assert!(!run.outcome.is_complete());
    assert_eq!(
        run.lines,
        [
            "start create a",
            "failed a",
            "skipped b because of a",
            "skipped c because of a",
            "start create other",
            "applied other"
        ]
    );
    runtime.accept_all();
    let live = spec(&[("other", &[])]);
    let run = Setting::new(&runtime).run(&desired, &state(&live), pending()).await;
    assert_eq!((run.outcome.created, run.outcome.failed), (3, 0));
}

#[tokio::test]
async fn what_is_heard_of_one_step_may_wait_for_what_is_heard_of_another() {
    let runtime = MemoryRuntime::with_delay(Duration::from_millis(1));
    let names: Vec<String> = (0..20).map(|number| format!("r{number:02}")).collect();
    let desired = spec(&names.iter().map(|name| (name.as_str(), &[][..])).collect::<Vec<_>>());
    for name in names.iter().step_by(3) {
        runtime.refuse(name);
    }
    let (pen, setting) = (Pen::default(), Setting { parallelism: 8, ..Setting::new(&runtime) });
    let state = State::default();
    let outcome = setting.run_with(&pen, &desired, &state, pending());
    let outcome = tokio::time::timeout(Duration::from_secs(60), outcome).await.unwrap();
    assert_eq!((outcome.created, outcome.failed), (13, 7));
    assert_eq!(*pen.taken.lock().await, 40);
}

#[tokio::test]
async fn nothing_goes_before_everything_else_was_done() {
    let runtime = MemoryRuntime::default();
    let before = spec(&[("old", &[]), ("older", &["old"])]);
    let run = Setting::new(&runtime).run(&before, &State::default(), pending()).await;
    assert_eq!(run.outcome.created, 2);

    runtime.refuse("new");
    let desired = spec(&[("new", &[]), ("other", &[])]);
    let run = Setting::new(&runtime).run(&desired, &state(&before), pending()).await;
    assert_eq!((run.outcome.created, run.outcome.failed, run.outcome.skipped), (1, 1, 2));
    assert_eq!(
        run.lines,
        [
            "start create new",
            "failed new",
            "start create other",
            "applied other",
            "skipped older because of new",
            "skipped old because of new",
        ]
    );
    assert_eq!(runtime.live().len(), 3);

    runtime.accept_all();
    let recorded = spec(&[("old", &[]), ("older", &["old"]), ("other", &[])]);
    let run = Setting::new(&runtime).run(&desired, &state(&recorded), pending()).await;
    assert_eq!((run.outcome.created, run.outcome.deleted), (1, 2));
    assert_eq!(run.lines.last().unwrap(), "deleted old");
}

#[tokio::test]
async fn a_stop_leaves_what_would_go() {
    let runtime = MemoryRuntime::with_delay(Duration::from_millis(20));
    let before = spec(&[("old", &[])]);
    let stop = tokio::time::sleep(Duration::from_millis(5));
    let run = Setting::new(&runtime).run(&spec(&[("new", &[])]), &state(&before), stop).await;
    // The old one was observed to be gone already, so that there is nothing to leave.
    assert_eq!((run.outcome.created, run.outcome.stopped), (1, 0));
    runtime.tamper("old", Some(json!({})));
    let stop = tokio::time::sleep(Duration::from_millis(5));
    let desired = spec(&[("new", &[]), ("newer", &[])]);
    let recorded = spec(&[("new", &[]), ("old", &[])]);
    let run = Setting::new(&runtime).run(&desired, &state(&recorded), stop).await;
    assert_eq!((run.outcome.created, run.outcome.stopped, run.outcome.deleted), (1, 1, 0));
    assert_eq!(run.lines, ["start create newer", "applied newer", "stopped old"]);
}

#[tokio::test]
async fn as_many_steps_run_at_once_as_allowed() {
    let names: Vec<String> = (0..20).map(|number| format!("r{number:02}")).collect();
    let resources: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &[][..])).collect();
    for parallelism in [1, 4] {
        let runtime = MemoryRuntime::with_delay(Duration::from_millis(2));
        let setting = Setting { parallelism, ..Setting::new(&runtime) };
        let run = setting.run(&spec(&resources), &State::default(), pending()).await;
        assert_eq!(run.outcome.created, 20);
        assert_eq!(runtime.peak(), parallelism);
    }
}

#[tokio::test]
async fn after_a_stop_no_step_begins_and_those_under_way_end() {
    let runtime = MemoryRuntime::with_delay(Duration::from_millis(20));
    let desired = spec(&[("a", &[]), ("b", &["a"]), ("c", &["b"])]);
    let stop = tokio::time::sleep(Duration::from_millis(5));
    let run = Setting::new(&runtime).run(&desired, &State::default(), stop).await;
    assert_eq!((run.outcome.created, run.outcome.stopped), (1, 2));
    assert_eq!(run.lines, ["start create a", "applied a", "stopped b", "stopped c"]);
}

#[tokio::test]
async fn after_a_stop_that_nobody_listened_for_no_step_begins() {
    let runtime = MemoryRuntime::default();
    let desired = spec(&[("a", &[]), ("b", &[]), ("c", &[])]);
    let setting = Setting { parallelism: 4, ..Setting::new(&runtime) };
    let run = setting.run(&desired, &State::default(), std::future::ready(())).await;
    assert_eq!((run.outcome.created, run.outcome.stopped), (0, 3));
    assert!(run.outcome.interrupted);
    assert_eq!(run.lines, ["stopped a", "stopped b", "stopped c"]);
}

#[tokio::test]
async fn nothing_is_touched_that_the_listener_did_not_hear_of() {
    let runtime = MemoryRuntime::default();
    let desired = spec(&[("a", &[]), ("b", &["a"])]);
    let setting = Setting { limit: 2, ..Setting::new(&runtime) };
    let run = setting.run(&desired, &State::default(), pending()).await;
    assert!(run.outcome.refused.is_some());
    let applied = runtime.calls().into_iter().filter(|call| matches!(call, Call::Apply(_)));
    assert_eq!(applied.collect::<Vec<_>>(), [Call::Apply(ResourceId::parse("a").unwrap())]);
}

#[tokio::test]
async fn what_stays_is_not_touched() {
    let runtime = MemoryRuntime::default();
    let desired = spec(&[("a", &[]), ("b", &["a"])]);
    let setting = Setting::new(&runtime);
    assert!(setting.run(&desired, &State::default(), pending()).await.outcome.is_complete());
    let run = setting.run(&desired, &state(&desired), pending()).await;
    assert!(run.lines.is_empty(), "{:?}", run.lines);
    assert!(run.outcome.is_complete());
}

#[tokio::test]
async fn what_existed_before_is_never_replaced() {
    let desired = spec(&[("a", &[])]);
    let recorded = state(&desired);
    let mut adopted = recorded.clone();
    adopted.resources.values_mut().for_each(|entry| entry.adopted = true);
    let a = || ResourceId::parse("a").unwrap();
    for (state, reason, calls) in [
        (&recorded, Reason::Configuration, vec![Call::Delete(a()), Call::Apply(a())]),
        (&adopted, Reason::Configuration, vec![]),
        (&State::default(), Reason::Adopted, vec![]),
    ] {
        let runtime = MemoryRuntime::default();
        let mut plan = Plan::between(&desired, state, &Default::default(), &Default::default());
        plan.steps[0].action = Action::Replace;
        plan.steps[0].reason = Some(reason);
        let log = Log { lines: Mutex::default(), limit: usize::MAX };
        let execution = Execution {
            plan: &plan,
            spec: &desired,
            state,
            runtime: &runtime,
            secrets: &NoSecrets,
            parallelism: NonZeroUsize::MIN,
            patience: None,
        };
        let outcome = execution.run(pending(), &log).await;
        assert_eq!(runtime.calls(), calls, "{reason}");
        assert_eq!(
            (outcome.replaced, outcome.failed),
            if calls.is_empty() { (0, 1) } else { (1, 0) }
        );
        let refused = outcome.failures.first().map(|(_, error)| error.as_ref());
        assert!(calls.is_empty() == matches!(refused, Some(RuntimeError::AdoptedReplaced { .. })));
    }
}

/// A target that deletes `stuck` for ever.
#[derive(Default)]
struct Sticky(MemoryRuntime);

#[async_trait]
impl Runtime for Sticky {
    fn target(&self) -> String {
        "sticky".to_owned()
    }

    async fn observe(
        &self,
        subject: Subject<'_>,
        secrets: &dyn Resolve,
    ) -> Result<Observed, RuntimeError> {
        self.0.observe(subject, secrets).await
    }

    async fn apply(
        &self,
        desired: &Resource,
        prior: Option<&StateEntry>,
        secrets: &dyn Resolve,
    ) -> Result<Applied, RuntimeError> {
        self.0.apply(desired, prior, secrets).await
    }

    async fn delete(&self, prior: &StateEntry) -> Result<(), RuntimeError> {
        self.0.delete(prior).await
    }

    async fn delete_telling(
        &self,
        prior: &StateEntry,
        tell: &(dyn for<'t> Fn(Going<'t>) + Sync),
    ) -> Result<(), RuntimeError> {
        tell(Going::Accepted);
        if prior.resource.id.as_str() == "stuck" {
            tell(Going::Waits { reason: "somebody holds it" });
            pending::<()>().await;
        }
        self.delete(prior).await
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_what_the_target_deletes_by_now() {
    let runtime = Sticky::default();
    let desired = spec(&[("space", &[]), ("stuck", &["space"]), ("quick", &["space"])]);
    let recorded = state(&desired);
    for id in desired.resources.keys() {
        runtime.0.tamper(id.as_str(), Some(json!({})));
    }
    let plan = Plan::destroy(&recorded, &Default::default());
    let log = Log { lines: Mutex::default(), limit: usize::MAX };
    let execution = Execution {
        plan: &plan,
        spec: &Spec::default(),
        state: &recorded,
        runtime: &runtime,
        secrets: &NoSecrets,
        parallelism: NonZeroUsize::new(4).unwrap(),
        patience: None,
    };
    let stop = async {
        while !log.lines.lock().unwrap().iter().any(|line| line.starts_with("settled stuck")) {
            tokio::task::yield_now().await;
        }
    };
    let outcome = execution.run(stop, &log).await;
    assert_eq!((outcome.deleted, outcome.leaving, outcome.stopped), (1, 1, 1));
    assert!(outcome.interrupted && !outcome.is_complete());
    let (id, reason) = (ResourceId::parse("stuck").unwrap(), Some("somebody holds it".to_owned()));
    assert_eq!(outcome.pending, [Pending { id, awaits: Awaits::Gone, reason }]);
    let lines = log.lines.into_inner().unwrap();
    assert_eq!(lines.last().map(String::as_str), Some("stopped space"), "{lines:?}");
    assert!(lines.contains(&"left stuck: Some(\"somebody holds it\")".to_owned()), "{lines:?}");
}
