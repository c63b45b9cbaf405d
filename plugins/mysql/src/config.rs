//! What a developer and the platform team write for `mysql`.

use schemars::JsonSchema;
use serde::Deserialize;

/// A MySQL database.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Where the database runs.
    #[serde(rename = "type")]
    pub type_: DatabaseType,
    /// The version of MySQL, in quotes: `"8.0"`.
    pub version: String,
}

/// Where a database runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseType {
    /// Beside the app, in the same namespace; meant for development.
    Local,
    /// As a managed service of a cloud.
    Cloud,
}

/// The platform's settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Platform {
    /// The name the resources begin with; `<project>-<stack>-<app>-<accessory>` if absent.
    pub database_name: Option<String>,
    /// The account the app uses.
    pub username: String,
    /// The size of the storage in GiB.
    #[schemars(range(min = 1))]
    pub size: u32,
    /// Only for `cloud`: whose managed service it is.
    pub cloud: Option<Cloud>,
    /// Only for `cloud`: the size of the machine.
    pub instance_type: Option<String>,
    /// Only for `cloud`: the edition.
    pub category: Option<String>,
    /// Only for `cloud`: the addresses and networks that may connect.
    #[serde(rename = "securityIPs")]
    pub security_ips: Option<Vec<String>>,
    /// Only for `cloud`: whether the app connects through the private network.
    pub private_routing: Option<bool>,
    /// Only for `cloud`: the subnet.
    #[serde(rename = "subnetID")]
    pub subnet_id: Option<String>,
}

impl Default for Platform {
    fn default() -> Self {
        Self {
            database_name: None,
            username: "root".to_owned(),
            size: 10,
            cloud: None,
            instance_type: None,
            category: None,
            security_ips: None,
            private_routing: None,
            subnet_id: None,
        }
    }
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
