//! `kusion schema`

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Meta, Parallelism};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::session::Loaded;

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    /// File to write instead of standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

pub(crate) async fn run(world: &World, args: SchemaArgs) -> Result<Exit, CliError> {
    let loaded = Loaded::read(world, &args.meta, args.parallelism.get()).await?;
    let schema = kusion::ops::schema(&loaded.project())?;
    match &args.output_file {
        None => world.print_json(&schema)?,
        Some(path) => world.write_file(path, &world.json(&schema))?,
    }
    Ok(Exit::Success)
}
