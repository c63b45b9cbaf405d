//! The `k8s_manifest` module: raw Kubernetes manifests beside an app.
//!
//! It asks the host for the files, reads them as `kubectl` does, and gives every object in them an id and, where it has
//! none and its kind needs one, the stack's namespace.

mod config;
mod files;
mod objects;
mod scalar;
mod scope;
mod yaml;

use kusion_sdk::{Module, Output, Pointer, Problems, Rejection, Request};

use crate::files::Files;
use crate::objects::Objects;
use crate::scope::Scopes;

pub use crate::config::{Config, Platform};

/// The `k8s_manifest` module.
#[derive(Debug)]
pub struct K8sManifest;

impl Module for K8sManifest {
    const NAME: &'static str = "k8s_manifest";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Applies raw Kubernetes manifests beside an app.";
    const RESOURCE_TYPES: &'static [&'static str] = &["*"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let mut problems = Problems::default();
        let (config, platform) = (&request.config, &request.platform);
        let written = [
            (Pointer::platform(), &platform.paths, &platform.cluster_scoped),
            (Pointer::config(), &config.paths, &config.cluster_scoped),
        ];
        let mut scopes = Scopes::default();
        let mut files = Files::new(&request.inputs);
        for (root, paths, cluster_scoped) in &written {
            let at = root.key("clusterScoped");
            for (index, kind) in cluster_scoped.iter().enumerate() {
                scopes.add(kind, &at.index(index), &mut problems);
            }
            for (index, path) in paths.iter().enumerate() {
                files.add(path, &root.key("paths").index(index), &mut problems);
            }
        }
        if platform.paths.is_empty() && config.paths.is_empty() {
            problems.add(
                Pointer::config(),
                "needs `paths`: neither the developer nor the platform says any",
            );
        }
        problems.finish()?;
        if !files.needs.is_empty() {
            return Ok(files.needs.into_iter().fold(Output::new(), Output::need));
        }

        let mut problems = Problems::default();
        let mut objects = Objects::new(&request.scope.namespace, scopes);
        for file in files.found.values() {
            objects.read(file, &mut problems);
        }
        files.check(&mut problems);
        problems.finish()?;
        let mut problems = Problems::default();
        let resources = objects.resources(&mut problems);
        problems.finish()?;
        Ok(Output::new().resources(resources))
    }
}

kusion_sdk::export!(K8sManifest);

#[cfg(test)]
mod tests;
