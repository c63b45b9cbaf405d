//! The walk itself.

use std::collections::BTreeSet;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::future::FusedFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::apply::{Awaits, Event, Listener, Outcome, Pending, Refused, Settling};
use crate::plan::{Action, Plan, Reason, Step};
use crate::runtime::{Going, Runtime, RuntimeError};
use crate::secret::Resolve;
use crate::spec::{Resource, ResourceId, Spec, State, StateEntry};

/// Everything a run needs.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// What to do, in which order.
    pub plan: &'a Plan,
    /// The resources as they shall be.
    pub spec: &'a Spec,
    /// The resources as last recorded.
    pub state: &'a State,
    /// Where they live.
    pub runtime: &'a dyn Runtime,
    /// Gives secret values to the runtime.
    pub secrets: &'a dyn Resolve,
    /// How many steps run at once.
    pub parallelism: NonZeroUsize,
    /// How long the resources may take to work; `None` does not wait.
    pub patience: Option<Duration>,
}

/// Which steps of a plan are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What is made or changed, or stays.
    Changes,
    /// What goes.
    Deletes,
}

impl Part {
    fn has(self, step: &Step) -> bool {
        (self == Self::Deletes) == (step.action == Action::Delete)
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
    Stopped,
}

struct Finished {
    index: usize,
    end: End,
}

/// How a step ended.
enum End {
    /// The run was stopped before it began.
    NotBegun,
    /// A listener did not let it begin.
    Refused(Refused),
    /// The change was made, whether the listener took note or not.
    Made(Result<(), Refused>),
    /// The run was stopped while the target deleted the resource, for a reason that may have been told.
    Leaving(Option<String>),
    /// The change was not made, or not to its end; likewise.
    Failed(Arc<RuntimeError>, Result<(), Refused>),
}

/// What came of a change.
enum Change {
    /// The resource is as it shall be.
    Applied(Box<StateEntry>),
    /// It does not exist any more.
    Gone,
    /// It was not waited for until it is gone, for a reason that may have been told.
    Leaving(Option<String>),
}

/// What a change hears and says while it is made.
#[derive(Clone)]
struct Surroundings {
    said: UnboundedSender<(ResourceId, String)>,
    stopping: watch::Receiver<bool>,
}

/// Gives the executor a turn.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Execution<'_> {
    /// Carries the plan out until it is done or `stop` resolves.
    ///
    /// What nobody wants any more goes at the end, once everything else was done and, if it is waited for, works:
    /// until then it may be what works. Of the changes a failed one skips what depends on it and all deletes, and
    /// nothing else; of the deletes, what depends on it. After `stop` no step begins; those under way are finished,
    /// but what the target deletes by now is not waited for.
    #[tracing::instrument(level = "info", name = "apply plan", skip_all, fields(steps = self.plan.steps.len()))]
    pub async fn run(&self, stop: impl Future<Output = ()>, listener: &dyn Listener) -> Outcome {
        let mut outcome = Outcome::default();
        let mut stop = pin!(futures_util::FutureExt::fuse(stop));
        self.walk(Part::Changes, stop.as_mut(), listener, &mut outcome).await;
        let goes_on = |outcome: &Outcome, stopped: bool| outcome.is_complete() && !stopped;
        if let Some(patience) = self.patience
            && goes_on(&outcome, stop.is_terminated())
        {
            let settling = Settling { spec: self.spec, runtime: self.runtime, patience };
            settling.run(stop.as_mut(), listener, &mut outcome).await;
        }
        if goes_on(&outcome, stop.is_terminated()) {
            self.walk(Part::Deletes, stop.as_mut(), listener, &mut outcome).await;
        } else {
            self.leave_deletes(&mut outcome, listener).await;
        }
        outcome.interrupted = stop.is_terminated() && !outcome.is_complete();
        outcome
    }

    async fn walk(
        &self,
        part: Part,
        mut stop: Pin<&mut (impl FusedFuture<Output = ()> + ?Sized)>,
        listener: &dyn Listener,
        outcome: &mut Outcome,
    ) {
        let mut walk = Walk::new(self.plan, part);
        let mut running = FuturesUnordered::new();
        let (said, mut heard) = unbounded_channel();
        let (stops, stopped) = watch::channel(stop.is_terminated());
        let stop_all = || {
            stops.send_replace(true);
        };
        let around = Surroundings { said, stopping: stopped.clone() };
        loop {
            // Nobody may have listened for it until now.
            if futures_util::poll!(stop.as_mut()).is_ready() {
                stop_all();
            }
            while !*stopped.borrow() && running.len() < self.parallelism.get() {
                let Some(index) = walk.ready.pop_first() else { break };
                let Some(step) = self.plan.steps.get(index) else { continue };
                if step.action == Action::Unchanged {
                    walk.done(index);
                    continue;
                }
                walk.set(index, Status::Running);
                running.push(self.perform(index, step, listener, around.clone()));
            }
            // Steps that never wait would otherwise keep the executor from noticing a signal.
            yield_now().await;
            let finished = tokio::select! {
                biased;
                () = stop.as_mut() => {
                    stop_all();
                    continue;
                }
                Some((id, reason)) = heard.recv() => {
                    if let Err(refused) = listener.hear(&Event::Waiting { id, reason }).await {
                        outcome.refused.get_or_insert(refused);
                        stop_all();
                    }
                    continue;
                }
                finished = running.next() => finished,
            };
            let Some(finished) = finished else { break };
            if let Err(refused) = self.settle(finished, &mut walk, outcome, listener).await {
                outcome.refused.get_or_insert(refused);
                stop_all();
            }
        }
        self.leave_rest(&mut walk, outcome, listener).await;
    }

    #[tracing::instrument(level = "debug", name = "change resource", skip_all, fields(id = %step.id, action = %step.action))]
    async fn perform(
        &self,
        index: usize,
        step: &Step,
        listener: &dyn Listener,
        around: Surroundings,
    ) -> Finished {
        if *around.stopping.borrow() {
            return Finished { index, end: End::NotBegun };
        }
        let (id, action) = (step.id.clone(), step.action);
        // A listener that makes durable what it hears takes its time, in which others go on. What it hears of one
        // step may wait for what it hears of another, so all of it is heard here, where all steps are polled.
        if let Err(refused) = listener.hear(&Event::Started { id: id.clone(), action }).await {
            return Finished { index, end: End::Refused(refused) };
        }
        let start = Instant::now();
        let event = match self.change(step, around).await {
            Ok(Change::Applied(entry)) => Event::Applied { entry, action, time: start.elapsed() },
            Ok(Change::Gone) => Event::Deleted { id, time: start.elapsed() },
            Ok(Change::Leaving(reason)) => return Finished { index, end: End::Leaving(reason) },
            Err(error) => {
                let error = Arc::new(error);
                let failed = Event::Failed { id, action, error: Arc::clone(&error) };
                return Finished { index, end: End::Failed(error, listener.hear(&failed).await) };
            }
        };
        Finished { index, end: End::Made(listener.hear(&event).await) }
    }

    async fn change(&self, step: &Step, around: Surroundings) -> Result<Change, RuntimeError> {
        let prior = self.state.resources.get(&step.id);
        match (step.action, self.spec.resources.get(&step.id), prior) {
            (Action::Delete, _, Some(prior)) => self.delete(prior, around).await,
            (Action::Replace, Some(desired), prior) => {
                self.replace(step, desired, prior, around).await
            }
            (Action::Create | Action::Update, Some(desired), prior) => {
                self.apply(step, desired, prior).await
            }
            // There is nothing to make or to delete: the plan is not one of this Spec and state.
            _ => Err(RuntimeError::Unplanned { id: step.id.clone() }),
        }
    }

    /// Deletes a resource and waits until it is gone, or until the run is stopped: then what the target has accepted
    /// goes by itself.
    async fn delete(
        &self,
        prior: &StateEntry,
        around: Surroundings,
    ) -> Result<Change, RuntimeError> {
        let Surroundings { said, mut stopping } = around;
        let (accept, mut accepted) = watch::channel(false);
        let last = Mutex::new(None);
        let last_said = || last.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = |going: Going<'_>| match going {
            Going::Accepted => {
                accept.send_replace(true);
            }
            Going::Waits { reason } => {
                *last_said() = Some(reason.to_owned());
                // The walk listens until all steps have ended.
                let _unheard = said.send((prior.resource.id.clone(), reason.to_owned()));
            }
        };
        let let_go = async {
            turns_true(&mut stopping).await;
            turns_true(&mut accepted).await;
        };
        tokio::select! {
            biased;
            gone = self.runtime.delete_telling(prior, &tell) => gone.map(|()| Change::Gone),
            () = let_go => Ok(Change::Leaving(last_said().take())),
        }
    }

    async fn apply(
        &self,
        step: &Step,
        desired: &Resource,
        prior: Option<&StateEntry>,
    ) -> Result<Change, RuntimeError> {
        let applied = self.runtime.apply(desired, prior, self.secrets).await?;
        // What was adopted and somebody deleted is made by us now.
        let stays_adopted =
            step.action != Action::Create && prior.is_some_and(|prior| prior.adopted);
        let adopted = stays_adopted || step.reason == Some(Reason::Adopted);
        Ok(Change::Applied(Box::new(StateEntry {
            resource: desired.clone(),
            origin: step.origin.clone(),
            adopted,
            uncertain: false,
            private: applied.private,
        })))
    }

    /// Deletes and makes anew, which nobody may do to what existed before us.
    async fn replace(
        &self,
        step: &Step,
        desired: &Resource,
        prior: Option<&StateEntry>,
        around: Surroundings,
    ) -> Result<Change, RuntimeError> {
        let adopted = prior.is_some_and(|prior| prior.adopted);
        if adopted || step.reason == Some(Reason::Adopted) {
            return Err(RuntimeError::AdoptedReplaced { id: step.id.clone() });
        }
        let Some(prior) = prior else { return self.apply(step, desired, None).await };
        match self.delete(prior, around).await? {
            // What was recorded is about the object that is gone now.
            Change::Gone => self.apply(step, desired, None).await,
            leaving => Ok(leaving),
        }
    }

    async fn settle(
        &self,
        finished: Finished,
        walk: &mut Walk,
        outcome: &mut Outcome,
        listener: &dyn Listener,
    ) -> Result<(), Refused> {
        let Finished { index, end } = finished;
        let Some(step) = self.plan.steps.get(index) else { return Ok(()) };
        let action = step.action;
        match end {
            End::NotBegun => {
                walk.set(index, Status::Waiting);
                Ok(())
            }
            End::Refused(refused) => {
                walk.set(index, Status::Waiting);
                Err(refused)
            }
            End::Made(heard) => {
                walk.done(index);
                match action {
                    Action::Create => outcome.created += 1,
                    Action::Update => outcome.updated += 1,
                    Action::Replace => outcome.replaced += 1,
                    Action::Delete => outcome.deleted += 1,
                    Action::Unchanged => {}
                }
                heard
            }
            End::Leaving(reason) => {
                walk.set(index, Status::Stopped);
                outcome.leaving += 1;
                let pending = Pending { id: step.id.clone(), awaits: Awaits::Gone, reason };
                outcome.pending.push(pending.clone());
                listener.hear(&Event::Unawaited { pending }).await
            }
            End::Failed(error, heard) => {
                outcome.failed += 1;
                walk.set(index, Status::Failed);
                outcome.failures.push((step.id.clone(), error));
                heard?;
                self.skip_dependents(index, walk, outcome, listener).await
            }
        }
    }

    async fn skip_dependents(
        &self,
        failed: usize,
        walk: &mut Walk,
        outcome: &mut Outcome,
        listener: &dyn Listener,
    ) -> Result<(), Refused> {
        let Some(because) = self.plan.steps.get(failed).map(|step| step.id.clone()) else {
            return Ok(());
        };
        for index in walk.skip_dependents(failed) {
            let Some(step) = self.plan.steps.get(index) else { continue };
            if step.action == Action::Unchanged {
                continue;
            }
            outcome.skipped += 1;
            listener
                .hear(&Event::Skipped { id: step.id.clone(), because: because.clone() })
                .await?;
        }
        Ok(())
    }

    /// Leaves everything that would go where it is, and on record.
    async fn leave_deletes(&self, outcome: &mut Outcome, listener: &dyn Listener) {
        let because = outcome.failures.first().map(|(id, _)| id.clone());
        for step in self.plan.steps.iter().filter(|step| Part::Deletes.has(step)) {
            let id = step.id.clone();
            let event = match because.clone() {
                Some(because) => {
                    outcome.skipped += 1;
                    Event::Skipped { id, because }
                }
                None => {
                    outcome.stopped += 1;
                    Event::Stopped { id }
                }
            };
            if let Err(refused) = listener.hear(&event).await {
                outcome.refused.get_or_insert(refused);
            }
        }
    }

    async fn leave_rest(&self, walk: &mut Walk, outcome: &mut Outcome, listener: &dyn Listener) {
        for (index, step) in self.plan.steps.iter().enumerate() {
            if walk.status(index) != Some(Status::Waiting) || step.action == Action::Unchanged {
                continue;
            }
            walk.set(index, Status::Stopped);
            outcome.stopped += 1;
            if let Err(refused) = listener.hear(&Event::Stopped { id: step.id.clone() }).await {
                outcome.refused.get_or_insert(refused);
            }
        }
    }
}

/// Waits until something becomes true; for ever, if nobody is left who could say so.
async fn turns_true(told: &mut watch::Receiver<bool>) {
    if told.wait_for(|it| *it).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Which steps of a part can begin. Those of the other part are done or left alone.
struct Walk {
    status: Vec<Status>,
    missing: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
}

impl Walk {
    fn new(plan: &Plan, part: Part) -> Self {
        let is_meant = |index: usize| plan.steps.get(index).is_some_and(|step| part.has(step));
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut missing = vec![0; plan.steps.len()];
        let mut status = vec![Status::Done; plan.steps.len()];
        let mut ready = BTreeSet::new();
        let parts = status.iter_mut().zip(&mut missing).zip(&plan.steps).enumerate();
        for (index, ((status, missing), step)) in parts.filter(|(index, _)| is_meant(*index)) {
            *status = Status::Waiting;
            for before in step.after.iter().filter(|before| is_meant(**before)) {
                *missing += 1;
                if let Some(list) = dependents.get_mut(*before) {
                    list.push(index);
                }
            }
            if *missing == 0 {
                ready.insert(index);
            }
        }
        Self { status, missing, dependents, ready }
    }

    fn status(&self, index: usize) -> Option<Status> {
        self.status.get(index).copied()
    }

    fn set(&mut self, index: usize, status: Status) {
        if let Some(entry) = self.status.get_mut(index) {
            *entry = status;
        }
    }

    fn done(&mut self, index: usize) {
        self.set(index, Status::Done);
        for dependent in self.dependents.get(index).into_iter().flatten() {
            if let Some(missing) = self.missing.get_mut(*dependent) {
                *missing = missing.saturating_sub(1);
                if *missing == 0 && self.status.get(*dependent) == Some(&Status::Waiting) {
                    self.ready.insert(*dependent);
                }
            }
        }
    }

    /// Marks all that directly or indirectly waits for a failed step, and returns it in order.
    fn skip_dependents(&mut self, failed: usize) -> Vec<usize> {
        let mut skipped = BTreeSet::new();
        let mut stack = vec![failed];
        while let Some(index) = stack.pop() {
            for dependent in self.dependents.get(index).into_iter().flatten() {
                if self.status.get(*dependent) == Some(&Status::Waiting)
                    && skipped.insert(*dependent)
                {
                    stack.push(*dependent);
                }
            }
        }
        for index in &skipped {
            self.set(*index, Status::Skipped);
        }
        skipped.into_iter().collect()
    }
}
