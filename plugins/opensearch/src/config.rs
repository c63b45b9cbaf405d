//! What a developer and the platform team write for `opensearch`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A domain of Amazon OpenSearch Service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The name of the domain: 3 to 28 lower-case letters, digits and dashes, with a letter at the beginning.
    #[schemars(length(min = 3, max = 28), example = &"orders")]
    pub domain_name: String,
    /// The engine and its version, `OpenSearch_2.13` or `Elasticsearch_7.10`; the newest OpenSearch if absent.
    #[schemars(example = &"OpenSearch_2.13")]
    pub engine_version: Option<String>,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The region; `AWS_REGION` in the workspace's context if absent.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// The machines of the domain.
    pub cluster_config: ClusterConfig,
    /// The volumes of the machines.
    pub ebs_options: EbsOptions,
    /// Who may do what with what the domain holds.
    pub statement: Vec<Statement>,
    /// Whether data is encrypted on the volumes and between the machines. Small machines of older generations (`t2`, `m3`,
    /// `r3`) cannot.
    pub encrypted: bool,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            region: None,
            cluster_config: ClusterConfig::default(),
            ebs_options: EbsOptions::default(),
            statement: Vec::new(),
            encrypted: true,
        }
    }
}

/// The machines of a domain.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterConfig {
    /// The size of a machine, for example `m7g.large.search`; the service's choice if absent.
    #[schemars(example = &"m7g.large.search")]
    pub instance_type: Option<String>,
}

/// The volumes of a domain's machines.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct EbsOptions {
    /// Whether the machines have volumes.
    pub ebs_enabled: bool,
    /// The size of a volume in GiB; needed if there are volumes.
    #[schemars(range(min = 1, max = 24576))]
    pub volume_size: Option<u32>,
}

/// A rule of the domain's access policy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Whether it allows or denies.
    #[serde(default)]
    pub effect: Effect,
    /// Whom.
    #[schemars(length(min = 1))]
    pub principals: Vec<Principal>,
    /// What, for example `es:ESHttpGet` or `es:*`.
    #[schemars(length(min = 1), inner(length(min = 1)), example = serde_json::json!(["es:ESHttp*"]))]
    pub action: Vec<String>,
}

/// Whether a rule allows or denies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Effect {
    /// It allows.
    #[default]
    Allow,
    /// It denies, whatever others allow.
    Deny,
}

/// Whom a rule is about.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// What the identifiers are.
    #[serde(rename = "type")]
    pub type_: PrincipalType,
    /// Names of accounts, users, roles or services, as ARNs or as the type has them; `*` for all.
    #[schemars(length(min = 1), inner(length(min = 1)), example = serde_json::json!(["arn:aws:iam::123456789012:role/orders"]))]
    pub identifiers: Vec<String>,
}

/// A kind of principals.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum PrincipalType {
    /// Accounts, users and roles.
    #[serde(rename = "AWS")]
    Aws,
    /// Users by their canonical ids.
    CanonicalUser,
    /// Users of an identity provider.
    Federated,
    /// Services of Amazon Web Services.
    Service,
    /// Everybody, whether known or not; its one identifier is `*`.
    #[serde(rename = "*")]
    Everybody,
}
