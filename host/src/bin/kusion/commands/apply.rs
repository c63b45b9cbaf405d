//! `kusion apply`, `kusion destroy` and `kusion release rollback`: one flow from the plan to the release.

use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use clap::Args;
use kusion::apply::Outcome;
use kusion::diagnostic::{Diagnose as _, Kind};
use kusion::ops::{
    Applied, OpsError, Proposal, prepare_apply, prepare_destroy, prepare_rollback, propose_apply,
    propose_destroy, propose_rollback,
};
use kusion::plan::{Action, Plan};
use kusion::release::{Phase, Recovered};
use kusion::runtime::Runtime;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Cluster, Fetching, Format, Meta, Parallelism};
use crate::commands::after::AfterArgs;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{self, Progress};
use crate::session::{Loaded, holder, warn_beforehand, warn_unfinished};

/// For how long further signals count as the first one.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// What is said to the first signal.
const STOPPING: &str = "Stopping: no further change begins, and what is under way is brought to an end. Interrupt again to stop at once.";

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    #[command(flatten)]
    cluster: Cluster,
    /// Approve the changes without being asked.
    #[arg(short, long)]
    yes: bool,
    /// How long resources may take to work or to go, as in `90s` or `10m`.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    timeout: Duration,
    /// Do not wait until what was applied works.
    #[arg(long)]
    no_wait: bool,
    /// Show what would be done and stop.
    #[arg(long)]
    dry_run: bool,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyCommand {
    #[command(flatten)]
    apply: ApplyArgs,
    #[command(flatten)]
    fetching: Fetching,
    #[command(flatten)]
    after: AfterArgs,
}

impl ApplyCommand {
    /// Takes the arguments of what runs no module.
    fn of(apply: ApplyArgs) -> Self {
        Self { apply, fetching: Fetching::default(), after: AfterArgs::default() }
    }
}

#[derive(Debug, Clone, Copy)]
enum Verb {
    Apply,
    Destroy,
    Rollback(u64),
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Rollback(_) => "release rollback",
        }
    }

    fn question(self) -> &'static str {
        match self {
            Self::Apply | Self::Rollback(_) => "apply these changes",
            Self::Destroy => "destroy these resources",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Destroy => "Destroy",
            Self::Rollback(_) => "Rollback",
        }
    }
}

pub(crate) async fn apply(world: &World, command: ApplyCommand) -> Result<Exit, CliError> {
    run(world, command, Verb::Apply).await
}

pub(crate) async fn destroy(world: &World, args: ApplyArgs) -> Result<Exit, CliError> {
    run(world, ApplyCommand::of(args), Verb::Destroy).await
}

pub(crate) async fn rollback(
    world: &World,
    args: ApplyArgs,
    revision: u64,
) -> Result<Exit, CliError> {
    run(world, ApplyCommand::of(args), Verb::Rollback(revision)).await
}

async fn run(world: &World, command: ApplyCommand, verb: Verb) -> Result<Exit, CliError> {
    let ApplyCommand { apply: args, fetching, after } = command;
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
        Verb::Apply => Loaded::read(world, &args.meta, args.parallelism.get(), &fetching).await?,
        Verb::Destroy | Verb::Rollback(_) => {
            Loaded::read_header(world, &args.meta, args.parallelism.get()).await?
        }
    };
    let mut options = world.target_options(&args.cluster, &loaded.workspace)?;
    options.approved_unseen = args.yes && !args.dry_run;
    options.terms.patience = args.timeout;
    let runtime = kusion::ops::open_target(&loaded.stack, &loaded.workspace, &options).await?;
    let session = loaded.session(runtime.as_ref(), &options);
    let scene = Scene { world, args: &args, verb, loaded: &loaded, runtime: runtime.as_ref() };
    if args.dry_run {
        let proposal = match verb {
            Verb::Apply => propose_apply(session).await,
            Verb::Destroy => propose_destroy(session).await,
            Verb::Rollback(revision) => propose_rollback(session, revision).await,
        };
        let proposal = match proposal {
            Ok(proposal) => proposal,
            Err(error) => return Err(scene.explain(error, None)?),
        };
        warn_unfinished(world, proposal.latest());
        scene.announce(&proposal)?;
        let head = scene.head(&proposal, None);
        scene.check(&proposal, proposal.check(), &head)?;
        return scene.report(proposal.plan(), None, head);
    }
    let ports = after.listen().await?;
    let holder = holder(world, verb.name());
    let mut recovered = None;
    let tell = |run: &Recovered| {
        world.eprint(&format!("{run}.\n"));
        recovered = Some(run.clone());
    };
    let prepared = match verb {
        Verb::Apply => prepare_apply(session, holder, tell).await,
        Verb::Destroy => prepare_destroy(session, holder, tell).await,
        Verb::Rollback(revision) => prepare_rollback(session, holder, revision, tell).await,
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Err(scene.explain(error, recovered.as_ref())?),
    };
    let after = after.prepare(runtime.as_ref(), prepared.proposal().spec(), ports)?;
    scene.announce(prepared.proposal())?;
    let head = scene.head(prepared.proposal(), recovered.as_ref());
    let proposal = prepared.proposal();
    let checked = proposal.check().and_then(|()| proposal.check_values());
    scene.check(proposal, checked, &head)?;
    let plan = prepared.plan().clone();
    if asks && !plan.is_empty() && !approved(world, verb, &plan)? {
        world.eprint("Nothing was changed.\n");
        return Ok(Exit::User);
    }
    loaded.write_pins(world)?;
    let total = plan.steps.iter().filter(|step| step.action != Action::Unchanged).count();
    let progress = Progress::new(world, total, args.output == Format::Json);
    let interrupted = interruption();
    let stopping = Cell::new(false);
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    // Apart from the run, which does not listen at every moment: a second signal counts at once.
    let listening = async {
        interrupted.await;
        stopping.set(true);
        progress.say(STOPPING);
        // The run may have ended.
        let _unheard = tell.send(());
        // Whoever signals a process and its group, as `timeout` does, does so once and means it once.
        tokio::time::sleep(ONE_SIGNAL).await;
        end_at_once(interruption()).await
    };
    let stop = async {
        if told.await.is_err() {
            pending::<()>().await;
        }
    };
    let prepared = if args.no_wait { prepared } else { prepared.waiting(args.timeout) };
    let applied = tokio::select! {
        applied = prepared.execute(stop, &progress) => applied,
        never = progress.keep_fresh() => never,
        never = listening => never,
    };
    progress.finish();
    match applied {
        Ok(applied) => {
            if let Some(error) = &applied.not_pruned {
                world.warn(&format!("old releases could not be deleted: {error}"));
            }
            if let Some(revision) = applied.reached {
                world.eprint(&format!(
                    "Release {revision} had failed; everything works now, and it is on record as succeeded.\n"
                ));
            }
            if let Some(error) = &applied.not_released {
                world.warn(&render::advice(error));
            }
            let exit = scene.report(&plan, Some(&applied), head)?;
            if args.output == Format::Text && applied.outcome.interrupted {
                world.advise(&scene.go_on(&applied.outcome));
            }
            if exit == Exit::Success && !stopping.get() {
                let silent = args.output == Format::Json;
                after.run(world, runtime.as_ref(), silent, interruption()).await?;
            }
            Ok(exit)
        }
        Err(error) => {
            scene.report_interruption(&plan, &error, head)?;
            Err(error.into())
        }
    }
}

/// Ends the process at the second signal, whatever is under way; the next run recovers.
#[expect(clippy::disallowed_methods, clippy::exit, reason = "the user insists")]
async fn end_at_once<T>(interrupted_again: impl Future<Output = ()>) -> T {
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

/// What every part of the output needs to know.
struct Scene<'a> {
    world: &'a World,
    args: &'a ApplyArgs,
    verb: Verb,
    loaded: &'a Loaded,
    runtime: &'a dyn Runtime,
}

impl Scene<'_> {
    fn announce(&self, proposal: &Proposal<'_>) -> Result<(), CliError> {
        let Self { world, loaded, runtime, .. } = self;
        warn_beforehand(world, proposal);
        if proposal.moved_from().is_none() && proposal.leaves_elsewhere() {
            world.warn(
                "an earlier release went to another target; what is there stays there, and on record\n\
                 hint: to delete it, point the workspace to that target and run `kusion destroy` again",
            );
        }
        if let Some(rollback) = proposal.rollback() {
            let revision = rollback.revision;
            if rollback.phase != Phase::Succeeded {
                world.warn(&format!(
                    "release {revision} is {}: nothing says that what it recorded ever worked",
                    rollback.phase
                ));
            }
            if let Some(then) = &rollback.made_for {
                world.warn(&format!("release {revision} went to {then}"));
            }
        }
        if self.args.output == Format::Json {
            return Ok(());
        }
        loaded.show_pins(world, "This apply");
        let title = match self.verb {
            Verb::Rollback(revision) => format!("{}, back to release {revision}", loaded.title()),
            Verb::Apply | Verb::Destroy => loaded.title(),
        };
        let mut text = format!("{title}\nTarget: {}\n\n", runtime.title());
        text.push_str(&self.plan(proposal));
        text.push_str(&render::notes(&proposal.notes()));
        world.print(&text)
    }

    fn plan(&self, proposal: &Proposal<'_>) -> String {
        if let (Verb::Rollback(revision), true) = (self.verb, proposal.plan().is_empty()) {
            return format!("Nothing to do: everything is as release {revision} says.\n");
        }
        render::plan(proposal.plan(), self.world.stdout_paint())
    }

    fn recovery(&self, recovered: Option<&Recovered>) -> Map<String, Value> {
        let mut document = self.loaded.document(self.verb.title(), self.runtime);
        document.insert("recovered".to_owned(), json!(recovered));
        document
    }

    /// Shows what is known although there is no plan to carry out, and returns why there is none. Programs hear what
    /// came on record before; people were told.
    fn explain(
        &self,
        error: OpsError,
        recovered: Option<&Recovered>,
    ) -> Result<CliError, CliError> {
        let OpsError::Partly { rest, why } = error else {
            if recovered.is_some() && self.args.output == Format::Json {
                self.world.print_json(&self.recovery(recovered).into())?;
            }
            return Ok(error.into());
        };
        let error = CliError::from(*why);
        let paint = self.world.stdout_paint();
        match (self.args.output, render::partly(&rest.plan, paint)) {
            (Format::Json, _) => {
                let mut head = self.recovery(recovered);
                head.insert("refused".to_owned(), error.document());
                let document = render::outcome_document(head, &rest.plan, (None, &[]), None);
                self.world.print_json(&document)?;
            }
            (Format::Text, Some(shown)) => {
                let (title, target) = (self.loaded.title(), self.runtime.title());
                self.world.print(&format!("{title}\nTarget: {target}\n\n{shown}"))?;
            }
            (Format::Text, None) => {}
        }
        Ok(error)
    }

    /// Begins the document for programs.
    fn head(&self, proposal: &Proposal<'_>, recovered: Option<&Recovered>) -> Map<String, Value> {
        let mut document = self.recovery(recovered);
        document.insert("notes".to_owned(), json!(proposal.notes()));
        if let Some(rollback) = proposal.rollback() {
            document.insert("rolledBackTo".to_owned(), json!(rollback.revision));
        }
        document
    }

    /// Refuses a plan that cannot be carried out so, which programs are shown all the same; people were shown it.
    fn check(
        &self,
        proposal: &Proposal<'_>,
        checked: Result<(), OpsError>,
        head: &Map<String, Value>,
    ) -> Result<(), CliError> {
        let Err(error) = checked else { return Ok(()) };
        let error = CliError::from(error);
        if self.args.output == Format::Json {
            let mut head = head.clone();
            head.insert("refused".to_owned(), error.document());
            let document = render::outcome_document(head, proposal.plan(), (None, &[]), None);
            self.world.print_json(&document)?;
        }
        Err(error)
    }

    /// Shows how it ended, and says how the process ends.
    fn report(
        &self,
        plan: &Plan,
        applied: Option<&Applied>,
        head: Map<String, Value>,
    ) -> Result<Exit, CliError> {
        let (world, title) = (self.world, self.verb.title());
        let release = applied.and_then(|applied| applied.release.as_ref());
        let release = release.map(|release| release.revision);
        let pruned = applied.map_or(&[][..], |applied| &applied.pruned);
        let outcome = applied.map(|applied| &applied.outcome);
        match (self.args.output, outcome, release) {
            (Format::Json, outcome, release) => {
                let outcome = outcome.filter(|outcome| release.is_some() || !outcome.is_complete());
                world.print_json(&render::outcome_document(
                    head,
                    plan,
                    (release, pruned),
                    outcome,
                ))?;
            }
            (Format::Text, Some(outcome), release)
                if release.is_some() || !outcome.is_complete() =>
            {
                world.print(&render::outcome(title, release, outcome, world.stdout_paint()))?;
            }
            (Format::Text, ..) => {}
        }
        Ok(outcome.map_or(Exit::Success, exit))
    }

    /// Says how to go on after a run was stopped.
    fn go_on(&self, outcome: &Outcome) -> String {
        let command = match self.verb {
            Verb::Apply => "kusion apply".to_owned(),
            Verb::Destroy => "kusion destroy".to_owned(),
            Verb::Rollback(revision) => format!("kusion release rollback {revision}"),
        };
        let Outcome { stopped, skipped, failed, leaving, .. } = outcome;
        if *leaving > 0 {
            return format!(
                "what is being deleted goes without kusion, too; run `{command}` again to see it gone and to go on"
            );
        }
        if stopped + skipped + failed == 0 {
            return format!("all changes were made; run `{command}` again to wait until they work");
        }
        format!("run `{command}` again to go on")
    }

    /// Shows what was done before an error ended the run.
    fn report_interruption(
        &self,
        plan: &Plan,
        error: &OpsError,
        head: Map<String, Value>,
    ) -> Result<(), CliError> {
        let OpsError::Interrupted { revision, outcome, .. } = error else { return Ok(()) };
        let (world, title) = (self.world, self.verb.title());
        match self.args.output {
            Format::Json => world.print_json(&render::outcome_document(
                head,
                plan,
                (Some(*revision), &[]),
                Some(outcome),
            )),
            Format::Text => {
                world.print(&render::cut_short(title, *revision, outcome, world.stdout_paint()))
            }
        }
    }
}

fn exit(outcome: &Outcome) -> Exit {
    if outcome.is_complete() {
        return Exit::Success;
    }
    if outcome.interrupted && outcome.failures.is_empty() {
        return Exit::Interrupted;
    }
    let users = outcome.failures.iter().all(|(_, error)| error.kind() == Kind::User);
    if users { Exit::User } else { Exit::Environment }
}

/// Reads how long something may take: a number with its unit, as in `90s`, or bare seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map(Duration::from_secs);
    let read = seconds.or_else(|_| {
        let parsed = text.parse::<jiff::SignedDuration>().ok().map(Duration::try_from);
        parsed
            .and_then(Result::ok)
            .ok_or_else(|| "give a number with its unit, as in `90s`".to_owned())
    })?;
    if read.is_zero() {
        return Err("nothing works in no time; pass `--no-wait` not to wait".to_owned());
    }
    Ok(read)
}

/// Asks until the answer is yes or no; nothing and end of input are no.
fn approved(world: &World, verb: Verb, plan: &Plan) -> Result<bool, CliError> {
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
                world.eprint(&render::full_details(plan, world.stderr_paint()));
            }
            other => {
                world.eprint(&format!("`{other}` is no answer: type `yes`, `details` or `no`.\n"));
            }
        }
    }
}
