//! `kusion config`

use clap::{Args, Subcommand};
use kusion::home::Workspaces;
use serde_json::json;

use crate::cli::Format;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::session::parse_workspace;

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

pub(crate) async fn run(world: &World, command: ConfigCommand) -> Result<Exit, CliError> {
    let home = world.home()?;
    match command {
        ConfigCommand::List { output: Format::Text } => {
            let settings = home.settings()?;
            world.print(&world.yaml(&settings.all())?)?;
        }
        ConfigCommand::List { output: Format::Json } => {
            let settings = home.settings()?;
            world.print_json(&json!({ "formatVersion": 1, "settings": settings.all() }))?;
        }
        ConfigCommand::Get(KeyArgs { key }) => match home.settings()?.get(&key)? {
            serde_json::Value::String(text) => world.print(&format!("{text}\n"))?,
            value => world.print(&world.yaml(value)?)?,
        },
        ConfigCommand::Set { key: KeyArgs { key }, value } => {
            if key == "workspace" {
                // What does not exist would only be missed by the next command.
                let name = parse_workspace(&value)?;
                Workspaces::new(home.backend(None)?).text(&name).await?;
            }
            home.change_settings(|settings| settings.set(&key, &value))?;
        }
        ConfigCommand::Unset(KeyArgs { key }) => {
            home.change_settings(|settings| settings.unset(&key))?;
        }
    }
    Ok(Exit::Success)
}
