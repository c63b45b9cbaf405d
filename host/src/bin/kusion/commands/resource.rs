//! `kusion resource`

use clap::{Args, Subcommand, ValueEnum};
use kusion::diagnostic::name_hints;
use kusion::release::Release;
use kusion::spec::StateEntry;
use serde_json::json;

use super::release;
use crate::cli::{Format, Meta};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Table;

/// What to do with the resources on record.
#[derive(Debug, Subcommand)]
pub(crate) enum ResourceCommand {
    /// Show the resources of the latest release and what they depend on.
    Graph(GraphArgs),
    /// Print a resource of the latest release.
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    meta: Meta,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: GraphFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum GraphFormat {
    /// A table.
    Text,
    /// One versioned document.
    Json,
    /// The language of Graphviz.
    Dot,
    /// The language of Mermaid.
    Mermaid,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    meta: Meta,
    /// Id of the resource.
    #[arg(long)]
    id: String,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn run(world: &World, command: ResourceCommand) -> Result<Exit, CliError> {
    match command {
        ResourceCommand::Graph(args) => {
            let release = latest(world, &args.meta).await?;
            let text = match args.output {
                GraphFormat::Text => table(&release),
                GraphFormat::Json => world.json(&document(&release)),
                GraphFormat::Dot => dot(&release),
                GraphFormat::Mermaid => mermaid(&release),
            };
            world.print(&text)?;
        }
        ResourceCommand::Show(args) => show(world, &args).await?,
    }
    Ok(Exit::Success)
}

async fn latest(world: &World, meta: &Meta) -> Result<Release, CliError> {
    let store = release::open(world, meta)?;
    let mut release = store
        .latest()
        .await?
        .ok_or_else(|| CliError::user(format!("{} has no releases yet", store.stack())))?;
    release.state = store.latest_state().await?.state;
    Ok(release)
}

fn entries(release: &Release) -> impl Iterator<Item = &StateEntry> {
    release.state.resources.values()
}

fn table(release: &Release) -> String {
    let mut table = Table::new(["ID", "APP", "ACCESSORY", "MODULE", "DEPENDS ON"]);
    for entry in entries(release) {
        let (app, accessory, module) = match &entry.origin {
            Some(origin) => {
                (origin.app.to_string(), origin.accessory.clone(), origin.module.to_string())
            }
            None => Default::default(),
        };
        let needs: Vec<String> =
            entry.resource.depends_on.iter().map(ToString::to_string).collect();
        table.row([entry.resource.id.to_string(), app, accessory, module, needs.join(", ")]);
    }
    table.render()
}

fn document(release: &Release) -> serde_json::Value {
    let resources: Vec<_> = entries(release)
        .map(|entry| {
            json!({
                "id": entry.resource.id,
                "type": entry.resource.kind,
                "origin": entry.origin,
                "dependsOn": entry.resource.depends_on,
            })
        })
        .collect();
    json!({ "formatVersion": 1, "revision": release.revision, "resources": resources })
}

fn dot(release: &Release) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = "digraph resources {\n  rankdir = LR\n  node [shape = box]\n".to_owned();
    for entry in entries(release) {
        let id = quote(entry.resource.id.as_str());
        text.push_str(&format!("  {id}\n"));
        for needed in &entry.resource.depends_on {
            text.push_str(&format!("  {id} -> {}\n", quote(needed.as_str())));
        }
    }
    text.push_str("}\n");
    text
}

fn mermaid(release: &Release) -> String {
    let mut text = "flowchart LR\n".to_owned();
    let ids: Vec<_> = entries(release).map(|entry| &entry.resource.id).collect();
    let node = |id| ids.iter().position(|other| *other == id).map(|index| format!("r{index}"));
    for entry in entries(release) {
        if let Some(name) = node(&entry.resource.id) {
            let label = entry.resource.id.as_str().replace('"', "#quot;");
            text.push_str(&format!("  {name}[\"{label}\"]\n"));
            for needed in entry.resource.depends_on.iter().filter_map(node) {
                text.push_str(&format!("  {name} --> {needed}\n"));
            }
        }
    }
    text
}

async fn show(world: &World, args: &ShowArgs) -> Result<(), CliError> {
    let release = latest(world, &args.meta).await?;
    let Some(entry) = release.state.resources.get(args.id.as_str()) else {
        let mut error = CliError::user(format!("there is no resource `{}` on record", args.id));
        for hint in name_hints(&args.id, release.state.resources.keys().map(|id| id.as_str())) {
            error = error.hint(hint);
        }
        return Err(error);
    };
    match args.output {
        Format::Text => world.print(&world.yaml(entry)?),
        Format::Json => {
            let resource = serde_json::to_value(entry).unwrap_or_default();
            world.print_json(&json!({ "formatVersion": 1, "resource": resource }))
        }
    }
}
