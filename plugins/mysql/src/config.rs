//! What a developer writes for `mysql`.

use kusion_databases::DatabaseType;
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
    #[schemars(length(min = 1, max = 128), example = &"8.4")]
    pub version: String,
}
