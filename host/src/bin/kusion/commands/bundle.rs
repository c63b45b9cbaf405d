//! `kusion mod bundle`: modules for where no registry can be reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use kusion::config::project_folder;
use kusion::diagnostic::name_hints;
use kusion::engine::Limits;
use kusion::module::bundle::{self, BundleError, Bundled};
use kusion::module::{Lock, LockFile, ModuleLocation};
use serde_json::json;

use crate::cli::{Format, Registries};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{Pulling, Table};
use crate::session::parse_workspace;

/// What to do with bundles.
#[derive(Debug, Subcommand)]
pub(crate) enum BundleCommand {
    /// Write everything that kusion.lock pins to a file.
    Save(SaveArgs),
    /// Check such a file and take what it holds, so that `--offline` works from then on.
    Load(LoadArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SaveArgs {
    /// File to write.
    file: PathBuf,
    /// Take only what is pinned for this workspace.
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Folder in the project.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    workdir: PathBuf,
    /// Make no connection to a registry.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// File to read.
    file: PathBuf,
    /// Write what the file pins to the kusion.lock of the project in the working folder.
    #[arg(long)]
    write_lock: bool,
    /// Folder in the project.
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    workdir: PathBuf,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn run(world: &World, command: &BundleCommand) -> Result<Exit, CliError> {
    match command {
        BundleCommand::Save(args) => save(world, args).await,
        BundleCommand::Load(args) => load(world, args),
    }
}

async fn save(world: &World, args: &SaveArgs) -> Result<Exit, CliError> {
    let mut lock = lock_file(world, &args.workdir)?.read()?;
    if let Some(workspace) = &args.workspace {
        let name = parse_workspace(workspace)?;
        if lock.modules(&name).next().is_none() {
            let known: BTreeSet<String> =
                lock.pins().map(|(workspace, _, _)| workspace.to_string()).collect();
            let mut error =
                CliError::user(format!("kusion.lock pins nothing for workspace `{name}`"));
            for hint in name_hints(name.as_str(), known.iter().map(String::as_str)) {
                error = error.hint(hint);
            }
            return Err(error);
        }
        lock = lock.of_workspace(&name);
    }
    let pulling = Pulling::new(world);
    let client =
        (!args.offline).then(|| world.registry_client(&args.registries, &pulling)).transpose()?;
    // The lock says which bytes are meant; whoever uses them has limits of their own.
    let fetcher = world.fetcher(client, &Limits::for_carrying())?;
    let complete = kusion::ops::complete_modules(&fetcher, &lock).await;
    pulling.finish();
    complete?;
    warn_of_others(world, &lock)?;
    let path = world.path(&args.file);
    bundle::save_file(&world.content()?, &lock, &path)?;
    let size = std::fs::metadata(&path).map(|file| file.len()).unwrap_or_default();
    world.eprint(&format!("Wrote {size} bytes to `{}`.\n", world.display(&path)));
    show(world, &lock, size, args.output)
}

fn load(world: &World, args: &LoadArgs) -> Result<Exit, CliError> {
    // Before anything is read, so that a wrong folder changes nothing.
    let target = args.write_lock.then(|| lock_file(world, &args.workdir)).transpose()?;
    let path = world.path(&args.file);
    let mut archive = match fs_err::File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(CliError::user(format!("cannot find `{}`", args.file.display())));
        }
        archive => archive.map_err(|source| BundleError::Io { source })?,
    };
    let limit = u64::try_from(Limits::for_carrying().component_size).unwrap_or(u64::MAX);
    let Bundled { lock, size, .. } = bundle::load(&world.content()?, &mut archive, limit)?;
    warn_of_others(world, &lock)?;
    if let Some(target) = target {
        target.try_change(|present| present.adopt(&lock))?;
    }
    show(world, &lock, size, args.output)
}

/// Warns of modules of a catalog that this program neither carries nor has kept: no bundle brings them.
fn warn_of_others(world: &World, lock: &Lock) -> Result<(), CliError> {
    let (resolver, store) = (world.resolver(), world.content()?);
    for (_, module, pin) in lock.pins().filter(|(_, _, pin)| pin.is_of_catalog()) {
        let carried = resolver.resolve(module, &ModuleLocation::Catalog);
        let kept = || store.get_of_catalog(&pin.layer).ok().flatten();
        if carried.is_ok_and(|carried| carried.digest == pin.layer) || kept().is_some() {
            continue;
        }
        world.warn(&format!(
            "kusion.lock pins module `{module}` {} of a catalog that this kusion does not carry, and bundles do not \
             bring modules of the catalog\n\
             hint: use the kusion that pinned it, or run `kusion mod update {module}`",
            pin.version
        ));
    }
    Ok(())
}

/// Finds the lock of the project that a folder belongs to.
fn lock_file(world: &World, folder: &std::path::Path) -> Result<LockFile, CliError> {
    let project = project_folder(&world.path(folder)).ok_or_else(|| {
        CliError::user("there is no project here")
            .hint("run it in a folder of the project, or name one with `--workdir`")
    })?;
    Ok(LockFile::in_folder(&project))
}

fn show(world: &World, lock: &Lock, size: u64, output: Format) -> Result<Exit, CliError> {
    let pins = || lock.pins().filter(|(_, _, pin)| pin.manifest.is_some());
    if output == Format::Json {
        let modules: Vec<_> = pins()
            .map(|(workspace, name, pin)| json!({ "workspace": workspace, "name": name, "pin": pin }))
            .collect();
        world.print_json(&json!({ "formatVersion": 1, "size": size, "modules": modules }))?;
        return Ok(Exit::Success);
    }
    let mut table = Table::new(["WORKSPACE", "MODULE", "VERSION", "MANIFEST", "FROM"]);
    for (workspace, name, pin) in pins() {
        let manifest = pin.manifest.map(|digest| digest.short()).unwrap_or_default();
        table.row([
            workspace.to_string(),
            name.to_string(),
            pin.version.to_string(),
            manifest,
            pin.source.clone(),
        ]);
    }
    world.print(&table.render())?;
    Ok(Exit::Success)
}
