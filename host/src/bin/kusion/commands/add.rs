//! `kusion mod add`

use clap::Args;
use kusion::config::add_module;
use kusion::home::Workspaces;
use kusion::name::ModuleName;

use crate::cli::{Fetching, Registries, WorkspaceChoice};
use crate::commands::pull::fetch_one;
use crate::context::World;
use crate::error::{CliError, Exit};

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Module in a registry, as in `oci://registry.example.com/team/mysql`, with the versions that will do behind a
    /// `:`, as in `:^0.2` [default: those that are compatible with the newest].
    reference: String,
    /// Name of the module in the workspace [default: the last part of where it lies].
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    workspace: WorkspaceChoice,
    #[command(flatten)]
    registries: Registries,
}

pub(crate) async fn add(world: &World, args: &AddArgs) -> Result<Exit, CliError> {
    let (backend, workspace) = args.workspace.choose(world)?;
    let workspaces = Workspaces::new(backend.clone());
    let present = workspaces.load(&workspace).await?;
    let fetching = Fetching { registries: args.registries.clone(), ..Fetching::default() };
    let (wanted, fetched) = fetch_one(world, &args.reference, &fetching, Some(&present)).await?;
    let name = match &args.name {
        Some(name) => ModuleName::parse(name.as_str()),
        None => Ok(wanted.module.clone()),
    };
    let name = name.map_err(|error| CliError::user(error.to_string()))?;
    if present.modules().contains_key(&name) {
        return Err(CliError::user(format!(
            "workspace `{workspace}` has a module `{name}` already"
        ))
        .hint("give the new one another name with `--name`"));
    }
    let version = &fetched.pin.version;
    let requirement = match wanted.requirement.to_string() {
        text if text != "*" => text,
        _ if version.pre.is_empty() => format!("^{version}"),
        _ => version.to_string(),
    };
    let text = workspaces.text(&workspace).await?;
    let path = wanted.repository.to_string();
    let Some(text) = add_module(&text, &name, &path, &requirement) else {
        return Err(CliError::user(format!(
            "the modules of workspace `{workspace}` are not written a line each, and are not changed"
        ))
        .hint(format!("add `{name}: {{path: {path}, version: \"{requirement}\"}}` by hand")));
    };
    let file = backend.root.join(format!("workspaces/{workspace}.yaml"));
    workspaces.update(&workspace, &file, &text, None).await?;
    world.print(&format!(
        "Added module `{name}` to workspace `{workspace}`: {path}, version `{requirement}`, {version} by now.\n"
    ))?;
    Ok(Exit::Success)
}
