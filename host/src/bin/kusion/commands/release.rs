//! `kusion release`

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kusion::config::Stack;
use kusion::home::Workspaces;
use kusion::ops::{Unlocked, compare_releases};
use kusion::release::{Operation, Phase, Release, ReleaseError, ReleaseStore, StackKey};
use serde::Serialize;
use serde_json::json;

use crate::cli::{Cluster, Format, Meta};
use crate::commands::apply::{self, ApplyArgs};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{self, Table};
use crate::session::{holder, load_stack, workspace_name};

/// What to do with releases.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// List the releases of the stack.
    List(ListArgs),
    /// Print a release.
    Show(ShowArgs),
    /// Show what differs between two releases.
    Diff(DiffArgs),
    /// Make the target what a release recorded, as a new release.
    Rollback(RollbackArgs),
    /// Recover what an interrupted run left, or say who is at work.
    Unlock(UnlockArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    meta: Meta,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    meta: Meta,
    /// Number of the release [default: the latest].
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Number of the release to compare with [default: the one before].
    #[arg(value_name = "FROM")]
    from: Option<u64>,
    /// Number of the release to look at [default: the latest].
    #[arg(value_name = "TO")]
    to: Option<u64>,
    #[command(flatten)]
    meta: Meta,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// Number of the release to go back to.
    #[arg(value_name = "NUMBER")]
    revision: u64,
    #[command(flatten)]
    apply: ApplyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UnlockArgs {
    #[command(flatten)]
    meta: Meta,
    /// Context of the kubeconfig to use.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

/// Opens the releases of the stack in which the user stands.
pub(crate) fn open(world: &World, meta: &Meta) -> Result<ReleaseStore, CliError> {
    let stack = load_stack(world, meta, Stack::load_header)?;
    let home = world.home()?;
    let workspace = workspace_name(&home, meta, Some(&stack))?;
    let backend = home.backend(meta.backend.as_deref())?.backend;
    let key =
        StackKey { project: stack.project().clone(), workspace, stack: stack.stack().clone() };
    Ok(ReleaseStore::new(backend, key))
}

pub(crate) async fn run(world: &World, command: ReleaseCommand) -> Result<Exit, CliError> {
    match command {
        ReleaseCommand::List(args) => list(world, &args).await?,
        ReleaseCommand::Show(args) => show(world, &args).await?,
        ReleaseCommand::Diff(args) => diff(world, &args).await?,
        ReleaseCommand::Rollback(args) => {
            return apply::rollback(world, args.apply, args.revision).await;
        }
        ReleaseCommand::Unlock(args) => unlock(world, &args).await?,
    }
    Ok(Exit::Success)
}

async fn list(world: &World, args: &ListArgs) -> Result<(), CliError> {
    let store = open(world, &args.meta)?;
    let releases = store.each(|revision, release| (revision, release.map(Summary::of))).await?;
    for error in releases.iter().filter_map(|(_, release)| release.as_ref().err()) {
        world.warn(&error.to_string());
    }
    if args.output == Format::Json {
        let releases: Vec<_> =
            releases.iter().map(|(revision, release)| document(*revision, release)).collect();
        return world.print_json(&json!({ "formatVersion": 1, "releases": releases }));
    }
    if releases.is_empty() {
        world.eprint(&format!("{} has no releases yet.\n", store.stack()));
        return Ok(());
    }
    let mut table = Table::new(["REVISION", "OPERATION", "PHASE", "RESOURCES", "CREATED", "BY"]);
    for (revision, release) in &releases {
        let Ok(release) = release else {
            let unknown = ["-", "unreadable", "-", "-", "-"].map(str::to_owned);
            let [operation, phase, resources, created, by] = unknown;
            table.row([revision.to_string(), operation, phase, resources, created, by]);
            continue;
        };
        table.row([
            revision.to_string(),
            release.operation.to_string(),
            release.phase.to_string(),
            match release.uncertain {
                0 => release.resources.to_string(),
                uncertain => format!("{} + {uncertain} uncertain", release.resources),
            },
            format!("{:.0}", release.create_time),
            release.actor.clone(),
        ]);
    }
    world.print(&table.render())
}

/// What a list says of a release. The release itself may be large.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    operation: Operation,
    phase: Phase,
    /// How many resources exist.
    resources: usize,
    /// How many may exist or not, because a change of them failed.
    uncertain: usize,
    create_time: Timestamp,
    modified_time: Timestamp,
    actor: String,
    rolled_back_to: Option<u64>,
}

impl Summary {
    fn of(release: Release) -> Self {
        let entries = release.state.resources.values();
        let uncertain = entries.filter(|entry| entry.uncertain).count();
        Self {
            operation: release.operation,
            phase: release.phase,
            resources: release.state.resources.len() - uncertain,
            uncertain,
            create_time: release.create_time,
            modified_time: release.modified_time,
            actor: release.actor,
            rolled_back_to: release.rolled_back_to,
        }
    }
}

fn document(revision: u64, release: &Result<Summary, ReleaseError>) -> serde_json::Value {
    let mut document = match release {
        Ok(release) => json!(release),
        Err(error) => json!({ "error": error.to_string() }),
    };
    if let Some(members) = document.as_object_mut() {
        members.insert("revision".to_owned(), json!(revision));
    }
    document
}

async fn diff(world: &World, args: &DiffArgs) -> Result<(), CliError> {
    let store = open(world, &args.meta)?;
    let diff = compare_releases(&store, args.from, args.to).await?;
    match args.output {
        Format::Text => world.print(&render::release_diff(&diff, world.stdout_paint())),
        Format::Json => {
            let mut document = serde_json::to_value(&diff).unwrap_or_default();
            if let Some(members) = document.as_object_mut() {
                members.insert("formatVersion".to_owned(), json!(1));
            }
            world.print_json(&document)
        }
    }
}

async fn unlock(world: &World, args: &UnlockArgs) -> Result<(), CliError> {
    let store = open(world, &args.meta)?;
    let home = world.home()?;
    let workspaces = Workspaces::new(home.backend(args.meta.backend.as_deref())?);
    let name = &store.stack().workspace;
    workspaces.text(name).await?;
    // A workspace that is broken hides the target, and is no reason to leave the records as they are.
    let stack = load_stack(world, &args.meta, Stack::load_header)?;
    let runtime = match workspaces.load(name).await {
        Ok(workspace) => {
            let cluster = Cluster { context: args.context.clone(), ..Cluster::default() };
            let opened = match world.target_options(&cluster, &workspace) {
                Ok(options) => kusion::ops::open_target(&stack, &workspace, &options)
                    .await
                    .map_err(CliError::from),
                Err(error) => Err(error),
            };
            match opened {
                Ok(runtime) => Some(runtime),
                // Whoever names a context wants to know.
                Err(error) if args.context.is_some() => return Err(error),
                Err(_) => None,
            }
        }
        Err(_) => None,
    };
    let holder = holder(world, "release unlock");
    let Unlocked { recovered, freed, target } =
        kusion::ops::unlock(&store, &holder, &home.key_file(), runtime.as_deref()).await?;
    let mut text = match &recovered {
        Some(recovered) => format!("{recovered}.\n"),
        None => String::new(),
    };
    if freed {
        text.push_str("An interrupted run does not keep others out of the target any more.\n");
    }
    if text.is_empty() && target.is_none() {
        text = format!("{} is not locked, and no interrupted run left anything.\n", store.stack());
    }
    match args.output {
        Format::Json => world
            .print_json(&json!({ "formatVersion": 1, "recovered": recovered, "freed": freed }))?,
        Format::Text => world.print(&text)?,
    }
    target.map_or(Ok(()), |error| Err(error.into()))
}

async fn show(world: &World, args: &ShowArgs) -> Result<(), CliError> {
    let store = open(world, &args.meta)?;
    let release = match args.revision {
        Some(revision) => store.get(revision).await?,
        None => store
            .latest()
            .await?
            .ok_or_else(|| CliError::user(format!("{} has no releases yet", store.stack())))?,
    };
    match args.output {
        Format::Text => world.print(&world.yaml(&release)?),
        Format::Json => world.print_json(&serde_json::to_value(&release).unwrap_or_default()),
    }
}
