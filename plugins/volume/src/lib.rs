//! The `volume` module: folders in the containers of an app.
//!
//! It makes PersistentVolumeClaims and lets the app's containers see them, claims of others, and folders that live as long
//! as a pod.

mod claims;
mod config;
mod mounts;
mod pods;

use std::collections::BTreeMap;

use kusion_sdk::{Module, Output, Patch, Pointer, Problems, Rejection, Request, names, syntax};
use serde_json::{Value, json};

pub use crate::config::{AccessMode, Claim, Config, EmptyDir, ExistingClaim, Medium, Platform};

/// The `volume` module.
#[derive(Debug)]
pub struct Volume;

impl Module for Volume {
    const NAME: &'static str = "volume";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app's containers volumes.";
    const RESOURCE_TYPES: &'static [&'static str] = &["v1:PersistentVolumeClaim"];
    const NEEDS_WORKLOAD_RESOURCE: bool = true;

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        check_names(&request.config, &mut problems);
        let claims = claims::claims(&request, &mut problems);
        let mounts = mounts::mounts(&request, &mut problems);
        let pods = pods::patch(&request, &mut problems);
        problems.finish()?;
        let volumes = volumes(&request);
        let mut output = Output::new().resources(claims);
        if !volumes.is_empty() {
            output = output.patch(Patch::volumes(volumes, mounts));
        }
        Ok(pods.into_iter().fold(output, Output::patch))
    }
}

type Call = Request<Config, Platform>;

/// Notes names that no volume can have, and those that stand for two.
fn check_names(config: &Config, problems: &mut Problems) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    let claims = config.claims.keys().map(|name| ("claims", name));
    let existing = config.existing_claims.keys().map(|name| ("existingClaims", name));
    let empty = config.empty_dirs.keys().map(|name| ("emptyDirs", name));
    for (map, name) in claims.chain(existing).chain(empty) {
        let at = Pointer::config().key(map).key(name).name();
        if !syntax::is_dns_label(name) {
            problems.add(
                at,
                "the name of a volume consists of lower-case letters, digits and dashes, at most 63",
            );
        } else if let Some(other) = seen.insert(name, map) {
            problems.add(at, format!("there is a volume of this name in `{other}` too"));
        }
    }
}

/// The name of a volume in the pods: two accessories of one app may use one name.
fn volume_name(request: &Call, name: &str) -> String {
    if request.accessory == Volume::NAME {
        return name.to_owned();
    }
    names::with_suffix(&request.accessory, name)
}

/// The name of the PersistentVolumeClaim that is made for a volume.
fn claim_name(request: &Call, name: &str) -> String {
    request.accessory_name(Volume::NAME, name)
}

fn volumes(request: &Call) -> Vec<Value> {
    let config = &request.config;
    let claim = |name: &str, claim: &str| {
        json!({
            "name": volume_name(request, name),
            "persistentVolumeClaim": {"claimName": claim},
        })
    };
    let own = config.claims.keys().map(|name| claim(name, &claim_name(request, name)));
    let existing =
        config.existing_claims.iter().map(|(name, existing)| claim(name, &existing.claim_name));
    let empty = config.empty_dirs.iter().map(|(name, folder)| {
        let mut source = json!({});
        if let Some(limit) = &folder.size_limit {
            source["sizeLimit"] = json!(limit);
        }
        if let Some(medium) = folder.medium {
            source["medium"] = json!(medium);
        }
        json!({"name": volume_name(request, name), "emptyDir": source})
    });
    own.chain(existing).chain(empty).collect()
}

kusion_sdk::export!(Volume);

#[cfg(test)]
mod tests;
