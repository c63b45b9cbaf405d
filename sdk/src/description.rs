//! What a module says about itself, derived from its types.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::module::Module;
use crate::schema;
use crate::workload_resource::WORKLOAD_RESOURCE;

/// The extension that lists what the host shall put into requests.
const REQUESTS: &str = "requests";

/// What the host learns about a module before it is called.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// The module's name.
    pub name: &'static str,
    /// Its semantic version.
    pub version: &'static str,
    /// The part it plays.
    pub kind: &'static str,
    /// One sentence for listings.
    pub summary: &'static str,
    /// Keys of the workspace's `context` that it wants to see.
    pub context_keys: &'static [&'static str],
    /// JSON Schema of what a developer writes.
    pub developer_schema: Value,
    /// JSON Schema of what the platform team writes.
    pub platform_schema: Value,
    /// Types of resources it can make.
    pub resource_types: &'static [&'static str],
    /// What else it says.
    pub extensions: Map<String, Value>,
}

impl Description {
    /// Describes the module `M`.
    pub fn of<M: Module>() -> Self {
        Self {
            name: M::NAME,
            version: M::VERSION,
            kind: M::KIND.as_str(),
            summary: M::SUMMARY,
            context_keys: M::CONTEXT_KEYS,
            developer_schema: schema::of::<M::Config>(),
            platform_schema: schema::of::<M::Platform>(),
            resource_types: M::RESOURCE_TYPES,
            extensions: extensions::<M>(),
        }
    }
}

/// What the module `M` says beyond the fields of a description.
pub(crate) fn extensions<M: Module>() -> Map<String, Value> {
    let mut extensions = Map::new();
    if M::NEEDS_WORKLOAD_RESOURCE {
        extensions.insert(REQUESTS.to_owned(), json!([WORKLOAD_RESOURCE]));
    }
    extensions
}
