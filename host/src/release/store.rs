//! The releases of a stack in a backend.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::backend::{Backend, BackendError, Expected, Holder, Key, Lease, Tag};
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::release::fold::Fold;
use crate::release::log::Unreadable;
use crate::release::{
    Operation, Phase, Recovered, Release, ReleaseError, StackKey, TargetRecord, log, stack,
};
use crate::spec::{Spec, State};

/// How often a reader looks again when a release ends while it reads its journal.
const LOOKS: usize = 5;

/// Reads the releases of a stack; writing them is the business of [`Journal`](crate::release::Journal).
#[derive(Debug, Clone)]
pub struct ReleaseStore {
    backend: Arc<dyn Backend>,
    stack: StackKey,
}

/// What is on record about the resources of a stack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LatestState {
    /// The newest release, if there is any.
    pub revision: Option<u64>,
    /// Its phase. If it is not finished, either somebody is at work or a run died.
    pub phase: Option<Phase>,
    /// What it did or does.
    pub operation: Option<Operation>,
    /// Whether it left the stack's vault, as far as that is on record.
    pub keeps_secrets: Option<bool>,
    /// What it wanted to exist, if it failed.
    pub failed: Option<Spec>,
    /// Where its resources live.
    pub target: Option<TargetRecord>,
    /// The resources, with the results in the journal of an unfinished release.
    pub state: State,
}

impl ReleaseStore {
    /// Names the releases of a stack in a backend.
    pub fn new(backend: Arc<dyn Backend>, stack: StackKey) -> Self {
        Self { backend, stack }
    }

    /// Returns whose releases these are.
    pub fn stack(&self) -> &StackKey {
        &self.stack
    }

    /// Lists the stacks that have releases, sorted by project, workspace and name.
    ///
    /// # Errors
    ///
    /// The backend cannot be read.
    pub async fn stacks(backend: &dyn Backend) -> Result<Vec<StackKey>, ReleaseError> {
        let keys = backend.list(&Key::top(stack::RELEASES)).await?;
        let stacks: BTreeSet<StackKey> = keys.iter().filter_map(stack_of).collect();
        Ok(stacks.into_iter().collect())
    }

    /// Lists the numbers of all releases, oldest first.
    ///
    /// # Errors
    ///
    /// The backend cannot be read.
    pub async fn revisions(&self) -> Result<Vec<u64>, ReleaseError> {
        Ok(self.numbers(".yaml").await?)
    }

    /// Returns the newest release, if there is any.
    ///
    /// # Errors
    ///
    /// The record cannot be read or understood.
    pub async fn latest(&self) -> Result<Option<Release>, ReleaseError> {
        Ok(self.latest_tagged().await?.map(|(release, _)| release))
    }

    /// Returns a release.
    ///
    /// # Errors
    ///
    /// There is none of this number, or its record cannot be read or understood.
    pub async fn get(&self, revision: u64) -> Result<Release, ReleaseError> {
        Ok(self.get_tagged(revision).await?.0)
    }

    /// Shows every release with its number, oldest first, and returns what was made of each. Only one is in memory
    /// at a time. A record that cannot be understood does not keep the others from being read.
    ///
    /// # Errors
    ///
    /// The backend cannot be read.
    pub async fn each<T>(
        &self,
        mut seen: impl FnMut(u64, Result<Release, ReleaseError>) -> T,
    ) -> Result<Vec<T>, ReleaseError> {
        let mut made = Vec::new();
        for revision in self.revisions().await? {
            match self.get(revision).await {
                Err(ReleaseError::Backend(error)) => return Err(error.into()),
                // It was pruned since the numbers were listed.
                Err(ReleaseError::NoRevision { .. }) => {}
                release => made.push(seen(revision, release)),
            }
        }
        Ok(made)
    }

    /// Takes the lease of the stack, which whoever writes must hold. Does not wait.
    ///
    /// # Errors
    ///
    /// Somebody else holds it.
    pub async fn lease(&self, holder: &Holder) -> Result<Arc<dyn Lease>, ReleaseError> {
        Ok(Arc::from(self.backend.lease(&self.stack.releases(), holder).await?))
    }

    /// Puts on record what a run that died has done, and closes its release as failed.
    ///
    /// The lease proves that the run is dead. Returns `None` if there is nothing to recover. A
    /// recovery that dies itself is repeated by the next one.
    ///
    /// # Errors
    ///
    /// The lease was lost, or the record or the journal cannot be read, understood or written.
    pub async fn recover(&self, lease: &dyn Lease) -> Result<Option<Recovered>, ReleaseError> {
        let latest = self.latest_tagged().await?;
        let recovered = match latest {
            Some((release, tag)) if !release.phase.is_finished() => {
                Some(self.close(lease, release, tag).await?)
            }
            _ => None,
        };
        match &recovered {
            Some(Recovered { revision, resources, confirmed, uncertain, .. }) => {
                tracing::debug!(revision, resources, confirmed, uncertain, "recovered release");
            }
            None => tracing::debug!("no release was interrupted"),
        }
        for revision in self.open_journals().await? {
            lease.delete(&self.stack.journal(revision)).await?;
        }
        Ok(recovered)
    }

    /// Marks the latest release as succeeded if it failed and `spec` is what it should have made in `target`: for
    /// whoever found that everything is so there and works. Returns its revision.
    ///
    /// # Errors
    ///
    /// The lease was lost, or the record cannot be read, understood or written.
    pub async fn mark_reached(
        &self,
        lease: &dyn Lease,
        spec: &Spec,
        target: &TargetRecord,
    ) -> Result<Option<u64>, ReleaseError> {
        let Some((mut release, tag)) = self.latest_tagged().await? else { return Ok(None) };
        let is_reached = release.phase == Phase::Failed
            && release.operation != Operation::Destroy
            && release.spec == *spec
            && release.went_to().is(target);
        if !is_reached {
            return Ok(None);
        }
        release.phase = Phase::Succeeded;
        release.modified_time = release.create_time.max(Timestamp::now());
        self.replace(lease, &release, tag).await?;
        Ok(Some(release.revision))
    }

    async fn close(
        &self,
        lease: &dyn Lease,
        mut release: Release,
        tag: Tag,
    ) -> Result<Recovered, ReleaseError> {
        let fold = self.replay(&release).await?;
        release.state = fold.state(&release);
        release.phase = Phase::Failed;
        release.modified_time = release.create_time.max(Timestamp::now());
        self.replace(lease, &release, tag).await?;
        Ok(Recovered {
            revision: release.revision,
            operation: release.operation,
            actor: release.actor,
            since: release.create_time,
            resources: fold.touched(),
            confirmed: fold.touched().saturating_sub(fold.uncertain()),
            uncertain: fold.uncertain(),
        })
    }

    /// Returns what is on record about the stack's resources. Changes nothing and needs no lease.
    ///
    /// # Errors
    ///
    /// The record or the journal cannot be read or understood.
    #[tracing::instrument(level = "info", name = "read releases", skip_all)]
    pub async fn latest_state(&self) -> Result<LatestState, ReleaseError> {
        let mut looks = 0;
        loop {
            let Some((mut release, tag)) = self.latest_tagged().await? else {
                return Ok(LatestState::default());
            };
            let latest = |release: &Release, state| LatestState {
                revision: Some(release.revision),
                phase: Some(release.phase),
                operation: Some(release.operation),
                keeps_secrets: release.keeps_secrets,
                failed: None,
                target: Some(release.went_to()),
                state,
            };
            if release.phase.is_finished() {
                let state = std::mem::take(&mut release.state);
                let failed =
                    (release.phase == Phase::Failed).then(|| std::mem::take(&mut release.spec));
                return Ok(LatestState { failed, ..latest(&release, state) });
            }
            let fold = self.replay(&release).await?;
            looks += 1;
            // The release may have ended meanwhile and taken its journal along.
            if looks == LOOKS || self.get_tagged(release.revision).await?.1 == tag {
                return Ok(latest(&release, fold.state(&release)));
            }
        }
    }

    pub(super) async fn replace(
        &self,
        lease: &dyn Lease,
        release: &Release,
        tag: Tag,
    ) -> Result<Tag, ReleaseError> {
        let key = self.stack.record(release.revision);
        let bytes = release.encode(&key)?;
        Ok(lease.put_if(&key, Expected::Tag(tag), &bytes).await?)
    }

    /// Folds the journal of an unfinished release into its state.
    async fn replay(&self, release: &Release) -> Result<Fold, ReleaseError> {
        let key = self.stack.journal(release.revision);
        let mut fold = Fold::new(release);
        let Some((bytes, _)) = self.backend.get(&key).await? else { return Ok(fold) };
        let events = log::decode(&bytes).map_err(|error| match error {
            Unreadable::Damaged { line } => ReleaseError::JournalDamaged { key, line },
            Unreadable::Newer { version } => {
                ReleaseError::Newer { revision: release.revision, version }
            }
        })?;
        events.into_iter().for_each(|event| fold.add(event));
        Ok(fold)
    }

    async fn latest_tagged(&self) -> Result<Option<(Release, Tag)>, ReleaseError> {
        match self.revisions().await?.last() {
            Some(revision) => self.get_tagged(*revision).await.map(Some),
            None => Ok(None),
        }
    }

    async fn get_tagged(&self, revision: u64) -> Result<(Release, Tag), ReleaseError> {
        let Some((bytes, tag)) = self.backend.get(&self.stack.record(revision)).await? else {
            let latest = self.revisions().await?.last().copied();
            return Err(ReleaseError::NoRevision { stack: self.stack.clone(), revision, latest });
        };
        Ok((Release::decode(&self.stack, revision, &bytes)?, tag))
    }

    pub(super) async fn open_journals(&self) -> Result<Vec<u64>, BackendError> {
        self.numbers(".journal").await
    }

    async fn numbers(&self, ending: &str) -> Result<Vec<u64>, BackendError> {
        let prefix = self.stack.releases();
        let keys = self.backend.list(&prefix).await?;
        let mut numbers: Vec<u64> =
            keys.iter().filter_map(|key| number(key, &prefix, ending)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

/// Returns the number of `<prefix>/<number><ending>`, in its only spelling.
fn number(key: &Key, prefix: &Key, ending: &str) -> Option<u64> {
    let text =
        key.as_str().strip_prefix(prefix.as_str())?.strip_prefix('/')?.strip_suffix(ending)?;
    text.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == text)
}

fn stack_of(key: &Key) -> Option<StackKey> {
    let segments: Vec<&str> = key.segments().collect();
    let [_, project, workspace, stack, _] = segments.as_slice() else { return None };
    let stack = StackKey {
        project: ProjectName::parse(*project).ok()?,
        workspace: WorkspaceName::parse(*workspace).ok()?,
        stack: StackName::parse(*stack).ok()?,
    };
    number(key, &stack.releases(), ".yaml").map(|_| stack)
}
