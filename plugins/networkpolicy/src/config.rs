//! What a developer and the platform team write for `networkpolicy`.

use std::collections::BTreeMap;

use kusion_sdk::syntax;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whom the app's pods speak with, beyond what the platform allows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Who may reach the app.
    #[serde(default)]
    pub ingress: Vec<IngressRule>,
    /// Whom the app may reach.
    #[serde(default)]
    pub egress: Vec<EgressRule>,
}

/// Who may reach the app, on which ports.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// Who; everybody if absent.
    #[schemars(length(min = 1))]
    pub from: Option<Vec<Peer>>,
    /// The ports of the app's containers; all if absent.
    #[schemars(length(min = 1))]
    pub ports: Option<Vec<Port>>,
}

/// Whom the app may reach, on which ports.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EgressRule {
    /// Whom; everybody if absent.
    #[schemars(length(min = 1))]
    pub to: Option<Vec<Peer>>,
    /// The ports of their containers, or of what is outside the cluster; all if absent.
    #[schemars(length(min = 1))]
    pub ports: Option<Vec<Port>>,
}

/// Somebody to speak with: an app, pods, or addresses.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct Peer {
    /// Another app of this stack; excludes the others.
    #[schemars(regex(pattern = syntax::DNS_LABEL_PATTERN))]
    pub app: Option<String>,
    /// A namespace by its name; the app's own if nothing is said of namespaces.
    #[schemars(regex(pattern = syntax::DNS_LABEL_PATTERN))]
    pub namespace: Option<String>,
    /// Namespaces by their labels; excludes `namespace`.
    #[serde(default)]
    pub namespace_labels: BTreeMap<String, String>,
    /// Pods by their labels; all of the namespaces if absent.
    #[serde(default)]
    pub pod_labels: BTreeMap<String, String>,
    /// Addresses, for example `10.0.0.0/8`; excludes the others.
    #[schemars(regex(pattern = CIDR_PATTERN), example = "10.0.0.0/8", example = "2001:db8::/32")]
    pub cidr: Option<String>,
    /// Addresses of `cidr` that are not meant.
    #[serde(default)]
    #[schemars(inner(regex(pattern = CIDR_PATTERN)), extend("examples" = [["10.1.0.0/16"]]))]
    pub except: Vec<String>,
}

const CIDR_PATTERN: &str = r"^[0-9a-fA-F:.]{2,45}/[0-9]{1,3}$";

/// One port, or several in a row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// The number, or the name that a container gives it.
    pub port: NumberOrName,
    /// The last of several ports in a row, of which `port` is the first.
    #[schemars(range(min = 1))]
    pub end_port: Option<u16>,
    /// The transport protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// A port by number or by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "expected the number or the name of a port")]
pub enum NumberOrName {
    /// The number.
    Number(#[schemars(range(min = 1))] u16),
    /// The name.
    Name(
        #[schemars(regex(pattern = r"^[a-z0-9-]{0,14}[a-z][a-z0-9-]{0,14}$"), length(max = 15))]
        String,
    ),
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// A connection.
    #[default]
    Tcp,
    /// Single packets.
    Udp,
    /// Several streams in one connection.
    Sctp,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// Whether all pods of the app's own namespace may reach the app.
    pub from_own_namespace: bool,
    /// The namespaces whose pods may reach every app: those of gateways, Ingress controllers and monitoring.
    #[schemars(inner(regex(pattern = syntax::DNS_LABEL_PATTERN)))]
    pub from_namespaces: Vec<String>,
    /// Whether the app may reach the pods of accessories in its namespace, such as a database.
    pub to_accessories: bool,
    /// Who answers the questions of DNS.
    pub dns: Dns,
    /// Who else may reach every app.
    pub ingress: Vec<IngressRule>,
    /// Whom else every app may reach.
    pub egress: Vec<EgressRule>,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            from_own_namespace: true,
            from_namespaces: Vec::new(),
            to_accessories: true,
            dns: Dns::default(),
            ingress: Vec::new(),
            egress: Vec::new(),
        }
    }
}

/// Who answers the questions of DNS.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Dns {
    /// The namespace of the servers.
    #[schemars(regex(pattern = syntax::DNS_LABEL_PATTERN))]
    pub namespace: String,
    /// The labels of their pods.
    pub pod_labels: BTreeMap<String, String>,
    /// Addresses of servers that are no pods, such as that of a cache on each node: `169.254.20.10/32`.
    #[schemars(inner(regex(pattern = CIDR_PATTERN)), extend("examples" = [["169.254.20.10/32"]]))]
    pub cidrs: Vec<String>,
    /// The port on which they answer.
    #[schemars(range(min = 1))]
    pub port: u16,
}

impl Default for Dns {
    fn default() -> Self {
        Self {
            namespace: "kube-system".to_owned(),
            pod_labels: BTreeMap::from([("k8s-app".to_owned(), "kube-dns".to_owned())]),
            cidrs: Vec::new(),
            port: 53,
        }
    }
}
