//! `kusion apply` and `kusion destroy`

use std::future::pending;

use clap::Args;
use kusion::diagnostic::{Diagnose as _, Kind};
use kusion::ops::{Applied, Prepared, prepare_apply, prepare_destroy};
use kusion::plan::{Action, Plan};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Format, Meta, Parallelism};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{self, Progress};
use crate::session::{Loaded, holder, show_warnings};

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    /// Approve the changes without being asked.
    #[arg(short, long)]
    yes: bool,
    /// Show what would be done and stop.
    #[arg(long)]
    dry_run: bool,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Clone, Copy)]
enum Verb {
    Apply,
    Destroy,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }

    fn question(self) -> &'static str {
        match self {
            Self::Apply => "apply these changes",
            Self::Destroy => "destroy these resources",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Destroy => "Destroy",
        }
    }
}

pub(crate) async fn apply(world: &World, args: ApplyArgs) -> Result<Exit, CliError> {
    run(world, args, Verb::Apply).await
}

pub(crate) async fn destroy(world: &World, args: ApplyArgs) -> Result<Exit, CliError> {
    run(world, args, Verb::Destroy).await
}

async fn run(world: &World, args: ApplyArgs, verb: Verb) -> Result<Exit, CliError> {
    let asks = !args.yes && !args.dry_run;
    let can_ask = world.can_ask() && args.output == Format::Text;
    if asks && !can_ask {
        return Err(CliError::user(format!(
            "`kusion {}` needs approval, and there is nobody to ask",
            verb.name()
        ))
        .hint("pass `--yes` to approve, or `--dry-run` to look"));
    }
    let loaded = match verb {
        Verb::Apply => Loaded::read(world, &args.meta, args.parallelism.get()).await?,
        Verb::Destroy => Loaded::read_header(world, &args.meta, args.parallelism.get()).await?,
    };
    let runtime = kusion::ops::open_target(&loaded.stack, &loaded.workspace)?;
    let session = loaded.session(&runtime);
    let holder = holder(world, verb.name());
    let prepared = match verb {
        Verb::Apply => prepare_apply(session, holder).await?,
        Verb::Destroy => prepare_destroy(session, holder).await?,
    };
    let target = kusion::runtime::Runtime::target(&runtime);
    let head = loaded.document(verb.title(), &target);
    announce(world, &args, &loaded, &prepared, &target)?;
    if prepared.plan().is_empty() || args.dry_run {
        return report(world, &args, verb, prepared.plan(), None, head);
    }
    if asks && !approved(world, verb, &prepared)? {
        world.eprint("Nothing was changed.\n");
        return Ok(Exit::User);
    }
    let plan = prepared.plan().clone();
    let total = plan.steps.iter().filter(|step| step.action != Action::Unchanged).count();
    let progress = Progress::new(world, total, args.output == Format::Json);
    let interrupted = interruption();
    let stop = async {
        interrupted.await;
        progress.say("Stopping: no further change begins; waiting for those under way.");
        tokio::spawn(end_at_once(interruption()));
    };
    let applied = prepared.execute(stop, &progress).await;
    progress.finish();
    report(world, &args, verb, &plan, Some(&applied?), head)
}

/// Ends the process at the second signal, whatever is under way; the next run recovers.
#[expect(clippy::disallowed_methods, clippy::exit, reason = "the user insists")]
async fn end_at_once(interrupted_again: impl Future<Output = ()>) {
    interrupted_again.await;
    std::process::exit(130);
}

/// Returns what waits for Ctrl-C or the request to end. From this call on neither ends the process at once.
fn interruption() -> impl Future<Output = ()> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        // Without a handler the signal itself ends the process, and the next run recovers.
        let [Ok(mut interrupt), Ok(mut terminate)] = signals else { return pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

fn announce(
    world: &World,
    args: &ApplyArgs,
    loaded: &Loaded,
    prepared: &Prepared<'_>,
    target: &str,
) -> Result<(), CliError> {
    if let Some(generation) = prepared.generation() {
        show_warnings(world, generation);
    }
    if let Some(recovered) = prepared.recovered() {
        world.eprint(&format!(
            "Recovered {} of release {}, which {} began at {} and did not finish.\n",
            count(recovered.resources, "resource"),
            recovered.revision,
            recovered.actor,
            recovered.since,
        ));
    }
    if let Some(moved) = prepared.moved_from() {
        world.warn(&format!("the last release went to {moved}; what is there stays there"));
    }
    if args.output == Format::Json {
        return Ok(());
    }
    let plan = render::plan(prepared.plan(), world.stdout_paint());
    world.print(&format!("{}\nTarget: {target}\n\n{plan}", loaded.title()))
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

/// Asks until the answer is yes or no; nothing and end of input are no.
fn approved(world: &World, verb: Verb, prepared: &Prepared<'_>) -> Result<bool, CliError> {
    loop {
        world.eprint(&format!("\nDo you want to {}? [yes/details/no]: ", verb.question()));
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| CliError::environment("cannot read your answer", &error))?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            "d" | "details" => {
                world.eprint(&render::full_details(prepared.plan(), world.stderr_paint()));
            }
            other => {
                world.eprint(&format!("`{other}` is no answer: type `yes`, `details` or `no`.\n"));
            }
        }
    }
}

/// Shows how it ended, and says how the process ends.
fn report(
    world: &World,
    args: &ApplyArgs,
    verb: Verb,
    plan: &Plan,
    applied: Option<&Applied>,
    head: Map<String, Value>,
) -> Result<Exit, CliError> {
    match (args.output, applied) {
        (Format::Json, applied) => {
            world.print_json(&render::outcome_document(head, plan, applied))?;
        }
        (Format::Text, Some(applied)) => {
            world.print(&render::outcome(verb.title(), applied, world.stdout_paint()))?;
        }
        (Format::Text, None) => {}
    }
    Ok(match applied.map(|applied| &applied.outcome) {
        Some(outcome) if outcome.stopped > 0 && outcome.failed == 0 => Exit::Interrupted,
        Some(outcome) if !outcome.is_complete() => {
            let users = outcome.failures.iter().all(|(_, error)| error.kind() == Kind::User);
            if users { Exit::User } else { Exit::Environment }
        }
        _ => Exit::Success,
    })
}
