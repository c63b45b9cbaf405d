//! What a platform team writes for a database.

use std::collections::BTreeMap;

use kusion_sdk::workload::PodSecurity;
use schemars::JsonSchema;
use serde::Deserialize;

/// Where a database runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseType {
    /// Beside the app, in the same namespace; meant for development.
    Local,
    /// As a managed service of a cloud.
    Cloud,
}

/// A cloud with managed databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Alibaba Cloud.
    Alicloud,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The name the resources begin with; `<project>-<stack>-<app>-<accessory>` if absent.
    pub database_name: Option<String>,
    /// The account the app uses; if absent, `root` of MySQL and `kusion_default` of PostgreSQL, and of both on `alicloud`.
    #[schemars(length(min = 1, max = 63), example = &"shop")]
    pub username: Option<String>,
    /// The size of the storage in GiB; 10 if absent, 20 for `cloud`.
    #[schemars(range(min = 1, max = 65536))]
    pub size: Option<u32>,
    /// Only for `local`: how much the database's pod may do.
    pub pod_security: PodSecurity,
    /// Only for `local`: whether the database's pod gets a token for the API of Kubernetes.
    pub automount_service_account_token: bool,
    /// Only for `local`: what the database's pod asks for and may use, by name: a limit (`500m`), a request and a limit
    /// (`250m-500m`), or a request (`250m-`).
    #[schemars(example = serde_json::json!({"cpu": "250m-", "memory": "1Gi-2Gi"}))]
    pub resources: BTreeMap<String, String>,
    /// Only for `cloud`, and needed there: whose managed service it is.
    pub cloud: Option<Cloud>,
    /// Only for `cloud`: the region; `AWS_REGION` or `ALICLOUD_REGION` in the workspace's context if absent.
    #[schemars(example = &"eu-central-1")]
    pub region: Option<String>,
    /// Only for `cloud`, and needed there: the size of the machine.
    #[schemars(example = &"db.t3.micro")]
    pub instance_type: Option<String>,
    /// Only for `alicloud`: the edition, for example `HighAvailability` or `serverless_basic`.
    #[schemars(length(min = 1, max = 63))]
    pub category: String,
    /// Only for `cloud`: the addresses and networks that may connect. One that is not private makes the database
    /// reachable from the internet.
    #[serde(rename = "securityIPs")]
    #[schemars(length(min = 1, max = 60))]
    pub security_ips: Vec<String>,
    /// Only for `alicloud`: whether the app connects through the private network. On `aws` the name of a database
    /// stands for its private address wherever there is a way to it.
    pub private_routing: bool,
    /// Only for `cloud`: the subnet; a DB subnet group on `aws`, a vSwitch on `alicloud`.
    #[serde(rename = "subnetID")]
    pub subnet_id: Option<String>,
    /// Only for `aws`: whether the storage is encrypted. A database that exists without is replaced, with its data, by
    /// one with it.
    pub encrypted: bool,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            database_name: None,
            username: None,
            size: None,
            pod_security: PodSecurity::default(),
            automount_service_account_token: false,
            resources: BTreeMap::new(),
            cloud: None,
            region: None,
            instance_type: None,
            category: "Basic".to_owned(),
            security_ips: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
                .map(str::to_owned)
                .into(),
            private_routing: true,
            subnet_id: None,
            encrypted: true,
        }
    }
}
