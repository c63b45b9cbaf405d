//! What a developer writes for `postgres`.

use kusion_databases::DatabaseType;
use schemars::JsonSchema;
use serde::Deserialize;

/// A PostgreSQL database.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Where the database runs.
    #[serde(rename = "type")]
    pub type_: DatabaseType,
    /// The version of PostgreSQL, in quotes: `"17"`.
    #[schemars(length(min = 1, max = 128), example = &"17")]
    pub version: String,
}
