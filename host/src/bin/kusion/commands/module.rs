//! `kusion mod`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kusion::diagnostic::Diagnose as _;
use kusion::engine::{Engine, Limits};
use kusion::module::{BuildRequest, ModuleLocation, ResolvedModule};
use kusion::name::ModuleName;
use kusion::ops::BuiltModule;
use serde_json::json;

use crate::cli::{Format, WorkspaceChoice};
use crate::commands::add::{self, AddArgs};
use crate::commands::bundle::{self, BundleCommand};
use crate::commands::inspect::{self, InspectArgs, listed};
use crate::commands::keys::{self, KeygenArgs};
use crate::commands::login::{self, LoginArgs, LogoutArgs};
use crate::commands::module_dev::{self, DevArgs};
use crate::commands::module_init::{self, ModInitArgs};
use crate::commands::module_test::{self, TestArgs};
use crate::commands::pull::{self, PullArgs, UpdateArgs};
use crate::commands::push::{self, PushArgs};
use crate::commands::verify::{self, VerifyArgs};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Table;

/// What to do with modules.
#[derive(Debug, Subcommand)]
pub(crate) enum ModCommand {
    /// List the modules of the workspace.
    List(ListArgs),
    /// Make a new module that builds at once.
    Init(ModInitArgs),
    /// Build module folders into components.
    Build(BuildArgs),
    /// Test a module: its cases, and requests drawn from its schemas.
    Test(TestArgs),
    /// Build a module whenever its folder changes, and show what it answers otherwise than before.
    Dev(DevArgs),
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
    #[command(flatten)]
    workspace: WorkspaceChoice,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Folders of modules: packages of Rust, JavaScript, Python or Go.
    #[arg(default_value = ".", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// Folder for the components [default: `dist` in each module's folder].
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
}

pub(crate) async fn run(world: &World, command: ModCommand) -> Result<Exit, CliError> {
    match command {
        ModCommand::List(args) => list(world, &args).await,
        ModCommand::Init(args) => module_init::init(world, &args),
        ModCommand::Build(args) => build(world, &args),
        ModCommand::Test(args) => module_test::run(world, &args),
        ModCommand::Dev(args) => module_dev::dev(world, &args).await,
        ModCommand::Inspect(args) => inspect::inspect(world, &args).await,
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

/// Returns the limits under which an author's own module is compiled: there is nobody to be protected from, and a
/// machine that has just built a language's runtime may be busy. The limits of calls are those of its users.
pub(super) fn author_limits() -> Limits {
    let mut limits = Limits::default();
    limits.compile_time = limits.compile_time.saturating_mul(5);
    limits
}

/// Builds a module folder, and warns of a module that nobody can use.
pub(super) fn build_one(
    world: &World,
    engine: &Engine,
    folder: &Path,
    output_dir: Option<PathBuf>,
) -> Result<BuiltModule, CliError> {
    let request = BuildRequest {
        folder: folder.to_owned(),
        output_dir,
        tools: world.tools(),
        hidden_folders: world.cargo_folders(),
        show_progress: true,
    };
    let module = kusion::ops::build_module(engine, &request)?;
    if let Some(error) = &module.unusable {
        let causes = crate::error::chain(Some(error)).collect::<Vec<_>>().join(": ");
        let hints = error.hints().into_iter().map(|hint| format!("\nhint: {hint}"));
        let hints = hints.collect::<String>();
        world.warn(&format!("module `{}` was built, but {causes}{hints}", module.built.name));
    }
    Ok(module)
}

fn build(world: &World, args: &BuildArgs) -> Result<Exit, CliError> {
    let engine = world.engine(author_limits())?;
    for folder in &args.folders {
        let output_dir = args.output_dir.as_ref().map(|dir| world.path(dir));
        let BuiltModule { built, digest, imports, .. } =
            build_one(world, &engine, &world.path(folder), output_dir)?;
        let path = built.path.strip_prefix(world.folder()).unwrap_or(&built.path);
        world.print(&format!(
            "{}: {} bytes, {}\n  {digest}\n  imports {}\n",
            built.name,
            built.component.len(),
            path.display(),
            listed(&imports)
        ))?;
    }
    Ok(Exit::Success)
}

async fn list(world: &World, args: &ListArgs) -> Result<Exit, CliError> {
    let workspace = args.workspace.load(world).await?;
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

/// Returns the one component in the folder `dist` of a folder: a clone may be called otherwise than its module.
pub(crate) fn built_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs_err::read_dir(folder.join("dist")).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut built = paths.filter(|path| path.extension().is_some_and(|ext| ext == "wasm"));
    built.next().filter(|_| built.next().is_none())
}

/// Finds a module that the user names: by its path, or as one of the bundled catalog.
pub(crate) fn find(world: &World, module: &str) -> Result<ResolvedModule, CliError> {
    let path = world.path(module.as_ref());
    let is_path = module.contains('/') || module.ends_with(".wasm");
    let (name, location) = if is_path || path.exists() {
        let path = built_in(&path).unwrap_or(path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (ModuleName::parse(stem), ModuleLocation::Path(path))
    } else {
        (ModuleName::parse(module), ModuleLocation::Catalog)
    };
    let name = name.map_err(|error| CliError::user(error.to_string()))?;
    Ok(world.resolver().resolve(&name, &location)?)
}
