//! What happens during a run: a live line on a terminal, one line per change elsewhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use kusion::apply::{Event, Listener, Refused};
use kusion::diagnostic::Diagnose as _;
use kusion::plan::Action;

use crate::context::World;
use crate::render::{Paint, Style};

/// How often the live line is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);

/// From which duration on the time of a change is shown.
const WORTH_SAYING: Duration = Duration::from_millis(100);

/// Shows a run on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    paint: Paint,
    total: usize,
    counts: Mutex<Counts>,
    world: World,
    /// Warns whoever asked for silence too.
    warner: World,
}

#[derive(Default)]
struct Counts {
    finished: usize,
    running: Vec<(String, Instant)>,
}

impl Progress {
    /// Begins to show a run of `total` changes; `silent` shows nothing.
    pub(crate) fn new(world: &World, total: usize, silent: bool) -> Self {
        let live = world.shows_live() && !silent;
        let bar = live.then(|| {
            let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
            let bar = ProgressBar::new_spinner();
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(REDRAW);
            world.stderr().show(&bar);
            bar
        });
        let paint = world.stderr_paint();
        let warner = world.clone();
        let world = if silent { world.silenced() } else { world.clone() };
        Self { bar, paint, total, counts: Mutex::default(), world, warner }
    }

    /// Tells the user something beside the changes.
    pub(crate) fn say(&self, text: &str) {
        self.world.eprint(&format!("{text}\n"));
    }

    /// Takes the live line away.
    pub(crate) fn finish(&self) {
        self.world.stderr().hide();
    }

    fn update(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut counts);
        if let Some(bar) = &self.bar {
            let oldest = counts.running.first().map(|(id, _)| id.as_str()).unwrap_or_default();
            bar.set_message(format!("{}/{} {oldest}", counts.finished, self.total));
        }
    }

    fn ended(&self, id: &str, line: &str) {
        self.update(|counts| {
            counts.finished += 1;
            counts.running.retain(|(running, _)| running != id);
        });
        self.say(line);
    }
}

#[async_trait]
impl Listener for Progress {
    async fn hear(&self, event: &Event) -> Result<(), Refused> {
        match event {
            Event::Started { id, .. } => {
                self.update(|counts| counts.running.push((id.to_string(), Instant::now())));
            }
            Event::Applied { entry, action, time } => {
                let id = entry.resource.id.as_str();
                let (style, word) = match action {
                    Action::Create => (Style::Create, "created"),
                    Action::Replace => (Style::Update, "replaced"),
                    _ => (Style::Update, "updated"),
                };
                self.ended(id, &format!("  {} {id}{}", self.paint.text(style, word), taken(*time)));
            }
            Event::Deleted { id, time } => {
                let word = self.paint.text(Style::Delete, "deleted");
                self.ended(id.as_str(), &format!("  {word} {id}{}", taken(*time)));
            }
            Event::Waiting { id, reason } => {
                let word = self.paint.text(Style::Dim, "waiting");
                let reason = super::harmless_line(reason);
                self.say(&format!("  {word} {id}: {reason}"));
            }
            Event::Ready { id, time } => {
                let word = self.paint.text(Style::Create, "ready");
                self.say(&format!("  {word} {id}{}", taken(*time)));
            }
            Event::Failed { id, error, .. } | Event::NotReady { id, error } => {
                let word = self.paint.text(Style::Error, "failed");
                let mut line = format!("  {word} {id}: {error}");
                let mut cause = std::error::Error::source(error.as_ref());
                while let Some(error) = cause {
                    line.push_str(&format!("\n    cause: {error}"));
                    cause = error.source();
                }
                for hint in error.hints() {
                    line.push_str(&format!("\n    hint: {hint}"));
                }
                self.ended(id.as_str(), &line);
            }
            Event::Skipped { id, because } => {
                let word = self.paint.text(Style::Warning, "skipped");
                self.ended(id.as_str(), &format!("  {word} {id}: {because} failed"));
            }
            Event::Stopped { id } => {
                let word = self.paint.text(Style::Warning, "not begun");
                self.ended(id.as_str(), &format!("  {word} {id}"));
            }
            Event::Unclaimed { error } => self.warner.warn(&super::advice(error.as_ref())),
            _ => {}
        }
        Ok(())
    }
}

/// Says how long a change took, if it is worth saying.
fn taken(time: Duration) -> String {
    if time < WORTH_SAYING { String::new() } else { format!(" ({:.1}s)", time.as_secs_f32()) }
}
