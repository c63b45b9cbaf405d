//! The `opensearch` module: a domain of Amazon OpenSearch Service, and how the app finds it.
//!
//! The app gets the environment variables `OPEN_SEARCH_ENDPOINT` and `OPEN_SEARCH_REGION`.

mod config;
mod policy;

use kusion_databases::{AWS_REGION, region};
use kusion_sdk::terraform::Provider;
use kusion_sdk::{Module, Output, Patch, Pointer, Problems, Rejection, Request, kubernetes, names};
use serde_json::json;

pub use crate::config::{
    ClusterConfig, Config, EbsOptions, Effect, Platform, Principal, PrincipalType, Statement,
};

/// Nobody reads along, and nobody with an old library connects.
const TLS_POLICY: &str = "Policy-Min-TLS-1-2-2019-07";

/// The `opensearch` module.
#[derive(Debug)]
pub struct OpenSearch;

impl Module for OpenSearch {
    const NAME: &'static str = "opensearch";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Gives an app a domain of Amazon OpenSearch Service and the way to it.";
    const CONTEXT_KEYS: &'static [&'static str] = &[AWS_REGION];
    const RESOURCE_TYPES: &'static [&'static str] = &["aws_opensearch_domain"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let (config, platform) = (&request.config, &request.platform);
        let mut problems = Problems::default();
        check(config, platform, &mut problems);
        let region =
            region(platform.region.as_deref(), &request.context, AWS_REGION, &mut problems);
        let policy =
            policy::policy(&platform.statement, &region, &config.domain_name, &mut problems);
        problems.finish()?;

        let volumes = &platform.ebs_options;
        let mut arguments = json!({
            "domain_endpoint_options": [{"enforce_https": true, "tls_security_policy": TLS_POLICY}],
            "domain_name": config.domain_name,
            "ebs_options": [{"ebs_enabled": volumes.ebs_enabled}],
            "encrypt_at_rest": [{"enabled": platform.encrypted}],
            "node_to_node_encryption": [{"enabled": platform.encrypted}],
        });
        if let (true, Some(size)) = (volumes.ebs_enabled, volumes.volume_size) {
            arguments["ebs_options"] = json!([{"ebs_enabled": true, "volume_size": size}]);
        }
        if let Some(version) = &config.engine_version {
            arguments["engine_version"] = version.as_str().into();
        }
        if let Some(instance_type) = &platform.cluster_config.instance_type {
            arguments["cluster_config"] = json!([{"instance_type": instance_type}]);
        }
        if let Some(policy) = policy {
            arguments["access_policies"] = policy.into();
        }
        let is_only = request.accessory == Self::NAME;
        let name = match is_only {
            true => request.unique_app_name(),
            false => request.unique_name(&request.accessory),
        };
        let suffix = match is_only {
            true => String::new(),
            false => format!("_{}", names::env_suffix(&request.accessory)),
        };
        let provider = Provider::new("hashicorp/aws", "5.51.1").setting("region", region.as_str());
        let domain = provider.resource("aws_opensearch_domain", &name, arguments);
        let endpoint = domain.path_reference("endpoint");
        Ok(Output::new().resource(domain).patch(Patch::env([
            kubernetes::env(&format!("OPEN_SEARCH_ENDPOINT{suffix}"), &endpoint),
            kubernetes::env(&format!("OPEN_SEARCH_REGION{suffix}"), &region),
        ])))
    }
}

fn check(config: &Config, platform: &Platform, problems: &mut Problems) {
    if !is_domain_name(&config.domain_name) {
        problems.add(
            Pointer::config().key("domainName"),
            "must be 3 to 28 lower-case letters, digits and dashes, with a letter at the beginning",
        );
    }
    if config.engine_version.as_deref().is_some_and(|version| !is_engine_version(version)) {
        problems.add(
            Pointer::config().key("engineVersion"),
            "must be an engine and its version: `OpenSearch_2.13` or `Elasticsearch_7.10`",
        );
    }
    let is_type = |text: &str| {
        text.split('.').count() == 3
            && text.split('.').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
    };
    if platform.cluster_config.instance_type.as_deref().is_some_and(|text| !is_type(text)) {
        problems.add(
            Pointer::platform().key("clusterConfig").key("instanceType"),
            "must be a size of machines, for example `m7g.large.search`",
        );
    }
    let volumes = &platform.ebs_options;
    let at = Pointer::platform().key("ebsOptions").key("volumeSize");
    if volumes.volume_size == Some(0) {
        problems.add(at, "must be at least 1");
    } else if volumes.ebs_enabled && volumes.volume_size.is_none() {
        problems.add(at, "`volumeSize` must be set where `ebsEnabled` is true");
    }
}

fn is_domain_name(text: &str) -> bool {
    (3..=28).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_engine_version(text: &str) -> bool {
    let is_number =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    ["OpenSearch_", "Elasticsearch_"]
        .iter()
        .filter_map(|engine| text.strip_prefix(engine))
        .any(|version| version.split_once('.').is_some_and(|(a, b)| is_number(a) && is_number(b)))
}

kusion_sdk::export!(OpenSearch);

#[cfg(test)]
mod tests;
