//! Old releases go, if the user wants so.

use std::num::NonZeroUsize;

use crate::backend::Lease;
use crate::release::{Operation, Phase, ReleaseError, ReleaseStore};

impl ReleaseStore {
    /// Deletes all releases but the newest `keep`, and returns the numbers of those that went.
    ///
    /// The last release that succeeded stays whatever its age, because it is what a rollback goes to, and
    /// so does one whose journal is there, because it is not closed. The oldest goes first, so that a
    /// pruning that dies leaves no gap and the next one goes on.
    ///
    /// # Errors
    ///
    /// The lease was lost, or the backend cannot be read or written. What was deleted until then is gone.
    pub async fn prune(
        &self,
        lease: &dyn Lease,
        keep: NonZeroUsize,
    ) -> Result<Vec<u64>, ReleaseError> {
        let revisions = self.revisions().await?;
        let old = revisions.get(..revisions.len().saturating_sub(keep.get())).unwrap_or_default();
        if old.is_empty() {
            return Ok(Vec::new());
        }
        let succeeded = self.last_succeeded(&revisions).await?;
        let open = self.open_journals().await?;
        let mut pruned = Vec::new();
        for revision in old {
            if Some(*revision) == succeeded || open.contains(revision) {
                continue;
            }
            lease.delete(&self.stack().record(*revision)).await?;
            pruned.push(*revision);
        }
        Ok(pruned)
    }

    /// Returns the newest release that succeeded and can be rolled back to; a record that cannot be understood did not.
    async fn last_succeeded(&self, revisions: &[u64]) -> Result<Option<u64>, ReleaseError> {
        for revision in revisions.iter().rev() {
            match self.get(*revision).await {
                Ok(release)
                    if release.phase == Phase::Succeeded
                        && release.operation != Operation::Destroy =>
                {
                    return Ok(Some(*revision));
                }
                Err(ReleaseError::Backend(error)) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(None)
    }
}
