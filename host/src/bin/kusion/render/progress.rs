//! What happens during a run: a live table on a terminal, one line per change elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use indicatif::{ProgressBar, ProgressStyle};
use kusion::apply::{Awaits, Event, Listener, Pending, Refused};
use kusion::diagnostic::Diagnose as _;
use kusion::plan::Action;
use kusion::runtime::{Readiness, RuntimeError};

use crate::context::World;
use crate::render::{Paint, Style, Table};

/// How often the live table is drawn anew.
const REDRAW: Duration = Duration::from_millis(100);
/// How often its times are counted on.
const SECOND: Duration = Duration::from_secs(1);
/// How many rows the live table has at most.
const ROWS: usize = 12;
/// How much of a state fits into a row, in characters.
const STATE: usize = 80;

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
    /// What is waited for, its state, and since when it is so.
    waiting: BTreeMap<String, (String, Instant)>,
    /// The same of what is watched, which stays when it works.
    watched: Option<BTreeMap<String, (String, Instant)>>,
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

    /// Begins to show how resources do after a run.
    pub(crate) fn of_watch(world: &World, silent: bool) -> Self {
        let progress = Self::new(world, 0, silent);
        progress.counts().watched = Some(BTreeMap::new());
        progress
    }

    /// Takes note of how something does that is watched.
    fn does(&self, id: &str, readiness: &Readiness) {
        let state = super::harmless_line(readiness.reason().unwrap_or("ready"));
        self.update(|counts| {
            let watched = counts.watched.get_or_insert_with(BTreeMap::new);
            watched.insert(id.to_owned(), (state, Instant::now()));
        });
    }

    /// Tells the user something beside the changes.
    pub(crate) fn say(&self, text: &str) {
        self.world.eprint(&format!("{text}\n"));
    }

    /// Takes the live line away.
    pub(crate) fn finish(&self) {
        self.world.stderr().hide();
    }

    /// Counts the times of the live table on; never ends.
    pub(crate) async fn keep_fresh<T>(&self) -> T {
        loop {
            tokio::time::sleep(SECOND).await;
            self.update(|_| {});
        }
    }

    fn update(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts();
        change(&mut counts);
        if let Some(bar) = &self.bar {
            bar.set_message(counts.show(self.total, Instant::now()));
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, id: &str, line: &str) {
        self.update(|counts| {
            counts.finished += 1;
            counts.running.retain(|(running, _)| running != id);
            counts.waiting.remove(id);
        });
        self.say(line);
    }

    /// Takes note of what is waited for. Where nothing can be shown in place, each change is a line.
    fn waits(&self, id: &str, reason: &str) {
        let reason = super::harmless_line(reason);
        self.update(|counts| {
            counts.waiting.insert(id.to_owned(), (reason.clone(), Instant::now()));
        });
        if self.bar.is_none() {
            let word = self.paint.text(Style::Dim, "waiting");
            self.say(&format!("  {word} {id}: {reason}"));
        }
    }

    fn waits_no_more(&self, id: &str, line: &str) {
        self.update(|counts| {
            counts.waiting.remove(id);
        });
        self.say(line);
    }

    fn failed(&self, id: &str, error: &RuntimeError) -> String {
        let word = self.paint.text(Style::Error, "failed");
        let message = error.to_string();
        let mut line = format!("  {word} {id}: {}", super::harmless(&message));
        let known = error.explanation().map(|explanation| explanation.lines(&message));
        for known in known.into_iter().flatten() {
            line.push_str(&format!("\n    {}", super::harmless_line(&known)));
        }
        let causes = std::iter::successors(std::error::Error::source(error), |it| (*it).source());
        for cause in causes {
            line.push_str(&format!("\n    cause: {cause}"));
        }
        for hint in error.hints() {
            line.push_str(&format!("\n    hint: {hint}"));
        }
        line
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
            Event::Waiting { id, reason } => self.waits(id.as_str(), reason),
            Event::Ready { id, time } => {
                let word = self.paint.text(Style::Create, "ready");
                self.waits_no_more(id.as_str(), &format!("  {word} {id}{}", taken(*time)));
            }
            Event::Status { id, readiness, first } => {
                self.does(id.as_str(), readiness);
                match readiness {
                    Readiness::Waiting { reason } if self.bar.is_none() => {
                        let word = self.paint.text(Style::Dim, "waiting");
                        self.say(&format!("  {word} {id}: {}", super::harmless_line(reason)));
                    }
                    // The table has it.
                    Readiness::Waiting { .. } => {}
                    // What works from the beginning is no news.
                    Readiness::Ready if *first => {}
                    Readiness::Ready => {
                        let word = self.paint.text(Style::Create, "ready");
                        self.say(&format!("  {word} {id}"));
                    }
                    Readiness::Failed { reason } => {
                        let word = self.paint.text(Style::Error, "failed");
                        self.say(&format!("  {word} {id}: {}", super::harmless_line(reason)));
                    }
                }
            }
            Event::Failed { id, error, .. } => {
                self.ended(id.as_str(), &self.failed(id.as_str(), error));
            }
            Event::NotReady { id, error } => {
                self.waits_no_more(id.as_str(), &self.failed(id.as_str(), error));
            }
            Event::Skipped { id, because } => {
                let word = self.paint.text(Style::Warning, "skipped");
                self.ended(id.as_str(), &format!("  {word} {id}: {because} failed"));
            }
            Event::Stopped { id } => {
                let word = self.paint.text(Style::Warning, "not begun");
                self.ended(id.as_str(), &format!("  {word} {id}"));
            }
            Event::Unawaited { pending } => {
                let Pending { id, awaits, reason } = pending;
                let (word, unsaid) = match awaits {
                    Awaits::Ready => ("not ready", ""),
                    Awaits::Gone => ("leaving", ": it is being deleted"),
                };
                let word = self.paint.text(Style::Warning, word);
                let reason = reason.as_ref().map(|reason| super::harmless_line(reason));
                let reason = reason.map_or_else(|| unsaid.to_owned(), |it| format!(": {it}"));
                self.ended(id.as_str(), &format!("  {word} {id}{reason}"));
            }
            Event::Unclaimed { error } => self.warner.warn(&super::advice(error.as_ref())),
            _ => {}
        }
        Ok(())
    }
}

impl Counts {
    /// Returns the live table: what is waited for, or what changes at the moment.
    fn show(&self, total: usize, now: Instant) -> String {
        if let Some(watched) = &self.watched {
            return states("watching", watched, now);
        }
        if self.waiting.is_empty() {
            let oldest = self.running.first().map(|(id, _)| id.as_str()).unwrap_or_default();
            return format!("{}/{total} {oldest}", self.finished);
        }
        states("waiting for", &self.waiting, now)
    }
}

/// Returns the table of what is in which state since when. Where there is no room for all, those come first that do not
/// work.
fn states(verb: &str, resources: &BTreeMap<String, (String, Instant)>, now: Instant) -> String {
    let mut rows: Vec<_> = resources.iter().collect();
    if rows.len() > ROWS {
        rows.sort_by_key(|(_, (state, _))| state == "ready");
    }
    let mut table = Table::new(["RESOURCE", "STATE", "SINCE"]);
    for (id, (state, since)) in rows.into_iter().take(ROWS) {
        let mut shown: String = state.chars().take(STATE).collect();
        if shown.len() < state.len() {
            shown.push('…');
        }
        let since = now.saturating_duration_since(*since).as_secs();
        table.row([id.clone(), shown, format!("{since}s")]);
    }
    let number = resources.len();
    let noun = if number == 1 { "resource" } else { "resources" };
    let mut text = format!("{verb} {number} {noun}");
    for line in table.render().lines() {
        text.push_str(&format!("\n  {line}"));
    }
    match number.saturating_sub(ROWS) {
        0 => {}
        more => text.push_str(&format!("\n  and {more} more")),
    }
    text
}

/// Says how long a change took, if it is worth saying.
fn taken(time: Duration) -> String {
    if time < WORTH_SAYING { String::new() } else { format!(" ({:.1}s)", time.as_secs_f32()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_a_table_that_does_not_grow_beyond_the_screen() {
        let now = Instant::now();
        let mut counts = Counts { finished: 3, ..Counts::default() };
        assert_eq!(counts.show(4, now), "3/4 ");
        let state = ("0 of 1 replicas available".to_owned(), now);
        counts.waiting.insert("apps/v1:Deployment:n:x".to_owned(), state.clone());
        assert_eq!(
            counts.show(4, now + Duration::from_secs(7)),
            "waiting for 1 resource\n\
             \x20 RESOURCE                STATE                      SINCE\n\
             \x20 apps/v1:Deployment:n:x  0 of 1 replicas available  7s"
        );
        counts.waiting.extend((0..20).map(|number| (format!("r{number:02}"), state.clone())));
        let text = counts.show(4, now);
        assert_eq!(text.lines().count(), ROWS + 3);
        assert!(text.ends_with("and 9 more"), "{text}");
    }

    #[test]
    fn what_is_watched_is_shown_when_it_works_too() {
        let now = Instant::now();
        let ready = || ("ready".to_owned(), now);
        let mut watched: BTreeMap<String, _> = [("a".to_owned(), ready())].into();
        watched.insert("b".to_owned(), ("1 of 2 replicas available".to_owned(), now));
        let counts = Counts { watched: Some(watched.clone()), ..Counts::default() };
        assert_eq!(
            counts.show(0, now + Duration::from_secs(3)),
            "watching 2 resources\n\
             \x20 RESOURCE  STATE                      SINCE\n\
             \x20 a         ready                      3s\n\
             \x20 b         1 of 2 replicas available  3s"
        );
        watched.extend((0..ROWS).map(|number| (format!("a{number:02}"), ready())));
        let text = Counts { watched: Some(watched), ..Counts::default() }.show(0, now);
        assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("  b ")), "{text}");
    }
}
