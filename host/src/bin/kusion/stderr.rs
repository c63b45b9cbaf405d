//! Standard error, which messages, the log and the live line share.

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

use crate::log::{Line, LogFormat};
use crate::render::Paint;

/// Standard error. Its clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Stderr {
    format: LogFormat,
    paint: Paint,
    live: Arc<Mutex<Option<ProgressBar>>>,
}

impl Stderr {
    /// Writes lines in a format, with or without colour.
    pub(crate) fn new(format: LogFormat, paint: Paint) -> Self {
        Self { format, paint, live: Arc::default() }
    }

    /// Returns how lines look.
    pub(crate) fn format(&self) -> LogFormat {
        self.format
    }

    /// Returns whether texts are coloured.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Shows a live line below everything that is written from now on.
    pub(crate) fn show(&self, bar: &ProgressBar) {
        *self.live() = Some(bar.clone());
    }

    /// Takes the live line away.
    pub(crate) fn hide(&self) {
        if let Some(bar) = self.live().take() {
            bar.finish_and_clear();
        }
    }

    /// Writes a text as it is. Nobody is left to tell if that fails.
    pub(crate) fn write(&self, text: &str) {
        let write = || {
            let _unheard = std::io::stderr().lock().write_all(text.as_bytes());
        };
        match self.live().as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Writes a line of the log.
    pub(crate) fn log(&self, line: &Line) {
        self.write(&match self.format {
            LogFormat::Text => line.text(self.paint),
            LogFormat::Json => line.json(),
        });
    }

    fn live(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
