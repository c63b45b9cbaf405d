//! `kusion mod push`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use kusion::engine::Limits;
use kusion::module::registry::Pushed;
use kusion::module::verify::Signer;
use kusion::ops::{Published, PushOptions, PushReport};
use serde_json::json;

use crate::cli::{Format, Registries, WorkspaceChoice};
use crate::commands::keys;
use crate::commands::module::{built_in, find};
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Pulling;
use crate::watch::Files;

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    /// Path to a component, or to the folder in which it was built.
    module: String,
    /// Where to publish it, as in `oci://registry.example.com/team`; the module's name is added.
    namespace: String,
    /// Something to say about it, as in `org.opencontainers.image.source=https://…`; can be given several times.
    #[arg(long, value_name = "KEY=VALUE", value_parser = annotation)]
    annotation: Vec<(String, String)>,
    /// File with the private key to sign it with, as `kusion mod keygen` or cosign makes it; COSIGN_PASSWORD has its
    /// password.
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
    /// Publish it even if a version that is compatible by its number does not accept, make or export what the
    /// published one does.
    #[arg(long)]
    allow_breaking: bool,
    /// Show what would be published, and publish nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    workspace: WorkspaceChoice,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

/// Warns if a file in the module's folder was saved after the module was built: the version is published for good.
fn warn_if_older(world: &World, module: &str) {
    let folder = world.path(module.as_ref());
    let Some(built) = built_in(&folder) else { return };
    let when = std::fs::metadata(built).and_then(|file| file.modified()).ok();
    let files = Files::below(&folder);
    let newer = when.and_then(|when| files.newer_than(when));
    if let Some(newer) = newer {
        world.warn(&format!(
            "`{}` was saved after the module was built\nhint: run `kusion mod build`, and publish what it makes",
            newer.display()
        ));
    }
}

pub(crate) async fn push(world: &World, args: &PushArgs) -> Result<Exit, CliError> {
    let resolved = find(world, &args.module)?;
    let engine = world.engine(Limits::default())?;
    let annotations: BTreeMap<String, String> = args.annotation.iter().cloned().collect();
    let published = kusion::ops::publish_module(&engine, &resolved, &args.namespace, &annotations)?;
    let (repository, version) = (&published.repository, &published.version);
    // Whoever mistypes the password has published nothing yet.
    warn_if_older(world, &args.module);
    let key = args.sign.as_deref().map(|path| keys::open(world, path)).transpose()?;
    let artifact = &published.artifact;
    let pulling = Pulling::new(world);
    let client = world.registry_client(&args.registries, &pulling)?;
    let workspace = args.workspace.load_if_any(world).await?;
    let policy = workspace.as_ref().map(kusion::ops::signature_policy).transpose()?;
    let fetcher = world.registry_client(&args.registries, &pulling)?;
    let fetcher = world.fetcher(Some(fetcher), &Limits::default())?;
    let fetcher = fetcher.with_policy(policy.unwrap_or_default());
    let store = world.content()?;
    let others = Published { client: &client, store: &store, fetcher: &fetcher, engine: &engine };
    let options = PushOptions {
        allow_breaking: args.allow_breaking,
        dry_run: args.dry_run,
        sign: key.as_ref(),
    };
    let report = others.push(&published, options).await;
    pulling.finish();
    let PushReport { pushed: done, signed } = report?;
    let signer = key.as_ref().map(|key| Signer::Key { fingerprint: key.public().fingerprint() });
    if args.output == Format::Json {
        world.print_json(&json!({
            "formatVersion": 1,
            "repository": repository.to_string(),
            "version": version,
            "manifest": artifact.digest,
            "layer": artifact.layer,
            "size": published.component.len(),
            "published": done == Some(Pushed::Published),
            "signer": signer.as_ref().map(Signer::to_string),
        }))?;
        return Ok(Exit::Success);
    }
    let verb = match done {
        None => "Would publish",
        Some(Pushed::Published) => "Published",
        Some(Pushed::Unchanged) => "Was published before, with the same bytes:",
    };
    world.eprint(&format!("{verb} `{repository}:{version}`.\n"));
    if let Some(signer) = signer {
        world.eprint(&match signed {
            None => format!("Would sign it with {signer}.\n"),
            Some(true) => format!("Signed it with {signer}.\n"),
            Some(false) => format!("It is signed with {signer} already.\n"),
        });
    }
    world.print(&format!("{repository}@{}\n", artifact.digest))?;
    Ok(Exit::Success)
}

fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as `key=value`".to_owned()),
    }
}
