//! One file per command: its arguments, and one call of the library.

mod add;
mod after;
mod apply;
mod bundle;
mod cases;
mod compile;
mod completion;
mod config;
mod generate;
mod init;
mod inspect;
pub(crate) mod keys;
mod login;
mod module;
mod module_dev;
mod module_init;
mod module_test;
mod preview;
mod project;
mod pull;
mod push;
mod release;
mod resource;
mod schema;
mod verify;
mod version;
mod workspace;

use crate::cli::Cli;
use crate::context::World;
use crate::error::{CliError, Exit};

pub(crate) use compile::COMPILE;

/// What the user asks for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a project that works at once, without a cluster.
    Init(init::InitArgs),
    /// Print the Spec: what the modules make of the stack.
    Generate(generate::GenerateArgs),
    /// Show what an apply would change.
    Preview(preview::PreviewArgs),
    /// Change the target to what the stack says.
    Apply(apply::ApplyCommand),
    /// Delete everything that the stack has in the target.
    // These say nothing about a destroy, and are taken like those of an apply.
    #[command(
        mut_arg("adopt", |arg| arg.hide(true)),
        mut_arg("replace", |arg| arg.hide(true)),
        mut_arg("force_conflicts", |arg| arg.hide(true)),
        mut_arg("no_wait", |arg| arg.hide(true))
    )]
    Destroy(apply::ApplyArgs),
    /// Manage workspaces: which modules exist, their defaults, and the target.
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// Manage settings and backends.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Make and list projects.
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Make and list stacks.
    #[command(subcommand)]
    Stack(project::StackCommand),
    /// List, show and compare releases, and go back to one.
    #[command(subcommand)]
    Release(release::ReleaseCommand),
    /// Show resources on record.
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    /// Write, build, list, inspect, fetch and publish modules.
    #[command(subcommand)]
    Mod(module::ModCommand),
    /// Print the JSON Schema of app.yaml for the stack's workspace, for editors.
    Schema(schema::SchemaArgs),
    /// Print a completion script for a shell.
    Completion(completion::CompletionArgs),
    /// Print the version.
    Version(version::VersionArgs),
    #[command(name = compile::COMPILE, hide = true)]
    Compile(compile::CompileArgs),
}

/// Runs a command.
pub(crate) fn run(world: &World, cli: Cli) -> Result<Exit, CliError> {
    match cli.command {
        Command::Init(args) => wait(init::run(world, args)),
        Command::Generate(args) => wait(generate::run(world, args)),
        Command::Preview(args) => wait(preview::run(world, args)),
        Command::Apply(args) => wait(apply::apply(world, args)),
        Command::Destroy(args) => wait(apply::destroy(world, args)),
        Command::Workspace(command) => wait(workspace::run(world, command)),
        Command::Config(command) => wait(config::run(world, command)),
        Command::Project(command) => wait(project::run_project(world, command)),
        Command::Stack(command) => wait(project::run_stack(world, command)),
        Command::Release(command) => wait(release::run(world, command)),
        Command::Resource(command) => wait(resource::run(world, command)),
        Command::Mod(command) => wait(module::run(world, command)),
        Command::Schema(args) => wait(schema::run(world, args)),
        Command::Completion(args) => completion::run(world, &args),
        Command::Version(args) => version::run(world, &args),
        Command::Compile(args) => Ok(compile::run(&args)),
    }
}

/// Runs an operation to its end. Commands that need no runtime do not pay for one.
fn wait(operation: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::environment("cannot start", &error))?;
    runtime.block_on(operation)
}
