//! `kusion workspace`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kusion::config::Workspace;
use kusion::home::{Home, HomeError, Workspaces};
use kusion::name::WorkspaceName;
use kusion::source::SourceFile;
use serde_json::json;

use crate::cli::Format;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::session::parse_workspace;

/// What to do with workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace.
    Create(CreateArgs),
    /// List the workspaces.
    List(ListArgs),
    /// Print a workspace.
    Show(NameArgs),
    /// Choose the current workspace.
    Switch(SwitchArgs),
    /// Replace a workspace's text, or its name.
    Update(UpdateArgs),
    /// Delete a workspace.
    Delete(NameArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Name of the workspace.
    name: String,
    /// File with its text [default: the bundled modules, and a directory as the target].
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Choose it as the current one.
    #[arg(long)]
    current: bool,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NameArgs {
    /// Name of the workspace [default: the current one].
    name: Option<String>,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SwitchArgs {
    /// Name of the workspace.
    name: String,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Name of the workspace [default: the current one].
    name: Option<String>,
    /// File with its new text.
    #[arg(short, long, value_name = "FILE", required_unless_present = "rename")]
    file: Option<PathBuf>,
    /// New name.
    #[arg(short, long, value_name = "NAME")]
    rename: Option<String>,
    /// Choose it as the current one.
    #[arg(long)]
    current: bool,
    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Debug, Args)]
struct BackendArgs {
    /// Backend to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
}

struct Context {
    home: Home,
    workspaces: Workspaces,
}

impl Context {
    fn open(world: &World, args: &BackendArgs) -> Result<Self, CliError> {
        let home = world.home()?;
        let workspaces = Workspaces::new(home.backend(args.backend.as_deref())?);
        Ok(Self { home, workspaces })
    }

    fn current(&self) -> Result<WorkspaceName, CliError> {
        parse_workspace(self.home.settings()?.current_workspace().unwrap_or("default"))
    }

    fn name(&self, name: Option<&str>) -> Result<WorkspaceName, CliError> {
        name.map_or_else(|| self.current(), parse_workspace)
    }

    fn switch(&self, name: &WorkspaceName) -> Result<(), HomeError> {
        self.home.change_settings(|settings| settings.set("workspace", name.as_str()))
    }

    /// Chooses another workspace if the given one is the current one.
    fn leave(&self, name: &WorkspaceName, new: &WorkspaceName) -> Result<(), HomeError> {
        let settings = self.home.settings()?;
        let is_current = settings.current_workspace() == Some(name.as_str());
        if is_current { self.switch(new) } else { Ok(()) }
    }
}

pub(crate) async fn run(world: &World, command: WorkspaceCommand) -> Result<Exit, CliError> {
    match command {
        WorkspaceCommand::Create(args) => create(world, args).await?,
        WorkspaceCommand::List(args) => list(world, args).await?,
        WorkspaceCommand::Show(args) => {
            let context = Context::open(world, &args.backend)?;
            let name = context.name(args.name.as_deref())?;
            world.print(&context.workspaces.text(&name).await?)?;
        }
        WorkspaceCommand::Switch(args) => {
            let context = Context::open(world, &args.backend)?;
            let name = parse_workspace(&args.name)?;
            context.workspaces.text(&name).await?;
            context.switch(&name)?;
            world.print(&format!("Workspace `{name}` is the current one now.\n"))?;
        }
        WorkspaceCommand::Update(args) => update(world, args).await?,
        WorkspaceCommand::Delete(args) => {
            let context = Context::open(world, &args.backend)?;
            let name = context.name(args.name.as_deref())?;
            let default = parse_workspace("default")?;
            context.workspaces.delete(&name, || context.leave(&name, &default)).await?;
            world.print(&format!("Deleted workspace `{name}`.\n"))?;
        }
    }
    Ok(Exit::Success)
}

async fn create(world: &World, args: CreateArgs) -> Result<(), CliError> {
    let context = Context::open(world, &args.backend)?;
    let name = parse_workspace(&args.name)?;
    let (path, text, base) = match &args.file {
        Some(file) => read(world, file)?,
        None => {
            let text = Workspace::default_text(&world.resolver().catalog());
            (PathBuf::from(format!("{name}.yaml")), text, None)
        }
    };
    check(&name, &path, &text, base.as_deref())?;
    context.workspaces.create(&name, &path, &text, base.as_deref()).await?;
    if args.current {
        context.switch(&name)?;
    }
    world.print(&format!("Made workspace `{name}`.\n"))
}

async fn update(world: &World, args: UpdateArgs) -> Result<(), CliError> {
    let context = Context::open(world, &args.backend)?;
    let mut name = context.name(args.name.as_deref())?;
    if let Some(file) = &args.file {
        let (path, text, base) = read(world, file)?;
        check(&name, &path, &text, base.as_deref())?;
        context.workspaces.update(&name, &path, &text, base.as_deref()).await?;
    }
    if let Some(new) = &args.rename {
        let new = parse_workspace(new)?;
        context.workspaces.rename(&name, &new, || context.leave(&name, &new)).await?;
        name = new;
    }
    if args.current {
        context.switch(&name)?;
    }
    world.print(&format!("Updated workspace `{name}`.\n"))
}

/// Checks what is read only when something is applied, so that it is not stored wrong.
fn check(
    name: &WorkspaceName,
    path: &Path,
    text: &str,
    base: Option<&Path>,
) -> Result<(), CliError> {
    let workspace = Workspace::parse(name.clone(), &SourceFile::new(path, text), base);
    Ok(kusion::ops::check_workspace(&workspace.map_err(HomeError::from)?)?)
}

/// Reads the text of a workspace, and the folder at which its relative paths begin.
fn read(world: &World, file: &Path) -> Result<(PathBuf, String, Option<PathBuf>), CliError> {
    let path = world.path(file);
    let text = world.read_file(file)?;
    let base = path.parent().map(Path::to_path_buf);
    Ok((path, text, base))
}

async fn list(world: &World, args: ListArgs) -> Result<(), CliError> {
    let context = Context::open(world, &args.backend)?;
    let current = context.current()?;
    let names = context.workspaces.list().await?;
    match args.output {
        Format::Json => world.print_json(&json!({
            "formatVersion": 1,
            "current": current,
            "workspaces": names,
        })),
        Format::Text => {
            let line = |name: &WorkspaceName| {
                format!("{} {name}\n", if *name == current { '*' } else { '-' })
            };
            world.print(&names.iter().map(line).collect::<String>())
        }
    }
}
