//! Says what keeps a stack locked, and sets right what can be.

use crate::backend::{BackendError, Holder};
use crate::ops::OpsError;
use crate::ops::apply::claimant;
use crate::release::{Recovered, ReleaseError, ReleaseStore};
use crate::runtime::Runtime;
use crate::secret::KeyFile;

/// What an unlock found and set right.
#[derive(Debug, Default)]
pub struct Unlocked {
    /// What an interrupted run left.
    pub recovered: Option<Recovered>,
    /// Whether such a run still kept others out in the target, which it does not do any more.
    pub freed: bool,
    /// Who keeps us out in the target, or why that cannot be told.
    pub target: Option<OpsError>,
}

/// Recovers what an interrupted run left, and removes what it wrote in part. A lock needs no breaking: it is gone with
/// the process that held it. `runtime` is where the resources live, if that place can be opened.
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
) -> Result<Unlocked, OpsError> {
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
    let mut unlocked =
        Unlocked { recovered: releases.recover(lease.as_ref()).await?, ..Unlocked::default() };
    if let Some(runtime) = runtime {
        match runtime.free_claim(&claimant(holder, lease.as_ref())).await {
            Ok(freed) => unlocked.freed = freed,
            Err(error) => unlocked.target = Some(error.into()),
        }
    }
    Ok(unlocked)
}
