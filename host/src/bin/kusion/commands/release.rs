//! `kusion release`

use clap::{Args, Subcommand};
use kusion::config::Stack;
use kusion::release::{Release, ReleaseStore, StackKey};
use serde_json::json;

use crate::cli::{Format, Meta};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Table;
use crate::session::{load_stack, workspace_name};

/// What to do with releases.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// List the releases of the stack.
    List(ListArgs),
    /// Print a release.
    Show(ShowArgs),
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
    }
    Ok(Exit::Success)
}

async fn list(world: &World, args: &ListArgs) -> Result<(), CliError> {
    let store = open(world, &args.meta)?;
    let mut releases = Vec::new();
    for revision in store.revisions().await? {
        releases.push(store.get(revision).await?);
    }
    if args.output == Format::Json {
        let releases: Vec<_> = releases.iter().map(summary).collect();
        return world.print_json(&json!({ "formatVersion": 1, "releases": releases }));
    }
    if releases.is_empty() {
        world.eprint(&format!("{} has no releases yet.\n", store.stack()));
        return Ok(());
    }
    let mut table = Table::new(["REVISION", "OPERATION", "PHASE", "RESOURCES", "CREATED", "BY"]);
    for release in &releases {
        table.row([
            release.revision.to_string(),
            release.operation.to_string(),
            release.phase.to_string(),
            release.state.resources.len().to_string(),
            format!("{:.0}", release.create_time),
            release.actor.clone(),
        ]);
    }
    world.print(&table.render())
}

fn summary(release: &Release) -> serde_json::Value {
    json!({
        "revision": release.revision,
        "operation": release.operation,
        "phase": release.phase,
        "resources": release.state.resources.len(),
        "createTime": release.create_time,
        "modifiedTime": release.modified_time,
        "actor": release.actor,
    })
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
