//! What a developer and the platform team write for `gateway`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which requests from outside the cluster reach the app.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The hosts, for example `shop.example.com` or `*.example.com`; those of the gateway if absent.
    #[serde(default)]
    #[schemars(length(max = 16), inner(regex(pattern = HOSTNAME_PATTERN)), extend("examples" = [["shop.example.com"]]))]
    pub hostnames: Vec<String>,
    /// Where requests go unless their rule says otherwise.
    #[serde(default)]
    pub backend: Backend,
    /// Which requests are taken; all of the hosts if absent.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub rules: Vec<Rule>,
}

const HOSTNAME_PATTERN: &str =
    r"^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$";

/// A port of the app, or of another Service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Backend {
    /// The port of the Service, which is the `port` of an accessory of the module `network`.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Whether the port is `public` there.
    pub public: bool,
    /// The name of that accessory.
    #[schemars(regex(pattern = kusion_sdk::syntax::DNS_LABEL_PATTERN))]
    pub network: String,
    /// Another Service of the namespace, instead of the app's own.
    #[schemars(regex(pattern = kusion_sdk::syntax::DNS_LABEL_PATTERN))]
    pub service: Option<String>,
}

impl Default for Backend {
    fn default() -> Self {
        Self { port: 80, public: false, network: "network".to_owned(), service: None }
    }
}

/// Requests that go to one place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// What a request must be like; one of them is enough. All requests if absent.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub matches: Vec<Match>,
    /// Where they go; where requests go in general if absent.
    pub backend: Option<Backend>,
}

/// What a request must be like, in all that is said.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// The path.
    pub path: Option<PathMatch>,
    /// The headers.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub headers: Vec<HeaderMatch>,
    /// The method.
    pub method: Option<Method>,
}

/// What a path must be like.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathMatch {
    /// How it is compared.
    #[serde(rename = "type", default)]
    pub type_: PathType,
    /// What it is compared with; begins with `/` unless it is a regular expression.
    #[schemars(length(min = 1, max = 1024), example = "/", example = "/api")]
    pub value: String,
}

/// How a path is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PathType {
    /// Its first elements.
    #[default]
    PathPrefix,
    /// The whole.
    Exact,
    /// By a regular expression, as the gateway understands it.
    RegularExpression,
}

/// What a header must be like.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderMatch {
    /// How its value is compared.
    #[serde(rename = "type", default)]
    pub type_: HeaderType,
    /// The name; upper and lower case are the same.
    #[schemars(regex(pattern = r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}$"))]
    pub name: String,
    /// What its value is compared with.
    #[schemars(length(min = 1, max = 4096))]
    pub value: String,
}

/// How the value of a header is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum HeaderType {
    /// The whole.
    #[default]
    Exact,
    /// By a regular expression, as the gateway understands it.
    RegularExpression,
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(
    missing_docs,
    reason = "their names say all, and texts would become a table in the schema"
)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The gateways that the routes belong to; at least one.
    #[schemars(length(min = 1, max = 32))]
    pub parent_refs: Vec<ParentRef>,
    /// Labels of every route.
    pub labels: BTreeMap<String, String>,
    /// Annotations of every route, for example for a controller of DNS names.
    pub annotations: BTreeMap<String, String>,
}

/// A gateway.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// The name of the Gateway.
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"))]
    pub name: String,
    /// Its namespace; the app's if absent.
    #[schemars(regex(pattern = kusion_sdk::syntax::DNS_LABEL_PATTERN))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// One of its listeners; all if absent.
    #[schemars(regex(pattern = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}
