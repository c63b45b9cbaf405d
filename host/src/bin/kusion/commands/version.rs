//! `kusion version`

use clap::Args;
use serde_json::json;

use crate::cli::Format;
use crate::context::World;
use crate::error::{CliError, Exit};

#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) fn run(world: &World, args: &VersionArgs) -> Result<Exit, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let interface = kusion::engine::INTERFACE_VERSION;
    match args.output {
        Format::Text => world.print(&format!(
            "kusion {version}\nmodule interface: {interface}\nplatform: {target}\n"
        ))?,
        Format::Json => world.print_json(&json!({
            "formatVersion": 1,
            "version": version,
            "moduleInterface": interface,
            "platform": target,
        }))?,
    }
    Ok(Exit::Success)
}
