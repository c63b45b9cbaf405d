//! Says what keeps a stack locked, and sets right what can be.

use crate::backend::{BackendError, Holder};
use crate::ops::OpsError;
use crate::release::{Recovered, ReleaseError, ReleaseStore};
use crate::runtime::Runtime;
use crate::secret::KeyFile;

/// Recovers what an interrupted run left, and removes what it wrote in part. A lock needs no breaking: it is gone with
/// the process that held it. `runtime` is where the resources live, if that place can be opened.
///
/// Returns `None` if nothing was locked and nothing left over.
///
/// # Errors
///
/// [`OpsError::AtWork`] if a living process holds the lease; or the records cannot be read or written, or half-written
/// files cannot be removed.
pub async fn unlock(
    releases: &ReleaseStore,
    holder: &Holder,
    key_file: &KeyFile,
    runtime: Option<&dyn Runtime>,
) -> Result<Option<Recovered>, OpsError> {
    let lease = match releases.lease(holder).await {
        Err(ReleaseError::Backend(BackendError::Held { holder, .. })) => {
            return Err(OpsError::AtWork { stack: releases.stack().clone(), holder });
        }
        lease => lease?,
    };
    key_file.sweep()?;
    if let Some(runtime) = runtime {
        runtime.sweep().await?;
    }
    Ok(releases.recover(lease.as_ref()).await?)
}
