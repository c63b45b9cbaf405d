//! What a developer and the platform team write for `network`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the app's ports are reached.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The ports of the app.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Rules that lead requests from outside the cluster to the ports.
    pub ingress: Option<Ingress>,
    /// A class of Ingresses of its own, handled by the controller it names.
    pub ingress_class: Option<IngressClass>,
}

/// One port.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The port that clients use.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1))]
    pub port: u16,
    /// The port that the container listens on; the same as `port` if absent.
    #[schemars(range(min = 1))]
    pub target_port: Option<u16>,
    /// The transport protocol.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whether the port is reached from outside the cluster, through a load balancer.
    #[serde(default)]
    pub public: bool,
}

fn default_port() -> u16 {
    80
}

/// A transport protocol.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// A connection.
    #[default]
    Tcp,
    /// Single packets.
    Udp,
}

/// Rules that lead requests from outside the cluster to services.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Labels of the Ingress.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the Ingress.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// The class, and so the controller; the accessory's own `ingressClass` if absent.
    pub ingress_class_name: Option<String>,
    /// Where a request goes that no rule matches.
    pub default_backend: Option<Backend>,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Certificates.
    #[serde(default)]
    pub tls: Vec<Tls>,
}

/// What happens to the requests for one host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// The host, for example `shop.example.com` or `*.example.com`; any host if absent.
    pub host: Option<String>,
    /// The paths.
    pub http: Option<HttpRule>,
}

/// The paths of a host.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpRule {
    /// The paths.
    pub paths: Vec<HttpPath>,
}

/// Where the requests for one path go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpPath {
    /// The path, beginning with `/`.
    #[serde(default = "default_path")]
    pub path: String,
    /// How the path is compared.
    #[serde(default)]
    pub path_type: PathType,
    /// Where the requests go.
    pub backend: Backend,
}

fn default_path() -> String {
    "/".to_owned()
}

/// How a path is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PathType {
    /// The whole path.
    Exact,
    /// The path's first elements.
    #[default]
    Prefix,
    /// As the Ingress controller decides.
    ImplementationSpecific,
}

/// Where requests go: a service or another resource.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backend {
    /// A service; excludes `resource`.
    pub service: Option<ServiceBackend>,
    /// Another resource of the namespace; excludes `service`.
    pub resource: Option<ResourceBackend>,
}

/// A service as the target of requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceBackend {
    /// The Service's name; if absent, the Service of this accessory that has the port.
    pub name: Option<String>,
    /// The port.
    pub port: ServicePort,
}

/// A port of a Service, by number or by name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// The number; excludes `name`.
    #[schemars(range(min = 1))]
    pub number: Option<u16>,
    /// The name; excludes `number`.
    pub name: Option<String>,
}

/// A resource as the target of requests.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceBackend {
    /// The API group; the core group if absent.
    pub api_group: Option<String>,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// A certificate and the hosts it is for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The hosts.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The Secret with the certificate.
    pub secret_name: Option<String>,
}

/// A class of Ingresses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressClass {
    /// Labels of the IngressClass.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the IngressClass.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// The controller that handles the class, for example `acme.io/ingress-controller`.
    pub controller: String,
    /// A resource with further settings for the controller.
    pub parameters: Option<ClassParameters>,
}

/// A resource with settings for an Ingress controller.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassParameters {
    /// The API group; the core group if absent.
    pub api_group: Option<String>,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// `Cluster` or `Namespace`.
    pub scope: Option<String>,
    /// The namespace, if the scope is `Namespace`.
    pub namespace: Option<String>,
}

/// The platform's settings.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Platform {
    /// Settings of public ports.
    #[serde(default)]
    pub port: PlatformPort,
}

/// Settings of public ports.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PlatformPort {
    /// Whose load balancer the cluster has; without it, whatever the cluster brings.
    #[serde(rename = "type")]
    pub type_: Option<PortType>,
    /// Labels of the public Service, as the load balancer wants them.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the public Service, as the load balancer wants them.
    pub annotations: BTreeMap<String, String>,
}

/// A vendor of load balancers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PortType {
    /// Amazon Web Services.
    Aws,
    /// Alibaba Cloud.
    Alicloud,
}
