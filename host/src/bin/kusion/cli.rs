//! The command line's grammar.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, ValueEnum};
use kusion::config::Workspace;
use kusion::home::{HomeError, NamedBackend, Workspaces};
use kusion::name::WorkspaceName;

use crate::commands::Command;
use crate::context::World;
use crate::error::CliError;
use crate::log::LogFormat;
use crate::session::parse_workspace;

/// Deliver applications described in one file, extended by WebAssembly modules.
#[derive(Debug, Parser)]
#[command(name = "kusion", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Use no colours.
    #[arg(long, global = true)]
    pub(crate) no_style: bool,
    #[command(flatten)]
    pub(crate) logging: Logging,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is told about the work itself, on standard error.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Logging {
    /// Tell each stage and how long it took; twice, every module call, resource and record too.
    ///
    /// Without it the environment variable KUSION_LOG says what is told: a level (off, error, warn, info,
    /// debug, trace), or levels of targets, as in `kusion::engine=debug,info`.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Format of everything on standard error.
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// Where a command works.
#[derive(Debug, Clone, Args)]
pub(crate) struct Meta {
    /// Workspace to use instead of the stack's or the current one.
    #[arg(long, value_name = "NAME")]
    pub(crate) workspace: Option<String>,
    /// Backend to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    pub(crate) backend: Option<String>,
    /// Stack folder to work in.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) workdir: PathBuf,
}

/// A workspace, where there is no stack.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkspaceChoice {
    /// Workspace to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Backend to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
}

impl From<&Meta> for WorkspaceChoice {
    fn from(meta: &Meta) -> Self {
        Self { workspace: meta.workspace.clone(), backend: meta.backend.clone() }
    }
}

impl WorkspaceChoice {
    /// Returns the backend that has the workspace, and the workspace's name.
    pub(crate) fn choose(&self, world: &World) -> Result<(NamedBackend, WorkspaceName), CliError> {
        let home = world.home()?;
        let settings = home.settings()?;
        let name = self.workspace.as_deref().or(settings.current_workspace()).unwrap_or("default");
        Ok((home.backend(self.backend.as_deref())?, parse_workspace(name)?))
    }

    /// Reads the workspace.
    pub(crate) async fn load(&self, world: &World) -> Result<Workspace, CliError> {
        let (backend, name) = self.choose(world)?;
        Ok(Workspaces::new(backend).load(&name).await?)
    }

    /// Reads the workspace; `None` if nobody chose one and there is none by the usual name.
    pub(crate) async fn load_if_any(&self, world: &World) -> Result<Option<Workspace>, CliError> {
        let (backend, name) = self.choose(world)?;
        let is_chosen =
            self.workspace.is_some() || world.home()?.settings()?.current_workspace().is_some();
        match Workspaces::new(backend).load(&name).await {
            Err(HomeError::NoWorkspace { .. }) if !is_chosen => Ok(None),
            loaded => Ok(Some(loaded?)),
        }
    }
}

/// How much is done at once.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Parallelism {
    /// How many modules run and how many resources are read or changed at once; 32 on a cluster and 10 in a
    /// directory unless given.
    #[arg(long, value_name = "NUMBER")]
    parallelism: Option<NonZeroUsize>,
}

impl Parallelism {
    pub(crate) fn get(self) -> Option<NonZeroUsize> {
        self.parallelism
    }
}

/// How modules are had from registries.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Fetching {
    /// Use what kusion.lock pins, and fail where it pins nothing that will do.
    #[arg(long)]
    pub(crate) locked: bool,
    /// Make no connection to a registry.
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) registries: Registries,
}

/// How registries are spoken to.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Registries {
    /// Speak with registries without TLS, also with those on other machines.
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// File with certificates of authorities that registries may have theirs from, beside those of the system.
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_ca: Vec<PathBuf>,
}

/// Which cluster is meant, and what may be done to it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Cluster {
    /// Context of the kubeconfig to use.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Take over fields that somebody else manages.
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    /// Manage objects that exist and are managed by another tool.
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Delete and make anew what cannot change in place.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Delete and replace what holds data too, such as volume claims and definitions of kinds.
    #[arg(long)]
    pub(crate) allow_data_loss: bool,
}

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One versioned document for programs.
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_sound() {
        super::Cli::command().debug_assert();
    }
}
