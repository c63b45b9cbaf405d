//! `kusion release`

use clap::{Args, Subcommand};
use kusion::config::Stack;
use kusion::ops::compare_releases;
use kusion::release::{Release, ReleaseError, ReleaseStore, StackKey};
use serde_json::json;

use crate::cli::{Format, Meta};
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
    let releases = store.all().await?;
    for error in releases.iter().filter_map(|(_, release)| release.as_ref().err()) {
        world.warn(&error.to_string());
    }
    if args.output == Format::Json {
        let releases: Vec<_> =
            releases.iter().map(|(revision, release)| summary(*revision, release)).collect();
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
        let (certain, uncertain) = resources(release);
        table.row([
            revision.to_string(),
            release.operation.to_string(),
            release.phase.to_string(),
            match uncertain {
                0 => certain.to_string(),
                _ => format!("{certain} + {uncertain} uncertain"),
            },
            format!("{:.0}", release.create_time),
            release.actor.clone(),
        ]);
    }
    world.print(&table.render())
}

/// Counts what exists, and what may exist or not because a change of it failed.
fn resources(release: &Release) -> (usize, usize) {
    let uncertain = release.state.resources.values().filter(|entry| entry.uncertain).count();
    (release.state.resources.len() - uncertain, uncertain)
}

fn summary(revision: u64, release: &Result<Release, ReleaseError>) -> serde_json::Value {
    let release = match release {
        Ok(release) => release,
        Err(error) => return json!({ "revision": revision, "error": error.to_string() }),
    };
    let (certain, uncertain) = resources(release);
    json!({
        "revision": revision,
        "operation": release.operation,
        "phase": release.phase,
        "resources": certain,
        "uncertain": uncertain,
        "createTime": release.create_time,
        "modifiedTime": release.modified_time,
        "actor": release.actor,
        "rolledBackTo": release.rolled_back_to,
    })
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
    let recovered = kusion::ops::unlock(&store, &holder(world, "release unlock")).await?;
    match (args.output, recovered) {
        (Format::Json, recovered) => {
            world.print_json(&json!({ "formatVersion": 1, "recovered": recovered }))
        }
        (Format::Text, Some(recovered)) => world.print(&format!("{recovered}.\n")),
        (Format::Text, None) => world.print(&format!(
            "{} is not locked, and no interrupted run left anything.\n",
            store.stack()
        )),
    }
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
