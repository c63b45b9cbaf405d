//! Says what keeps a stack locked, and sets right what can be.

use crate::backend::{BackendError, Holder};
use crate::ops::OpsError;
use crate::release::{Recovered, ReleaseError, ReleaseStore};

/// Recovers what an interrupted run left. A lock needs no breaking: it is gone with the process that held it.
///
/// Returns `None` if nothing was locked and nothing left over.
///
/// # Errors
///
/// [`OpsError::AtWork`] if a living process holds the lease; or the records cannot be read or written.
pub async fn unlock(
    releases: &ReleaseStore,
    holder: &Holder,
) -> Result<Option<Recovered>, OpsError> {
    let lease = match releases.lease(holder).await {
        Err(ReleaseError::Backend(BackendError::Held { holder, .. })) => {
            return Err(OpsError::AtWork { stack: releases.stack().clone(), holder });
        }
        lease => lease?,
    };
    Ok(releases.recover(lease.as_ref()).await?)
}
