//! Old releases go, if the user wants so.

use std::num::NonZeroUsize;

use crate::backend::Lease;
use crate::release::places::Places;
use crate::release::{Operation, Phase, ReleaseError, ReleaseStore};

impl ReleaseStore {
    /// Deletes all releases but the newest `keep`, and returns the numbers of those that went.
    ///
    /// Some stay whatever their age: the last release that succeeded, because it is what a rollback goes to;
    /// one whose journal is there, because it is not closed; and the last one of each target in which it left
    /// resources, because nothing else says that they exist. One that cannot be understood may be such a
    /// record, so it stays too. The oldest goes first, so that a pruning that dies leaves no gap and the next
    /// one goes on.
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
        let mut places = Places::new(self);
        let succeeded = last_succeeded(&mut places, &revisions).await?;
        let open = self.open_journals().await?;
        let mut pruned = Vec::new();
        for revision in old {
            if Some(*revision) == succeeded
                || open.contains(revision)
                || places.is_only_record(*revision, &revisions).await?
            {
                continue;
            }
            lease.delete(&self.stack().record(*revision)).await?;
            pruned.push(*revision);
        }
        Ok(pruned)
    }
}

/// Returns the newest release that succeeded and can be rolled back to.
async fn last_succeeded(
    places: &mut Places<'_>,
    revisions: &[u64],
) -> Result<Option<u64>, ReleaseError> {
    for revision in revisions.iter().rev() {
        let place = places.of(*revision).await?;
        let is_good = place.is_some_and(|place| {
            place.phase == Phase::Succeeded && place.operation != Operation::Destroy
        });
        if is_good {
            return Ok(Some(*revision));
        }
    }
    Ok(None)
}
