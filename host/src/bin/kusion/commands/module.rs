//! `kusion mod`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kusion::diagnostic::Diagnose as _;
use kusion::engine::{Limits, Surface};
use kusion::home::Workspaces;
use kusion::module::verify::SignaturePolicy;
use kusion::module::{BuildRequest, Built, ModuleLocation, ResolvedModule};
use kusion::name::ModuleName;
use serde_json::json;

use crate::cli::{Fetching, Format, Registries};
use crate::commands::add::{self, AddArgs};
use crate::commands::bundle::{self, BundleCommand};
use crate::commands::keys::{self, KeygenArgs};
use crate::commands::login::{self, LoginArgs, LogoutArgs};
use crate::commands::module_test::{self, TestArgs};
use crate::commands::pull::{self, PullArgs, UpdateArgs};
use crate::commands::push::{self, PushArgs};
use crate::commands::verify::{self, VerifyArgs};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Table;
use crate::session::parse_workspace;

/// What to do with modules.
#[derive(Debug, Subcommand)]
pub(crate) enum ModCommand {
    /// List the modules of the workspace.
    List(ListArgs),
    /// Build a Rust module folder into a component.
    Build(BuildArgs),
    /// Test a module: its cases, and requests drawn from its schemas.
    Test(TestArgs),
    /// Show what a module is: its interface, inputs and resources.
    Inspect(InspectArgs),
    /// Fetch the modules of the stack, or one, from registries.
    Pull(PullArgs),
    /// Move what kusion.lock pins to the newest versions that the workspace admits.
    Update(UpdateArgs),
    /// Add a module in a registry to the workspace.
    Add(AddArgs),
    /// Carry modules to where no registry can be reached.
    #[command(subcommand)]
    Bundle(BundleCommand),
    /// Publish a module in a registry, under its own name and version.
    Push(PushArgs),
    /// Show who signed a module in a registry.
    Verify(VerifyArgs),
    /// Make a pair of keys to sign modules with.
    Keygen(KeygenArgs),
    /// Log in to a registry.
    Login(LoginArgs),
    /// Log out of a registry.
    Logout(LogoutArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Workspace to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Backend to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    backend: Option<String>,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Folders of Cargo packages.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Folder for the components [default: `dist` in each module's folder].
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Name of a bundled module, a path to a component or to the folder in which it was built, or a module in a
    /// registry, as in `oci://registry.example.com/team/mysql:0.2.0`.
    module: String,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn run(world: &World, command: ModCommand) -> Result<Exit, CliError> {
    match command {
        ModCommand::List(args) => list(world, &args).await,
        ModCommand::Build(args) => build(world, &args),
        ModCommand::Test(args) => module_test::run(world, &args),
        ModCommand::Inspect(args) => inspect(world, &args).await,
        ModCommand::Pull(args) => pull::pull(world, &args).await,
        ModCommand::Update(args) => pull::update(world, &args).await,
        ModCommand::Add(args) => add::add(world, &args).await,
        ModCommand::Bundle(command) => bundle::run(world, &command).await,
        ModCommand::Push(args) => push::push(world, &args).await,
        ModCommand::Verify(args) => verify::verify(world, &args).await,
        ModCommand::Keygen(args) => keys::keygen(world, &args),
        ModCommand::Login(args) => login::login(world, &args).await,
        ModCommand::Logout(args) => login::logout(world, &args),
    }
}

/// Builds a module folder, and warns of a module that nobody can use.
pub(super) fn build_one(
    world: &World,
    folder: &Path,
    output_dir: Option<PathBuf>,
) -> Result<Built, CliError> {
    let request = BuildRequest {
        folder: folder.to_owned(),
        output_dir,
        cargo: world.cargo(),
        hidden_folders: world.cargo_folders(),
        show_progress: true,
    };
    let engine = world.engine(Limits::default())?;
    let (built, unusable) = kusion::ops::build_module(&engine, &request)?;
    if let Some(error) = unusable {
        let causes = crate::error::chain(Some(&error)).collect::<Vec<_>>().join(": ");
        let hints = error.hints().into_iter().map(|hint| format!("\nhint: {hint}"));
        let hints = hints.collect::<String>();
        world.warn(&format!("module `{}` was built, but {causes}{hints}", built.name));
    }
    Ok(built)
}

fn build(world: &World, args: &BuildArgs) -> Result<Exit, CliError> {
    for folder in &args.folders {
        let output_dir = args.output_dir.as_ref().map(|dir| world.path(dir));
        let built = build_one(world, &world.path(folder), output_dir)?;
        let path = built.path.strip_prefix(world.folder()).unwrap_or(&built.path);
        world.print(&format!("{}: {} bytes, {}\n", built.name, built.size, path.display()))?;
    }
    Ok(Exit::Success)
}

async fn list(world: &World, args: &ListArgs) -> Result<Exit, CliError> {
    let home = world.home()?;
    let settings = home.settings()?;
    let name = args.workspace.as_deref().or(settings.current_workspace()).unwrap_or("default");
    let workspaces = Workspaces::new(home.backend(args.backend.as_deref())?);
    let workspace = workspaces.load(&parse_workspace(name)?).await?;
    let engine = world.engine(kusion::ops::limits(&workspace))?;
    let resolver = world.resolver();
    let mut rows = Vec::new();
    let mut far = Vec::new();
    for (name, entry) in workspace.modules() {
        let location = kusion::ops::locate_module(entry.origin());
        if kusion::ops::is_in_registry(&workspace, name) {
            // Which version it is depends on the project, and nobody is asked for a list.
            let requirement = entry.version().map_or("", |(text, _)| text).to_owned();
            far.push((name, location, requirement));
            continue;
        }
        let resolved = resolver.resolve(name, &location)?;
        let module = engine.load(name, &resolved.digest, &resolved.bytes)?;
        rows.push((name, location, resolved.digest, module));
    }
    if args.output == Format::Json {
        let near = rows.iter().map(|(name, location, digest, module)| {
            json!({
                "name": name,
                "version": module.description().version,
                "kind": module.description().kind,
                "location": location.to_string(),
                "digest": digest,
                "summary": module.description().summary,
            })
        });
        let far = far.iter().map(|(name, location, requirement)| {
            json!({ "name": name, "requirement": requirement, "location": location.to_string() })
        });
        let mut modules: Vec<_> = near.chain(far).collect();
        modules.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
        world.print_json(&json!({ "formatVersion": 1, "modules": modules }))?;
        return Ok(Exit::Success);
    }
    let mut table = Table::new(["NAME", "VERSION", "KIND", "FROM", "SUMMARY"]);
    let near = rows.iter().map(|(name, location, _, module)| {
        let description = module.description();
        [
            name.to_string(),
            description.version.clone(),
            description.kind.clone(),
            location.to_string(),
            description.summary.clone(),
        ]
    });
    let far = far.iter().map(|(name, location, requirement)| {
        [
            name.to_string(),
            requirement.clone(),
            "-".to_owned(),
            location.to_string(),
            "-".to_owned(),
        ]
    });
    let mut lines: Vec<_> = near.chain(far).collect();
    lines.sort();
    lines.into_iter().for_each(|line| table.row(line));
    world.print(&table.render())?;
    Ok(Exit::Success)
}

/// Finds a module that the user names: by its path, or as one of the bundled catalog.
pub(crate) fn find(world: &World, module: &str) -> Result<ResolvedModule, CliError> {
    let path = world.path(module.as_ref());
    let is_path = module.contains('/') || module.ends_with(".wasm");
    let (name, location) = if is_path || path.exists() {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (ModuleName::parse(stem), ModuleLocation::Path(path))
    } else {
        (ModuleName::parse(module), ModuleLocation::Catalog)
    };
    let name = name.map_err(|error| CliError::user(error.to_string()))?;
    Ok(world.resolver().resolve(&name, &location)?)
}

async fn inspect(world: &World, args: &InspectArgs) -> Result<Exit, CliError> {
    let resolved = if args.module.starts_with("oci://") {
        let fetching = Fetching { registries: args.registries.clone(), ..Fetching::default() };
        let (wanted, fetched) =
            pull::fetch_one(world, &args.module, &fetching, SignaturePolicy::default()).await?;
        ResolvedModule {
            name: wanted.module,
            location: ModuleLocation::Registry(wanted.repository.to_string()),
            digest: fetched.pin.layer,
            bytes: fetched.bytes,
        }
    } else {
        find(world, &args.module)?
    };
    let name = &resolved.name;
    let module = world.engine(Limits::default())?.load(name, &resolved.digest, &resolved.bytes)?;
    let description = module.description();
    let Surface { imports, notes, .. } = Surface::of(&resolved.bytes);
    if args.output == Format::Json {
        world.print_json(&json!({
            "formatVersion": 1,
            "digest": resolved.digest,
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
        description.summary,
        resolved.digest,
        resolved.bytes.len(),
        listed(&imports),
        listed(&description.resource_types),
        listed(&description.context_keys),
    );
    for (name, note) in &notes {
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

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// Shows the properties of a JSON Schema as a table.
fn inputs(schema: &serde_json::Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return "none\n".to_owned() };
    if properties.is_empty() {
        return "none\n".to_owned();
    }
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str())
        .collect();
    let mut table = Table::new(["NAME", "TYPE", "DEFAULT", "MEANING"]);
    for (name, property) in properties {
        let default = match property.get("default").filter(|default| !default.is_null()) {
            Some(default) => default.to_string(),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        let description = property["description"].as_str().unwrap_or_default();
        let meaning = description.split("\n\n").next().unwrap_or_default().replace('\n', " ");
        table.row([name.clone(), type_of(property), default, meaning]);
    }
    table.render()
}

fn type_of(schema: &serde_json::Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        return values.join("|");
    }
    if let Some(value) = schema.get("const") {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    }
    let of_type = |name: &str| match name {
        "array" => format!("list of {}", type_of(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map of {}", type_of(&schema["additionalProperties"]))
        }
        name => name.to_owned(),
    };
    match &schema["type"] {
        serde_json::Value::String(name) => of_type(name),
        serde_json::Value::Array(names) => {
            let names: Vec<String> = names
                .iter()
                .filter_map(|name| name.as_str())
                .filter(|name| *name != "null")
                .map(of_type)
                .collect();
            names.join("|")
        }
        _ => {
            let variants = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
            let mut types: Vec<String> =
                variants.into_iter().flatten().map(type_of).filter(|name| name != "null").collect();
            types.dedup();
            if types.is_empty() { "any".to_owned() } else { types.join("|") }
        }
    }
}
