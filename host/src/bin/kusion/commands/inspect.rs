//! `kusion mod inspect`: what a module is.

use clap::Args;
use kusion::config::{ModuleOrigin, Workspace};
use kusion::engine::{Limits, Surface};
use kusion::module::{ModuleLocation, ResolvedModule};
use kusion::name::ModuleName;
use serde_json::json;

use crate::cli::{Fetching, Format, Registries, WorkspaceChoice};
use crate::commands::module::find;
use crate::commands::pull::fetch_one;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{harmless_line, inputs};

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Name of a module of the workspace or of the bundled catalog, a path to a component or to the folder in which it was built, or a module in a
    /// registry, as in `oci://registry.example.com/team/mysql:0.2.0`.
    module: String,
    #[command(flatten)]
    workspace: WorkspaceChoice,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn inspect(world: &World, args: &InspectArgs) -> Result<Exit, CliError> {
    let is_reference = args.module.starts_with("oci://");
    let workspace = match is_reference || ModuleName::parse(args.module.as_str()).is_ok() {
        true => args.workspace.load_if_any(world).await?,
        false => None,
    };
    let far = match is_reference {
        true => Some(args.module.clone()),
        false => workspace.as_ref().and_then(|workspace| in_registry(workspace, &args.module)),
    };
    let (resolved, pin) = if let Some(reference) = &far {
        let fetching = Fetching { registries: args.registries.clone(), ..Fetching::default() };
        let (wanted, fetched) = fetch_one(world, reference, &fetching, workspace.as_ref()).await?;
        let resolved = ResolvedModule {
            name: wanted.module,
            location: ModuleLocation::Registry(wanted.repository.to_string()),
            digest: fetched.pin.layer,
            bytes: fetched.bytes,
        };
        (resolved, Some(fetched.pin))
    } else {
        (find(world, &args.module)?, None)
    };
    let name = &resolved.name;
    let module = world.engine(Limits::default())?.load(name, &resolved.digest, &resolved.bytes)?;
    let description = module.description();
    let Surface { imports, notes, .. } = Surface::of(&resolved.bytes);
    if args.output == Format::Json {
        world.print_json(&json!({
            "formatVersion": 1,
            "digest": resolved.digest,
            "manifest": pin.as_ref().and_then(|pin| pin.manifest),
            "signer": pin.as_ref().and_then(|pin| pin.signer.as_deref()),
            "size": resolved.bytes.len(),
            "imports": imports,
            "notes": notes,
            "description": description,
        }))?;
        return Ok(Exit::Success);
    }
    let mut text = format!(
        "{} {} ({})\n{}\n\ndigest:     {}\nsize:       {} bytes\nimports:    {}\nresources:  {}\ncontext:    {}\n",
        description.name,
        description.version,
        description.kind,
        harmless_line(&description.summary),
        resolved.digest,
        resolved.bytes.len(),
        listed(&imports),
        listed(&description.resource_types),
        listed(&description.context_keys),
    );
    if let Some(pin) = &pin {
        let manifest = pin.manifest.map(|digest| digest.to_string()).unwrap_or_default();
        let signer = pin.signer.as_deref().unwrap_or("the workspace asks for none");
        text.push_str(&format!("manifest:   {manifest}\nsigner:     {signer}\n"));
    }
    for (name, note) in &notes {
        let (name, note) = (harmless_line(name), harmless_line(note));
        text.push_str(&format!("{:<12}{note}\n", format!("{name}:")));
    }
    for (title, schema) in [
        ("Developer inputs (app.yaml)", &description.developer_schema),
        ("Platform inputs (workspace)", &description.platform_schema),
    ] {
        text.push_str(&format!("\n{title}\n{}", inputs(schema)));
    }
    world.print(&text)?;
    Ok(Exit::Success)
}

/// Returns where a workspace has a module, with the versions that it admits, if that is in a registry.
fn in_registry(workspace: &Workspace, name: &str) -> Option<String> {
    let entry = workspace.modules().get(&ModuleName::parse(name).ok()?)?;
    let ModuleOrigin::Oci { reference } = entry.origin() else { return None };
    let (version, _) = entry.version()?;
    Some(format!("oci://{reference}:{version}"))
}

/// Lists names in one line.
pub(super) fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { harmless_line(&items.join(", ")) }
}
