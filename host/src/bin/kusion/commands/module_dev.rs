//! `kusion mod dev`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kusion::engine::Engine;
use kusion::module::Language;
use kusion::name::ModuleName;
use kusion::ops::{BuiltModule, CaseOutcome, Difference, TestedModule, compare_case};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::cases::{CASES, ask, case_name, chosen};
use crate::commands::module::{author_limits, build_one};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{Paint, Style, answer_changes, difference};
use crate::watch::Files;

/// How often the folder is looked at. An editor's save takes less, and looking at a module's few files costs less
/// than a hundredth of it.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Folder of the module.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Only the case of this name. Can be repeated.
    #[arg(long = "case", value_name = "NAME")]
    only: Vec<String>,
}

/// Builds the module whenever its folder changes, and shows what its cases give otherwise than before.
pub(crate) async fn dev(world: &World, args: &DevArgs) -> Result<Exit, CliError> {
    let folder = world.path(&args.folder);
    Language::of_folder(&folder)?;
    let cannot = |error| CliError::environment("cannot wait for Ctrl-C", &error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut end = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut session = Session {
        world,
        engine: world.engine(author_limits())?,
        folder,
        only: &args.only,
        tested: None,
        given: BTreeMap::new(),
    };
    let mut seen = Files::below(&session.folder);
    let mut rebuild = true;
    loop {
        if let Err(error) = session.round(rebuild) {
            error.report(world);
        }
        world.eprint(&format!("Watching `{}`; Ctrl-C ends it.\n", args.folder.display()));
        let changed = loop {
            let now = tokio::select! {
                _ = interrupt.recv() => return Ok(Exit::Success),
                _ = end.recv() => return Ok(Exit::Success),
                now = settled(&session.folder) => now,
            };
            let changed = now.difference(&seen);
            if !changed.is_empty() {
                seen = now;
                break changed;
            }
        };
        // What changes in the cases needs no build.
        rebuild = session.tested.is_none() || changed.iter().any(|path| !path.starts_with(CASES));
    }
}

/// Waits until nothing has changed for a while, because a save may touch several files.
async fn settled(folder: &Path) -> Files {
    let mut files = Files::below(folder);
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = Files::below(folder);
        if now == files {
            return now;
        }
        files = now;
    }
}

struct Session<'a> {
    world: &'a World,
    engine: Engine,
    folder: PathBuf,
    only: &'a [String],
    tested: Option<TestedModule>,
    /// What each case gave last.
    given: BTreeMap<String, CaseOutcome>,
}

impl Session<'_> {
    fn round(&mut self, rebuild: bool) -> Result<(), CliError> {
        if rebuild {
            self.tested = None;
            self.tested = Some(self.build()?);
        }
        let Some(tested) = &self.tested else { return Ok(()) };
        let cases = chosen(self.world, &self.folder.join(CASES), self.only)?;
        if cases.is_empty() {
            self.world.advise(&format!(
                "there is no case yet: write what a developer would write into `{CASES}/NAME/app.yaml`"
            ));
        }
        let mut given = BTreeMap::new();
        for case in cases {
            let name = case_name(&case);
            match ask(self.world, tested, &case) {
                Ok(now) => {
                    let unexpected = compare_case(&case, &now.outcome)?;
                    let before = self.given.get(&name);
                    self.world.print(&self.told(&name, before, &now.outcome, unexpected))?;
                    given.insert(name, now.outcome);
                }
                Err(error) => {
                    error.about(format!("case `{name}` cannot be answered")).report(self.world);
                }
            }
        }
        self.given = given;
        Ok(())
    }

    fn build(&self) -> Result<TestedModule, CliError> {
        let BuiltModule { built, .. } = build_one(self.world, &self.engine, &self.folder, None)?;
        let name = ModuleName::parse(built.name.as_str())
            .map_err(|error| CliError::user(error.to_string()))?;
        Ok(TestedModule::load(&self.engine, &name, &built.component)?)
    }

    /// Tells what is different from the last time, or else from what is expected.
    fn told(
        &self,
        name: &str,
        before: Option<&CaseOutcome>,
        now: &CaseOutcome,
        unexpected: Option<Difference>,
    ) -> String {
        let paint = self.world.stdout_paint();
        let title = paint.text(Style::Bold, &format!("case {name}"));
        let changed = before.is_some_and(|before| before != now);
        let said = match &unexpected {
            None if changed => "as expected now",
            None => "as expected",
            Some(_) if changed => "changed",
            Some(_) if before.is_some() => "as before, not as expected",
            Some(Difference { expected_file: None, .. }) => "nothing is expected of it yet",
            Some(_) => "not as expected",
        };
        let changes = match (before, &unexpected) {
            (Some(before), _) => changes(same_kind(before, now), now, paint),
            (None, Some(Difference { expected_file, expected, found_file, .. })) => {
                let is_same_kind = *expected_file == Some(*found_file);
                changes(is_same_kind.then_some(expected.as_str()), now, paint)
            }
            (None, None) => String::new(),
        };
        format!("{title}: {said}\n{changes}")
    }
}

/// Returns the text of an outcome that can be compared with another one.
fn same_kind<'a>(before: &'a CaseOutcome, now: &CaseOutcome) -> Option<&'a str> {
    match (before, now) {
        (CaseOutcome::Answered(text), CaseOutcome::Answered(_))
        | (CaseOutcome::Refused(text), CaseOutcome::Refused(_)) => Some(text),
        _ => None,
    }
}

fn changes(old: Option<&str>, now: &CaseOutcome, paint: Paint) -> String {
    let old = old.unwrap_or_default();
    match now {
        CaseOutcome::Answered(text) => answer_changes(old, text, paint),
        CaseOutcome::Refused(text) => difference(old, text),
    }
}
