//! A compiled schema and what it says about a node.

use serde_json::Value;

use super::close::close;
use super::cost;
use super::explain::{Explainer, MAX_PROBLEMS};
use crate::diagnostic::Problem;
use crate::source::Node;

/// Bytes of one compiled pattern. One for the longest name of Kubernetes takes 50,000.
const MAX_PATTERN: usize = 1 << 20;

/// A JSON Schema, closed and ready to check values.
pub struct Schema {
    closed: Value,
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
    /// Closed means: an object that lists its `properties` and says nothing about others accepts no others. Every
    /// schema is read as draft 2020-12.
    ///
    /// # Errors
    ///
    /// The value is no JSON Schema, or refers to something outside itself.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        cost::survey(schema).map_err(|error| SchemaError { source: Box::new(error) })?;
        let closed = closed(schema);
        let validator =
            options().build(&closed).map_err(|error| SchemaError { source: Box::new(error) })?;
        Ok(Self { closed, validator })
    }

    /// Returns the schema as it is applied.
    pub fn closed(&self) -> &Value {
        &self.closed
    }

    /// Returns everything about a value that the schema forbids, at its place.
    ///
    /// `prefix` is the name of the value in messages, such as `workload` or `accessories.orders`.
    pub fn check(&self, node: &Node, prefix: &str) -> Vec<Problem> {
        let value = node.to_json();
        if let Err(error) = cost::of(&self.closed, &value) {
            let message = format!("`{prefix}` cannot be checked: {error}");
            return vec![
                Problem::at(node.location().clone(), message)
                    .hint("this is a defect of the module, not of your configuration"),
            ];
        }
        let errors: Vec<_> = self.validator.iter_errors(&value).take(MAX_PROBLEMS).collect();
        if errors.is_empty() {
            return Vec::new();
        }
        let mut problems = Explainer::new(&self.closed, node, prefix).explain(&errors);
        if problems.is_empty() {
            // Whatever cannot be put into words is still an error.
            let message = format!("`{prefix}` is not valid");
            problems.push(Problem::at(node.location().clone(), message));
        }
        crate::config::error::sort(&mut problems);
        problems.truncate(MAX_PROBLEMS);
        problems
    }
}

/// Closes a schema, and drops what says how it is to be read: every schema is read alike.
pub(super) fn closed(schema: &Value) -> Value {
    let mut closed = close(schema);
    if let Some(object) = closed.as_object_mut() {
        object.remove("$schema");
        object.remove("$id");
    }
    closed
}

/// How every schema is compiled.
pub(super) fn options<'i>() -> jsonschema::ValidationOptions<'i> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        // A pattern comes from a module; this engine needs time linear in the text.
        .with_pattern_options(
            jsonschema::PatternOptions::regex().size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN),
        )
        .offline()
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Schema").field(&self.closed).finish()
    }
}
