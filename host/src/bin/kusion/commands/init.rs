//! `kusion init`

use std::path::{Path, PathBuf};

use clap::Args;
use kusion::config::{Target, Workspace};
use kusion::home::{HomeError, Workspaces};
use kusion::name::{NameError, Namespace, ProjectName};

use crate::context::World;
use crate::error::{CliError, Exit};
use crate::fill::fill_folder;
use crate::session::parse_workspace;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder of the new project; made if missing, and must be empty.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    target: PathBuf,
}

pub(crate) async fn run(world: &World, args: InitArgs) -> Result<Exit, CliError> {
    let folder = world.path(&args.target);
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = project_name(&name.unwrap_or_default()).map_err(|error| {
        error.hint("the project is named after its folder: choose one with `--target`")
    })?;
    if world.resolver().catalog().is_empty() {
        let error =
            CliError::user("there is no catalog of modules, so a project could not use any");
        return Err(error.hint(
            "put the built modules into a folder `catalog` beside the program, or set KUSION_CATALOG",
        ));
    }
    let made = ensure_default_workspace(world).await?;
    fill_folder(world, &folder, &files(&name))?;
    let shown = world.display(&folder);
    let mut text = format!("Made project `{name}` with one stack, `default`:\n");
    for (path, _) in files(&name) {
        text.push_str(&format!("  {}\n", Path::new(&shown).join(path).display()));
    }
    if made {
        text.push_str("Made workspace `default`: it lists the bundled modules.\n");
    }
    let workspace = Workspaces::new(world.home()?.backend(None)?);
    let workspace = workspace.load(&parse_workspace("default")?).await?;
    text.push_str(&format!("\n{}\nTo see what would be made:\n\n", destination(&workspace)));
    text.push_str(&format!(
        "  cd {}\n  kusion preview\n",
        Path::new(&shown).join("default").display()
    ));
    world.print(&text)?;
    Ok(Exit::Success)
}

/// Says where an apply goes, and how to make it go to a cluster.
fn destination(workspace: &Workspace) -> String {
    match workspace.target() {
        Some(Target::Directory { path, .. }) => format!(
            "Its target is a directory: `kusion apply` writes manifests to `{path}/`, and needs no cluster.\n\
             For a cluster, name its context in place of the directory, as in `kubernetes: {{context: my-cluster}}`:\n\n  \
             kusion workspace show default > default.yaml\n  \
             kusion workspace update default -f default.yaml\n"
        ),
        Some(Target::Cluster { context: Some(context), .. }) => {
            format!(
                "Its target is a cluster: `kusion apply` uses context `{context}` of your kubeconfig."
            )
        }
        Some(Target::Cluster { .. }) => {
            "Its target is a cluster: `kusion apply` uses the current context of your kubeconfig."
                .to_owned()
        }
        None => "Its workspace names no target: `kusion apply` uses your kubeconfig.".to_owned(),
    }
}

/// Checks the name of a new project, which becomes its namespace as well.
pub(crate) fn project_name(name: &str) -> Result<ProjectName, CliError> {
    let wrong = |error: NameError| CliError::user(error.to_string());
    Namespace::parse(name).map_err(wrong)?;
    ProjectName::parse(name).map_err(wrong)
}

/// Makes the workspace `default` unless it exists.
pub(crate) async fn ensure_default_workspace(world: &World) -> Result<bool, CliError> {
    let workspaces = Workspaces::new(world.home()?.backend(None)?);
    let name = parse_workspace("default")?;
    let text = Workspace::default_text(&world.resolver().catalog());
    match workspaces.create(&name, Path::new("default.yaml"), &text, None).await {
        Ok(_) => Ok(true),
        Err(HomeError::WorkspaceExists { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn files(name: &ProjectName) -> [(&'static str, String); 4] {
    [
        ("project.yaml", format!("name: {name}\n")),
        ("app.yaml", APP.to_owned()),
        ("default/stack.yaml", "name: default\nworkspace: default\n".to_owned()),
        ("default/app.yaml", OVERLAY.to_owned()),
    ]
}

const APP: &str = "\
# What the app is, in every stack. Each stack can change it in an app.yaml of its own.
workload:
  module: service
  containers:
    main:
      image: nginx:1.27
      resources:
        cpu: 100m-500m
        memory: 128Mi
  replicas: 1
accessories:
  network:
    ports:
      - port: 80
";

const OVERLAY: &str = "\
# What is different in this stack.
workload:
  replicas: 2
";
