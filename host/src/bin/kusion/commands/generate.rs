//! `kusion generate`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Fetching, Format, Meta, Parallelism};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::session::{Loaded, show_warnings};

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    parallelism: Parallelism,
    #[command(flatten)]
    fetching: Fetching,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// File to write instead of standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

pub(crate) async fn run(world: &World, args: GenerateArgs) -> Result<Exit, CliError> {
    let loaded = Loaded::read(world, &args.meta, args.parallelism.get(), &args.fetching).await?;
    let generation = kusion::ops::generate(&loaded.project())?;
    show_warnings(world, &generation);
    loaded.show_pins(world, "`kusion apply`");
    let spec = &generation.assembled.spec;
    let text = match args.output {
        Format::Text => world.yaml(spec)?,
        Format::Json => world.json(&json!({ "formatVersion": 1, "kind": "Spec", "spec": spec })),
    };
    match &args.output_file {
        None => world.print(&text)?,
        Some(path) => world.write_file(path, &text)?,
    }
    Ok(Exit::Success)
}
