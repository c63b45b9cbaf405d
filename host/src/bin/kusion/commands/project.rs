//! `kusion project` and `kusion stack`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kusion::name::StackName;
use kusion::release::ReleaseStore;
use serde_json::json;

use crate::cli::Format;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::fill::fill_folder;
use crate::render::Table;

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// Make a project without stacks.
    Create(CreateArgs),
    /// List the projects that have releases.
    List(ListArgs),
}

/// What to do with stacks.
#[derive(Debug, Subcommand)]
pub(crate) enum StackCommand {
    /// Make a stack in the project.
    Create(CreateStackArgs),
    /// List the stacks that have releases.
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Name of the project, and of its folder.
    name: String,
    /// Folder in which it is made.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    target: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CreateStackArgs {
    /// Name of the stack, and of its folder.
    name: String,
    /// Folder of the project.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    target: PathBuf,
    /// Stack whose app.yaml is copied, as a path from the project.
    #[arg(long, value_name = "STACK")]
    copy_from: Option<PathBuf>,
    /// Workspace to which the stack is pinned.
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Backend to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn run_project(world: &World, command: ProjectCommand) -> Result<Exit, CliError> {
    match command {
        ProjectCommand::Create(args) => create_project(world, &args)?,
        ProjectCommand::List(args) => list(world, &args, false).await?,
    }
    Ok(Exit::Success)
}

pub(crate) async fn run_stack(world: &World, command: StackCommand) -> Result<Exit, CliError> {
    match command {
        StackCommand::Create(args) => create_stack(world, &args)?,
        StackCommand::List(args) => list(world, &args, true).await?,
    }
    Ok(Exit::Success)
}

fn create_project(world: &World, args: &CreateArgs) -> Result<(), CliError> {
    let name = super::init::project_name(&args.name)?;
    let folder = world.path(&args.target).join(name.as_str());
    fill_folder(world, &folder, &[("project.yaml", format!("name: {name}\n"))])?;
    world.print(&format!("Made project `{name}` in {}.\n", world.display(&folder)))
}

fn create_stack(world: &World, args: &CreateStackArgs) -> Result<(), CliError> {
    let name =
        StackName::parse(args.name.as_str()).map_err(|error| CliError::user(error.to_string()))?;
    let project = world.path(&args.target);
    if !project.join("project.yaml").is_file() {
        return Err(CliError::user(format!(
            "`{}` is no project: it has no `project.yaml`",
            args.target.display()
        ))
        .hint("run this in the project's folder, or name it with `--target`"));
    }
    let app = match &args.copy_from {
        Some(stack) => world.read_file(&project.join(stack).join("app.yaml"))?,
        None => "# What is different in this stack: a part of app.yaml.\n{}\n".to_owned(),
    };
    let pin = match &args.workspace {
        Some(workspace) => {
            format!("workspace: {}\n", crate::session::parse_workspace(workspace)?)
        }
        None => String::new(),
    };
    let folder = project.join(name.as_str());
    let stack = format!("name: {name}\n{pin}");
    fill_folder(world, &folder, &[("stack.yaml", stack), ("app.yaml", app)])?;
    world.print(&format!("Made stack `{name}` in {}.\n", world.display(&folder)))
}

async fn list(world: &World, args: &ListArgs, stacks: bool) -> Result<(), CliError> {
    let backend = world.home()?.backend(args.backend.as_deref())?.backend;
    let mut rows = ReleaseStore::stacks(backend.as_ref()).await?;
    if !stacks {
        rows.dedup_by(|a, b| a.project == b.project);
    }
    if args.output == Format::Json {
        return world.print_json(&if stacks {
            json!({ "formatVersion": 1, "stacks": rows })
        } else {
            let names: Vec<_> = rows.iter().map(|row| &row.project).collect();
            json!({ "formatVersion": 1, "projects": names })
        });
    }
    let text = if stacks {
        let mut table = Table::new(["PROJECT", "WORKSPACE", "STACK"]);
        for row in &rows {
            table.row([row.project.to_string(), row.workspace.to_string(), row.stack.to_string()]);
        }
        table.render()
    } else {
        rows.iter().map(|row| format!("{}\n", row.project)).collect()
    };
    world.print(&text)
}
