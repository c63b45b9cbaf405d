//! `kusion config`

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Format;
use crate::context::World;
use crate::error::{CliError, Exit};

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print all settings.
    List {
        /// Format of the output.
        #[arg(short, long, value_enum, default_value = "text")]
        output: Format,
    },
    /// Print a setting.
    Get(KeyArgs),
    /// Change a setting.
    Set {
        #[command(flatten)]
        key: KeyArgs,
        /// Its value.
        value: String,
    },
    /// Remove a setting.
    Unset(KeyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// `workspace`, `releases.keep`, `backends.current`, or `backends.<name>[.type|.configs[.path]]`.
    key: String,
}

pub(crate) fn run(world: &World, command: ConfigCommand) -> Result<Exit, CliError> {
    let mut settings = world.home()?.settings()?;
    match command {
        ConfigCommand::List { output: Format::Text } => {
            world.print(&world.yaml(&settings.all())?)?;
        }
        ConfigCommand::List { output: Format::Json } => {
            world.print_json(&json!({ "formatVersion": 1, "settings": settings.all() }))?;
        }
        ConfigCommand::Get(KeyArgs { key }) => match settings.get(&key)? {
            serde_json::Value::String(text) => world.print(&format!("{text}\n"))?,
            value => world.print(&world.yaml(value)?)?,
        },
        ConfigCommand::Set { key: KeyArgs { key }, value } => {
            settings.set(&key, &value)?;
            settings.save()?;
        }
        ConfigCommand::Unset(KeyArgs { key }) => {
            settings.unset(&key)?;
            settings.save()?;
        }
    }
    Ok(Exit::Success)
}
