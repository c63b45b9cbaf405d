//! `kusion mod verify`: who signed a module in a registry.

use std::path::PathBuf;

use clap::Args;
use kusion::engine::Limits;
use kusion::module::Pinning;
use kusion::module::verify::{
    Identity, PublicKey, Rule, Scope, SignatureError, SignaturePolicy, Signer, Subject, TrustRoot,
};
use serde_json::json;

use crate::cli::{Format, Registries, WorkspaceChoice};
use crate::commands::pull::wanted;
use crate::context::World;
use crate::error::{CliError, Exit};
use crate::render::Pulling;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Module in a registry, as in `oci://registry.example.com/team/mysql:0.2.0`.
    reference: String,
    /// File with a public key that may have signed it; can be given several times [default: what `verify` of the
    /// workspace says].
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Address of the identity provider that knows who signed.
    #[arg(long, value_name = "URL", requires = "trust_root")]
    issuer: Option<String>,
    /// Name that it gives.
    #[arg(long, value_name = "NAME", requires = "issuer", conflicts_with = "subject_prefix")]
    subject: Option<String>,
    /// Beginning of the names that it gives.
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    subject_prefix: Option<String>,
    /// File with Sigstore's trusted root.
    #[arg(long, value_name = "FILE", requires = "issuer")]
    trust_root: Option<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceChoice,
    #[command(flatten)]
    registries: Registries,
    /// Format of the output.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

pub(crate) async fn verify(world: &World, args: &VerifyArgs) -> Result<Exit, CliError> {
    let wanted = wanted(&args.reference)?;
    let (rule, limits) = match from_flags(world, args)? {
        Some(rule) => (rule, Limits::for_carrying()),
        None => {
            let workspace = args.workspace.load(world).await?;
            let policy = kusion::ops::signature_policy(&workspace)?;
            let rule = policy.rule(&wanted.repository).cloned().ok_or_else(|| {
                let (name, repository) = (workspace.name(), &wanted.repository);
                CliError::user(format!("no `verify` of workspace `{name}` covers {repository}"))
                    .hint("name a public key with `--key`, or add an entry to the workspace")
            })?;
            (rule, kusion::ops::limits(&workspace))
        }
    };
    let pulling = Pulling::new(world);
    let client = world.registry_client(&args.registries, &pulling)?;
    let policy = SignaturePolicy::new(vec![rule.clone()]);
    let fetcher = world.fetcher(Some(client), &limits)?.with_policy(policy);
    let fetched = fetcher.fetch(&wanted, None, Pinning::Keep).await;
    let fetched = fetched.inspect_err(|_| pulling.finish())?;
    let manifest = fetched.pin.manifest.ok_or(SignatureError::NoManifest)?;
    let signatures = fetcher.signatures(&wanted.repository, &manifest).await;
    pulling.finish();
    let signatures = signatures?;
    let signers = rule.verify(&manifest, &signatures)?;
    let ignored: Vec<String> = signatures
        .iter()
        .filter_map(|signature| rule.judge(&manifest, signature).err())
        .map(|refusal| refusal.to_string())
        .collect();
    let version = &fetched.pin.version;
    if args.output == Format::Json {
        let signers: Vec<_> = signers.iter().map(document).collect();
        world.print_json(&json!({
            "formatVersion": 1,
            "repository": wanted.repository.to_string(),
            "version": version,
            "manifest": manifest,
            "signers": signers,
            "ignored": ignored,
        }))?;
        return Ok(Exit::Success);
    }
    let mut text = format!("{}:{version}@{manifest}\n", wanted.repository);
    signers.iter().for_each(|signer| text.push_str(&format!("signed by {signer}\n")));
    world.print(&text)?;
    for refusal in ignored {
        world.eprint(&format!("Another signature does not count: {refusal}.\n"));
    }
    Ok(Exit::Success)
}

/// Describes a signer to programs.
fn document(signer: &Signer) -> serde_json::Value {
    match signer {
        Signer::Key { fingerprint } => json!({ "key": fingerprint }),
        Signer::Identity { issuer, subject } => json!({ "issuer": issuer, "subject": subject }),
    }
}

/// Returns what the flags say about who may have signed.
fn from_flags(world: &World, args: &VerifyArgs) -> Result<Option<Rule>, CliError> {
    let mut keys = Vec::new();
    for path in &args.key {
        let key = PublicKey::from_pem(&world.read_file(path)?);
        keys.push(key.map_err(|error| CliError::user(format!("`{}`: {error}", path.display())))?);
    }
    let subject = args.subject.clone().map(Subject::Exact);
    let subject = subject.or_else(|| args.subject_prefix.clone().map(Subject::Prefix));
    let identities = match (&args.issuer, subject) {
        (Some(_), None) => {
            return Err(CliError::usage("`--issuer` needs `--subject` or `--subject-prefix`"));
        }
        (Some(issuer), Some(subject)) => vec![Identity { issuer: issuer.clone(), subject }],
        (None, _) => Vec::new(),
    };
    let root = |path: &PathBuf| {
        TrustRoot::from_json(&world.read_file(path)?)
            .map_err(|error| CliError::user(format!("`{}`: {error}", path.display())))
    };
    let trust_root = args.trust_root.as_ref().map(root).transpose()?;
    let names_nobody = keys.is_empty() && identities.is_empty();
    Ok((!names_nobody).then_some(Rule { scope: Scope::All, keys, identities, trust_root }))
}
