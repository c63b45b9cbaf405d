//! The only writer of releases.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::backend::{BackendError, Expected, Key, Lease, MAX_RECORD, Tag};
use crate::release::fold::Fold;
use crate::release::log::{self, Event};
use crate::release::record::FORMAT_VERSION;
use crate::release::{
    CallRecord, Intent, ModuleRecord, Operation, Phase, RecordedSource, Release, ReleaseError,
    ReleaseStore, TargetRecord,
};
use crate::spec::{Origin, ResourceId, SecretRef, Spec, State, StateEntry};

/// What a release will be, once it was approved.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it does.
    pub operation: Operation,
    /// Who approved it: `alice@build-7`.
    pub actor: String,
    /// The version of kusion that makes it.
    pub kusion_version: String,
    /// Where its resources live.
    pub target: TargetRecord,
    /// The modules that took part.
    pub modules: Vec<ModuleRecord>,
    /// What each module was asked; no secret is in it.
    pub calls: Vec<CallRecord>,
    /// Who made each resource and, after the maker, who patched it.
    pub origins: BTreeMap<ResourceId, Vec<Origin>>,
    /// The release whose Spec a rollback replays.
    pub rolled_back_to: Option<u64>,
    /// Whether a destroy leaves the stack's vault; `None` for what is no destroy.
    pub keeps_secrets: Option<bool>,
    /// Where each secret of the Spec comes from.
    pub secrets: BTreeMap<SecretRef, RecordedSource>,
    /// What shall exist, with references in place of secrets.
    pub spec: Spec,
    /// What the last release left.
    pub prior: State,
    /// All changes that were approved.
    pub intents: Vec<Intent>,
}

/// A release on its way.
///
/// Each method makes its line durable before it returns, and writes nothing once the lease is lost. Lines that come
/// while others are being written are written together, because a disk takes as long for many as for one. A
/// journal that is dropped without [`Journal::finish`] is what a crash leaves: the next run recovers it.
#[derive(Debug)]
pub struct Journal {
    store: ReleaseStore,
    lease: Arc<dyn Lease>,
    revision: u64,
    progress: Mutex<Progress>,
    /// Held by who writes the lines that wait, so that they get into the log in their order.
    pen: Mutex<()>,
}

#[derive(Debug)]
struct Progress {
    release: Release,
    tag: Tag,
    fold: Fold,
    /// How many lines there are, those that wait included.
    lines: usize,
    /// The last of them, which nobody has begun to write.
    waiting: Vec<Vec<u8>>,
    /// How many lines are durable.
    durable: usize,
    /// Whether lines are on their way. Whoever has the pen and finds them there knows that they were given up.
    writing: bool,
    /// Whether the end of the log is unknown, because a write failed or was given up.
    broken: bool,
}

impl Journal {
    /// Writes the record of a new release and its plan, before the first change.
    ///
    /// # Errors
    ///
    /// The last release is unfinished, somebody else made a release meanwhile, the release is too large
    /// or too deep to be read again, the lease was lost, or the backend cannot be written.
    #[tracing::instrument(level = "info", name = "begin release", skip_all)]
    pub async fn begin(
        store: ReleaseStore,
        lease: Arc<dyn Lease>,
        draft: Draft,
    ) -> Result<Self, ReleaseError> {
        let latest = store.latest().await?;
        if let Some(Release { revision, phase, .. }) = latest
            && !phase.is_finished()
        {
            return Err(ReleaseError::Unfinished { revision, phase });
        }
        let revision = latest.map_or(1, |release| release.revision.saturating_add(1));
        let intents = draft.intents.clone();
        let release = release(&store, revision, draft);
        let key = store.stack().record(revision);
        let bytes = release.encode(&key)?;
        check_readable(&release, &key)?;
        let tag = lease.put_if(&key, Expected::Absent, &bytes).await?;
        let progress = Progress {
            fold: Fold::new(&release),
            release,
            tag,
            lines: 0,
            waiting: Vec::new(),
            durable: 0,
            writing: false,
            broken: false,
        };
        let generation = lease.generation();
        let (progress, pen) = (Mutex::new(progress), Mutex::new(()));
        let journal = Self { store, lease, revision, progress, pen };
        journal.record(Event::begun(revision, generation, intents)).await?;
        Ok(journal)
    }

    /// Returns the number of the release.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the state with all results up to now.
    pub async fn state(&self) -> State {
        let progress = self.progress.lock().await;
        progress.fold.state(&progress.release)
    }

    /// Records that a change is about to be made; to be called before the target is touched.
    ///
    /// A replacement is one change: it is started once and ends with [`Journal::applied`].
    ///
    /// # Errors
    ///
    /// The change was not approved, or the line cannot be written. Then the change must not be made.
    pub async fn started(&self, id: &ResourceId) -> Result<(), ReleaseError> {
        self.record(Event::Started { id: id.clone() }).await
    }

    /// Records that a resource is as it shall be, also one that needed no change.
    ///
    /// # Errors
    ///
    /// The line cannot be written; [`Journal::finish`] can still put the result on record.
    pub async fn applied(&self, entry: StateEntry) -> Result<(), ReleaseError> {
        self.record(Event::Applied { entry: Box::new(entry) }).await
    }

    /// Records that a resource is gone.
    ///
    /// # Errors
    ///
    /// The line cannot be written; [`Journal::finish`] can still put the result on record.
    pub async fn deleted(&self, id: &ResourceId) -> Result<(), ReleaseError> {
        self.record(Event::Deleted { id: id.clone() }).await
    }

    /// Records that a change was not made, or not to its end. The resource stays uncertain.
    ///
    /// # Errors
    ///
    /// The line cannot be written; [`Journal::finish`] can still put the result on record.
    pub async fn failed(&self, id: &ResourceId, message: &str) -> Result<(), ReleaseError> {
        self.record(Event::Failed { id: id.clone(), message: message.to_owned() }).await
    }

    /// Writes the state and the phase, and returns the finished release.
    ///
    /// # Errors
    ///
    /// The phase is not one to end with, the lease was lost, somebody else changed the record, or the
    /// backend cannot be written. The journal stays then, and the next run recovers the release.
    #[tracing::instrument(level = "info", name = "write release", skip_all, fields(revision = self.revision, phase = %phase))]
    pub async fn finish(&self, phase: Phase) -> Result<Release, ReleaseError> {
        let mut progress = self.progress.lock().await;
        let from = progress.release.phase;
        if !from.can_become(phase) {
            return Err(ReleaseError::Transition { revision: self.revision, from, to: phase });
        }
        let mut release = progress.release.clone();
        release.state = progress.fold.state(&release);
        release.phase = phase;
        release.modified_time = release.create_time.max(Timestamp::now());
        progress.tag =
            self.store.replace(self.lease.as_ref(), &release, progress.tag.clone()).await?;
        progress.release = release.clone();
        // The record is complete. A journal that cannot be deleted is of no use to anybody, and the
        // next run deletes it.
        drop(self.lease.delete(&self.store.stack().journal(self.revision)).await);
        Ok(release)
    }

    /// Takes back a release of which nothing was begun, so that none is on record.
    ///
    /// # Errors
    ///
    /// The lease was lost, or the backend cannot be written. The next run recovers the release.
    pub async fn abandon(&self) -> Result<(), ReleaseError> {
        let stack = self.store.stack();
        // A record without a journal is recovered; a journal without a record would be that of the next release.
        self.lease.delete(&stack.journal(self.revision)).await?;
        Ok(self.lease.delete(&stack.record(self.revision)).await?)
    }

    async fn record(&self, event: Event) -> Result<(), ReleaseError> {
        let mut progress = self.progress.lock().await;
        let started = match &event {
            Event::Started { id } if progress.fold.intent(id).is_none() => {
                return Err(ReleaseError::Unplanned { revision: self.revision, id: id.clone() });
            }
            Event::Started { id } if !progress.fold.is_open(id) => Some(id.clone()),
            _ => None,
        };
        let key = self.store.stack().journal(self.revision);
        let line = log::encode(progress.lines, &event)
            .map_err(|error| ReleaseError::Encode { key: key.clone(), source: error.into() })?;
        // Results count even if their line is lost: the final record may still be written.
        progress.fold.add(event);
        if progress.broken || progress.release.phase.is_finished() {
            if let Some(id) = started {
                progress.fold.not_started(&id);
            }
            return Err(ReleaseError::JournalBroken { revision: self.revision });
        }
        progress.waiting.push(line);
        progress.lines += 1;
        let lines = progress.lines;
        drop(progress);
        let written = self.write_through(lines, &key).await;
        if let (Err(_), Some(id)) = (&written, started) {
            self.progress.lock().await.fold.not_started(&id);
        }
        written
    }

    /// Returns once so many lines are durable, and writes all that wait if nobody else does.
    async fn write_through(&self, lines: usize, key: &Key) -> Result<(), ReleaseError> {
        let _pen = self.pen.lock().await;
        let waiting = {
            let mut progress = self.progress.lock().await;
            if progress.durable >= lines {
                return Ok(());
            }
            // If a future is dropped while its lines are on their way, nobody knows whether they arrive.
            progress.broken |= progress.writing;
            if progress.broken {
                return Err(ReleaseError::JournalBroken { revision: self.revision });
            }
            progress.writing = true;
            std::mem::take(&mut progress.waiting)
        };
        let written = self.lease.append(key, &waiting).await;
        let mut progress = self.progress.lock().await;
        progress.writing = false;
        match &written {
            Ok(()) => progress.durable += waiting.len(),
            // Nothing was written. Whoever has a line here is told the same, which says more than that the
            // journal cannot be written.
            Err(BackendError::Lost { .. }) => drop(progress.waiting.splice(..0, waiting)),
            Err(_) => progress.broken = true,
        }
        Ok(written?)
    }
}

/// Makes sure that the record, also with all resources applied, is within the bounds of the reader: that
/// is to be found out before the first change, not after the last.
fn check_readable(release: &Release, key: &Key) -> Result<(), ReleaseError> {
    let mut full = release.clone();
    for (id, resource) in &release.spec.resources {
        let entry = StateEntry {
            resource: resource.clone(),
            origin: release.origins.get(id).and_then(|origins| origins.first()).cloned(),
            adopted: true,
            uncertain: true,
            private: full.state.resources.remove(id).map(|entry| entry.private).unwrap_or_default(),
        };
        full.state.resources.insert(id.clone(), entry);
    }
    let bytes = full.encode(key)?;
    check_size(key, bytes.len() as u64)?;
    Release::decode(&release.stack_key(), release.revision, &bytes)
        .map(drop)
        .map_err(|error| ReleaseError::Unreadable { key: key.clone(), source: Box::new(error) })
}

fn check_size(key: &Key, size: u64) -> Result<(), ReleaseError> {
    if size <= MAX_RECORD {
        return Ok(());
    }
    let source = BackendError::TooLarge { key: key.clone(), size, limit: MAX_RECORD };
    Err(ReleaseError::Unreadable { key: key.clone(), source: Box::new(source) })
}

fn release(store: &ReleaseStore, revision: u64, draft: Draft) -> Release {
    let stack = store.stack();
    let now = Timestamp::now();
    Release {
        format_version: FORMAT_VERSION,
        project: stack.project.clone(),
        workspace: stack.workspace.clone(),
        stack: stack.stack.clone(),
        revision,
        operation: draft.operation,
        phase: draft.operation.first_phase(),
        create_time: now,
        modified_time: now,
        actor: draft.actor,
        kusion_version: draft.kusion_version,
        target: draft.target.name,
        target_id: draft.target.id,
        modules: draft.modules,
        calls: draft.calls,
        origins: draft.origins,
        rolled_back_to: draft.rolled_back_to,
        keeps_secrets: draft.keeps_secrets,
        secrets: Some(draft.secrets),
        spec: draft.spec,
        state: draft.prior,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as SyncMutex;

    use async_trait::async_trait;
    use futures_util::future::join_all;

    use super::*;
    use crate::backend::MemoryBackend;
    use crate::release::tests::{draft, entry, holder, id, store};

    /// Takes a moment to append, in which others come, and says how many lines it was given each time.
    #[derive(Debug)]
    struct Slow {
        lease: Arc<dyn Lease>,
        given: Arc<SyncMutex<Vec<usize>>>,
        /// Refuses so many lines at once.
        refuses: Option<usize>,
    }

    async fn slow(
        store: &ReleaseStore,
        refuses: Option<usize>,
    ) -> (Journal, Arc<SyncMutex<Vec<usize>>>) {
        let (lease, given) = (store.lease(&holder()).await.unwrap(), Arc::default());
        let slow = Slow { lease, given: Arc::clone(&given), refuses };
        (Journal::begin(store.clone(), Arc::new(slow), draft()).await.unwrap(), given)
    }

    #[async_trait]
    impl Lease for Slow {
        fn generation(&self) -> u64 {
            self.lease.generation()
        }

        fn identity(&self) -> &str {
            self.lease.identity()
        }

        async fn put_if(
            &self,
            key: &Key,
            expected: Expected,
            bytes: &[u8],
        ) -> Result<Tag, BackendError> {
            self.lease.put_if(key, expected, bytes).await
        }

        async fn append(&self, key: &Key, lines: &[Vec<u8>]) -> Result<(), BackendError> {
            self.given.lock().unwrap().push(lines.len());
            tokio::task::yield_now().await;
            if self.refuses == Some(lines.len()) {
                let (key, source) = (key.clone(), std::io::ErrorKind::StorageFull.into());
                return Err(BackendError::Write { key, place: "here".to_owned(), source });
            }
            self.lease.append(key, lines).await
        }

        async fn delete(&self, key: &Key) -> Result<(), BackendError> {
            self.lease.delete(key).await
        }
    }

    #[tokio::test]
    async fn lines_that_come_during_a_write_are_written_together() {
        let backend = MemoryBackend::default();
        let store = store(&backend);
        let (journal, given) = slow(&store, None).await;
        let [new, old, gone] = ["new", "old", "gone"].map(id);
        let all = join_all([journal.started(&new), journal.started(&old), journal.started(&gone)]);
        assert!(all.await.into_iter().all(|written| written.is_ok()));
        journal.applied(entry("new", "after")).await.unwrap();
        assert_eq!(*given.lock().unwrap(), [1, 1, 2, 1]);
        // Also together they are lost with the lease, and each is told so.
        backend.steal(&store.stack().releases());
        let all = tokio::join!(journal.applied(entry("old", "after")), journal.deleted(&gone));
        for lost in [all.0, all.1] {
            assert!(
                matches!(lost, Err(ReleaseError::Backend(BackendError::Lost { .. }))),
                "{lost:?}"
            );
        }
        let written = backend.peek(&store.stack().journal(1)).unwrap();
        assert_eq!(log::decode(&written).unwrap().len(), 5);
    }

    #[test]
    fn a_record_that_no_backend_would_take_is_refused_before_the_first_change() {
        let key = Key::parse("releases/shop/dev/dev/1.yaml").unwrap();
        assert!(check_size(&key, MAX_RECORD).is_ok());
        let error = check_size(&key, MAX_RECORD + 1).unwrap_err();
        assert!(matches!(error, ReleaseError::Unreadable { .. }), "{error}");
    }

    #[tokio::test]
    async fn of_lines_that_cannot_be_written_together_one_says_why_and_none_counts_as_started() {
        let store = store(&MemoryBackend::default());
        let (journal, _) = slow(&store, Some(2)).await;
        let [new, old, gone] = ["new", "old", "gone"].map(id);
        let (first, second, third) =
            tokio::join!(journal.started(&new), journal.started(&old), journal.started(&gone));
        assert!(first.is_ok());
        assert!(
            matches!(second, Err(ReleaseError::Backend(BackendError::Write { .. }))),
            "{second:?}"
        );
        assert!(matches!(third, Err(ReleaseError::JournalBroken { .. })), "{third:?}");
        let open = |name: &str, state: &State| {
            state.resources.get(&id(name)).is_some_and(|entry| entry.uncertain)
        };
        let state = journal.state().await;
        assert_eq!(["new", "old", "gone"].map(|name| open(name, &state)), [true, false, false]);
    }

    #[tokio::test]
    async fn a_journal_whose_write_was_given_up_takes_no_more_lines() {
        let store = store(&MemoryBackend::default());
        let (journal, _) = slow(&store, None).await;
        let new = id("new");
        {
            let mut started = std::pin::pin!(journal.started(&new));
            assert!(futures_util::poll!(started.as_mut()).is_pending());
        }
        let after = journal.started(&id("old")).await;
        assert!(matches!(after, Err(ReleaseError::JournalBroken { .. })), "{after:?}");
        assert!(journal.finish(Phase::Failed).await.is_ok());
    }
}
