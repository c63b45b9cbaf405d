//! How a run ended.

use std::sync::Arc;

use crate::apply::{Pending, Refused};
use crate::runtime::RuntimeError;
use crate::spec::ResourceId;

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Resources created.
    pub created: usize,
    /// Resources changed in place.
    pub updated: usize,
    /// Resources deleted and created.
    pub replaced: usize,
    /// Resources deleted.
    pub deleted: usize,
    /// Changes that failed.
    pub failed: usize,
    /// Resources that were accepted and are not ready.
    pub not_ready: usize,
    /// Why changes failed or resources are not ready, in the order in which it showed.
    pub failures: Vec<(ResourceId, Arc<RuntimeError>)>,
    /// Changes not attempted because one before them failed.
    pub skipped: usize,
    /// Changes not attempted because the run was stopped.
    pub stopped: usize,
    /// Resources that were being deleted when the run was stopped.
    pub leaving: usize,
    /// What was waited for when the run was stopped, of those that are not ready or are being deleted.
    pub pending: Vec<Pending>,
    /// Whether the run was stopped before everything was done.
    pub interrupted: bool,
    /// Why a listener stopped the run, if one did.
    pub refused: Option<Refused>,
}

impl Outcome {
    /// Returns whether everything was done.
    pub fn is_complete(&self) -> bool {
        let Self { failed, skipped, stopped, not_ready, leaving, .. } = self;
        [failed, skipped, stopped, not_ready, leaving].into_iter().all(|number| *number == 0)
            && self.refused.is_none()
    }
}
