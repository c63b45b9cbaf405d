//! `kusion mod pull` and `kusion mod update`: modules from registries, and what the lock says of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use kusion::config::Workspace;
use kusion::engine::Limits;
use kusion::module::registry::{Repository, Requirement};
use kusion::module::{FetchedModule, Pinning, WantedModule};
use kusion::name::ModuleName;
use kusion::ops::PinChange;
use serde_json::json;

use crate::cli::{Fetching, Format, Meta, Registries, WorkspaceChoice};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::{Pulling, Table};
use crate::session::Loaded;

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    /// Module to fetch, as in `oci://registry.example.com/team/mysql:0.2.0`; a range instead of the version or no
    /// version takes the newest [default: the modules that the stack uses, which kusion.lock pins from then on].
    reference: Option<String>,
    /// File to write the component to.
    #[arg(long, value_name = "FILE", requires = "reference")]
    output_file: Option<PathBuf>,
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    fetching: Fetching,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Modules to update [default: those that the stack uses, and those that are pinned].
    modules: Vec<String>,
    /// Show what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    meta: Meta,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn pull(world: &World, args: &PullArgs) -> Result<Exit, CliError> {
    if let Some(reference) = &args.reference {
        return pull_one(world, args, reference).await;
    }
    let mut loaded = Loaded::read_without_modules(world, &args.meta).await?;
    let used = kusion::ops::used_modules(&loaded.stack);
    let pinning = if args.fetching.locked { Pinning::Locked } else { Pinning::Keep };
    loaded.fetch(world, &used, &args.fetching, pinning).await?;
    loaded.write_pins(world)?;
    let far = |(_, module): &(&ModuleName, &FetchedModule)| !module.pin.is_of_catalog();
    let modules: Vec<_> = loaded.fetched.modules.iter().filter(far).collect();
    if args.output == Format::Json {
        let modules: Vec<_> = modules
            .iter()
            .map(|(name, module)| json!({ "name": name, "pin": module.pin, "size": module.bytes.len() }))
            .collect();
        world.print_json(&json!({ "formatVersion": 1, "modules": modules }))?;
        return Ok(Exit::Success);
    }
    if modules.is_empty() {
        world.eprint("The stack uses no modules from registries.\n");
        return Ok(Exit::Success);
    }
    let mut table = Table::new(["MODULE", "VERSION", "SIZE", "FROM"]);
    for (name, module) in modules {
        let (pin, size) = (&module.pin, module.bytes.len());
        table.row([
            name.to_string(),
            pin.version.to_string(),
            size.to_string(),
            pin.source.clone(),
        ]);
    }
    world.print(&table.render())?;
    Ok(Exit::Success)
}

/// Fetches one module that the user names, for no stack; the workspace says whose signature it needs.
pub(crate) async fn fetch_one(
    world: &World,
    reference: &str,
    fetching: &Fetching,
    workspace: Option<&Workspace>,
) -> Result<(WantedModule, FetchedModule), CliError> {
    let wanted = wanted(reference)?;
    let policy = workspace.map(kusion::ops::signature_policy).transpose()?.unwrap_or_default();
    let pulling = Pulling::new(world);
    let client = (!fetching.offline)
        .then(|| world.registry_client(&fetching.registries, &pulling))
        .transpose()?;
    let limits = workspace.map_or(Limits::default(), kusion::ops::limits);
    let fetcher = world.fetcher(client, &limits)?.with_policy(policy);
    let pinning = if fetching.locked { Pinning::Locked } else { Pinning::Keep };
    let fetched = fetcher.fetch(&wanted, None, pinning).await;
    pulling.finish();
    Ok((wanted, fetched?))
}

async fn pull_one(world: &World, args: &PullArgs, reference: &str) -> Result<Exit, CliError> {
    let workspace = WorkspaceChoice::from(&args.meta).load_if_any(world).await?;
    let (_, fetched) = fetch_one(world, reference, &args.fetching, workspace.as_ref()).await?;
    if let Some(path) = &args.output_file {
        let path = world.path(path);
        kusion::write_file(&path, &fetched.bytes).map_err(|error| {
            CliError::environment(format!("cannot write `{}`", path.display()), &error)
        })?;
    }
    let (pin, size) = (&fetched.pin, fetched.bytes.len());
    match args.output {
        Format::Json => {
            world.print_json(&json!({ "formatVersion": 1, "pin": pin, "size": size }))?;
        }
        Format::Text => {
            let digest = pin.manifest.map(|digest| digest.to_string()).unwrap_or_default();
            let (source, version) = (&pin.source, &pin.version);
            world.print(&format!("{source}:{version}: {size} bytes, {digest}\n"))?;
        }
    }
    Ok(Exit::Success)
}

pub(crate) async fn update(world: &World, args: &UpdateArgs) -> Result<Exit, CliError> {
    let mut loaded = Loaded::read_without_modules(world, &args.meta).await?;
    let mut names = BTreeSet::new();
    for text in &args.modules {
        let name = ModuleName::parse(text.as_str());
        let name = name.map_err(|error| CliError::user(error.to_string()))?;
        let workspace = &loaded.workspace;
        if !kusion::ops::is_pinned(workspace, &name) {
            return Err(CliError::user(format!(
                "workspace `{}` has no module `{name}` in a registry or in the catalog",
                workspace.name()
            )));
        }
        names.insert(name);
    }
    if names.is_empty() {
        names = kusion::ops::used_modules(&loaded.stack);
        names.extend(loaded.lock_file().read()?.modules(loaded.workspace.name()).cloned());
    }
    let fetching = Fetching { registries: args.registries.clone(), ..Fetching::default() };
    loaded.fetch(world, &names, &fetching, Pinning::Update).await?;
    if !args.dry_run {
        loaded.write_pins(world)?;
    }
    let changes = &loaded.fetched.changes;
    if args.output == Format::Json {
        world.print_json(&json!({ "formatVersion": 1, "pins": changes }))?;
        return Ok(Exit::Success);
    }
    if changes.is_empty() {
        world.eprint(
            "Nothing to update: every module is at the newest version that the workspace admits.\n",
        );
        return Ok(Exit::Success);
    }
    let mut table = Table::new(["MODULE", "FROM", "TO", "DIGEST"]);
    for PinChange { module, from, to } in changes {
        let from = from.as_ref().map_or_else(|| "-".to_owned(), |from| from.version.to_string());
        let digest = to.manifest.unwrap_or(to.layer).short();
        table.row([module.to_string(), from, to.version.to_string(), digest]);
    }
    world.print(&table.render())?;
    Ok(Exit::Success)
}

/// Reads what stands behind `mod pull`: a repository, and a version or a range if a `:` follows its last part.
pub(crate) fn wanted(reference: &str) -> Result<WantedModule, CliError> {
    let bad = |message: String| {
        CliError::usage(message).hint("write it as `oci://registry.example.com/team/mysql:0.2.0`")
    };
    let at = reference.rfind('/').unwrap_or_default();
    let (folder, last) = reference.split_at_checked(at).unwrap_or(("", reference));
    let (last, requirement) = last.split_once(':').unwrap_or((last, "*"));
    let repository: Repository = format!("{folder}{last}")
        .parse()
        .map_err(|error: kusion::module::registry::RepositoryError| bad(error.to_string()))?;
    let requirement: Requirement = requirement
        .parse()
        .map_err(|error: kusion::module::registry::RequirementError| bad(error.to_string()))?;
    let module =
        ModuleName::parse(last.trim_start_matches('/')).map_err(|error| bad(error.to_string()))?;
    Ok(WantedModule { module, repository, requirement })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_or_a_range_follows_the_repository() {
        for (text, requirement) in [
            ("oci://localhost:5000/team/mysql", "*"),
            ("oci://localhost:5000/team/mysql:0.2.0", "0.2.0"),
            ("localhost:5000/team/mysql:^0.2", "^0.2"),
        ] {
            let wanted = wanted(text).unwrap();
            assert_eq!(wanted.repository.to_string(), "oci://localhost:5000/team/mysql");
            assert_eq!(wanted.requirement.to_string(), requirement);
            assert_eq!(wanted.module.as_str(), "mysql");
        }
        for text in ["mysql", "oci://localhost:5000", "a/b:latest", "a/b@sha256:00", "a/b:"] {
            assert!(wanted(text).is_err(), "{text}");
        }
    }
}
