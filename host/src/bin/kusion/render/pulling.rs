//! How the fetching of modules goes on: a live line on a terminal, and what is tried again everywhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kusion::module::registry::{PullEvent, PullObserver};

use crate::context::World;
use crate::render::harmless_line;

/// How often the live line is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

/// Shows on standard error how modules are fetched.
#[derive(Clone)]
pub(crate) struct Pulling {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bar: Option<ProgressBar>,
    /// The sizes of what is on its way, and how much of it is here.
    pieces: BTreeMap<String, (u64, u64)>,
}

impl Pulling {
    /// Shows nothing yet.
    pub(crate) fn new(world: &World) -> Self {
        let inner = Inner { world: world.clone(), state: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Returns what is told about it.
    pub(crate) fn observer(&self) -> Arc<dyn PullObserver> {
        self.inner.clone()
    }

    /// Takes the live line away.
    pub(crate) fn finish(&self) {
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bar.take().is_some() {
            self.inner.world.stderr().hide();
        }
    }
}

impl PullObserver for Inner {
    fn notice(&self, event: PullEvent<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            PullEvent::Begins { what, size, arrived } => {
                state.pieces.insert(what.to_owned(), (size, arrived));
                if state.bar.is_none() && self.world.shows_live() {
                    let style = ProgressStyle::with_template("{spinner} fetching modules: {msg}");
                    let bar = ProgressBar::new_spinner();
                    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                    bar.enable_steady_tick(REDRAW);
                    self.world.stderr().show(&bar);
                    state.bar = Some(bar);
                }
            }
            PullEvent::Arrived { what, arrived } => {
                if let Some((_, here)) = state.pieces.get_mut(what) {
                    *here = arrived;
                }
            }
            PullEvent::Ends { what } => {
                if let Some((size, here)) = state.pieces.get_mut(what) {
                    *here = *size;
                }
            }
            PullEvent::Repeats { reason, wait, .. } => {
                let seconds = wait.as_secs_f64();
                let reason = harmless_line(reason);
                drop(state);
                return self.world.eprint(&format!("Trying again in {seconds:.1} s: {reason}\n"));
            }
            _ => {}
        }
        if let Some(bar) = &state.bar {
            let (size, here) = state
                .pieces
                .values()
                .fold((0, 0), |(sizes, all), (size, here)| (sizes + size, all + here));
            bar.set_message(format!("{} of {} KiB", here >> 10, size >> 10));
        }
    }
}
