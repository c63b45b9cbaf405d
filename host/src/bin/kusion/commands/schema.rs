//! `kusion schema`

use std::path::PathBuf;

use clap::Args;
use kusion::module::Pinning;

use crate::cli::{Fetching, Meta, Parallelism};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::session::Loaded;

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    #[command(flatten)]
    fetching: Fetching,
    /// File to write instead of standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

pub(crate) async fn run(world: &World, args: SchemaArgs) -> Result<Exit, CliError> {
    let fetching = &args.fetching;
    let mut loaded = Loaded::read_without_modules(world, &args.meta).await?;
    if let Some(parallelism) = args.parallelism.get() {
        loaded.parallelism = parallelism;
    }
    let all = loaded.workspace.module_names().cloned().collect();
    let pinning = if fetching.locked { Pinning::Locked } else { Pinning::Keep };
    loaded.fetch(world, &all, fetching, pinning).await?;
    let schema = kusion::ops::schema(&loaded.project())?;
    match &args.output_file {
        None => world.print_json(&schema)?,
        Some(path) => world.write_file(path, &world.json(&schema))?,
    }
    Ok(Exit::Success)
}
