//! `kusion mod push`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use kusion::engine::Limits;
use kusion::module::registry::Pushed;
use kusion::module::verify::Signer;
use kusion::ops::Published;
use serde_json::json;

use crate::cli::{Format, Registries};
use crate::commands::keys;
use crate::commands::module::find;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Pulling;

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
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn push(world: &World, args: &PushArgs) -> Result<Exit, CliError> {
    let resolved = find(world, &args.module)?;
    let engine = world.engine(Limits::default())?;
    let annotations: BTreeMap<String, String> = args.annotation.iter().cloned().collect();
    let published = kusion::ops::publish_module(&engine, &resolved, &args.namespace, &annotations)?;
    let (repository, version) = (&published.repository, &published.version);
    // Whoever mistypes the password has published nothing yet.
    let key = args.sign.as_deref().map(|path| keys::open(world, path)).transpose()?;
    let artifact = &published.artifact;
    let pulling = Pulling::new(world);
    let client = world.registry_client(&args.registries, &pulling)?;
    let (store, component) = (world.content()?, published.component.clone());
    let others = Published { client: &client, store: &store, engine: &engine };
    let work = async {
        if !args.allow_breaking {
            others.check(&published).await?;
        }
        if args.dry_run {
            let is_there = client.is_published(repository, version, artifact).await?;
            return Ok::<_, CliError>((is_there.then_some(Pushed::Unchanged), None));
        }
        let pushed = client.push(repository, version, artifact, component).await?;
        let Some(key) = &key else { return Ok((Some(pushed), None)) };
        let place = (repository, &artifact.digest);
        Ok((Some(pushed), Some(key.sign_in_registry(&client, &store, place).await?)))
    };
    let done = work.await;
    pulling.finish();
    let (done, signed) = done?;
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
