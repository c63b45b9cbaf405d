//! What would change, without changing anything.

use crate::ops::weigh::{Wanted, Weighed, weigh};
use crate::ops::{Comparison, Generation, OpsError, Session, generate};
use crate::plan::Plan;
use crate::release::LatestState;

/// What an apply would do.
#[derive(Debug)]
pub struct Preview {
    /// What the modules gave.
    pub generation: Generation,
    /// What would change.
    pub comparison: Comparison,
    /// What is on record.
    pub latest: LatestState,
    /// The place the last release went to, if this one would go somewhere else.
    pub moved_from: Option<String>,
}

impl Preview {
    /// Returns what would be done.
    pub fn plan(&self) -> &Plan {
        &self.comparison.plan
    }
}

/// Compares a stack with its target. Writes nothing and mints no secret.
///
/// # Errors
///
/// The Spec cannot be generated, or the target or the records cannot be read.
pub async fn preview(session: &Session<'_>) -> Result<Preview, OpsError> {
    let generation = generate(&session.project)?;
    let Weighed { comparison, latest, moved_from, .. } =
        weigh(session, session.open_vault().await?, Wanted::generated(&generation)).await?;
    Ok(Preview { generation, comparison, latest, moved_from })
}
