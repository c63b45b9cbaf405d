//! What happens while a plan is carried out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::apply::Pending;
use crate::plan::Action;
use crate::runtime::{Readiness, RuntimeError};
use crate::spec::{ResourceId, StateEntry};

/// Something that happened to one resource.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The target is about to be changed.
    Started {
        /// The resource.
        id: ResourceId,
        /// What is about to be done.
        action: Action,
    },
    /// The resource is as desired.
    Applied {
        /// The resource as it is now recorded.
        entry: Box<StateEntry>,
        /// What was done.
        action: Action,
        /// How long it took.
        time: Duration,
    },
    /// The resource is gone.
    Deleted {
        /// The resource.
        id: ResourceId,
        /// How long it took.
        time: Duration,
    },
    /// The change failed; what it left behind is not known.
    Failed {
        /// The resource.
        id: ResourceId,
        /// What was attempted.
        action: Action,
        /// Why it failed.
        error: Arc<RuntimeError>,
    },
    /// The change was not attempted, because one before it failed.
    Skipped {
        /// The resource.
        id: ResourceId,
        /// The resource whose change failed.
        because: ResourceId,
    },
    /// The change was not attempted, because the run was stopped.
    Stopped {
        /// The resource.
        id: ResourceId,
    },
    /// Something that would keep a change safe could not be done, and the change is made all the same.
    Unclaimed {
        /// Why.
        error: Arc<RuntimeError>,
    },
    /// The resource was accepted and does not work yet.
    Waiting {
        /// The resource.
        id: ResourceId,
        /// What it waits for.
        reason: String,
    },
    /// The resource works, after it was waited for.
    Ready {
        /// The resource.
        id: ResourceId,
        /// How long all had been waited for by then.
        time: Duration,
    },
    /// The resource was accepted and does not come to work.
    NotReady {
        /// The resource.
        id: ResourceId,
        /// Why.
        error: Arc<RuntimeError>,
    },
    /// The run was stopped, and the resource is not waited for any more.
    Unawaited {
        /// What was waited for.
        pending: Pending,
    },
    /// After the run, the resource does so: at first, and then each time that it does otherwise than before.
    Status {
        /// The resource.
        id: ResourceId,
        /// How it does now.
        readiness: Readiness,
        /// Whether this is how it does at first.
        first: bool,
    },
}

/// Says that a listener cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("the run cannot go on")]
pub struct Refused {
    /// Why.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Hears every event before what it is about goes on.
///
/// Steps that run at once are heard at once: hearing of the start, the end or the failure of one may wait for what is
/// heard of another. Hearing of anything else must not, because no step goes on meanwhile.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// No further step may begin. Steps under way are finished.
    async fn hear(&self, event: &Event) -> Result<(), Refused>;
}
