//! One thing to create, whatever runs it.

use serde::Serialize;
use serde_json::{Map, Value};

/// The extension that marks the resource which runs the app's containers.
const IS_WORKLOAD: &str = "kusion.io/is-workload";

/// The extension with the places of a provider's resource that hold secrets.
const SENSITIVE: &str = "kusion.io/sensitive";

/// A Kubernetes object or a resource of a provider.
///
/// Built by [`kubernetes::object`](crate::kubernetes::object) or
/// [`terraform::Provider::resource`](crate::terraform::Provider::resource).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The id, unique in a Spec.
    pub id: String,
    /// `Kubernetes` or `Terraform`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The manifest, or the provider's arguments.
    pub attributes: Value,
    /// Ids of resources that must exist before this one, beyond what the host sees by itself.
    pub depends_on: Vec<String>,
    /// Further facts for the host.
    pub extensions: Map<String, Value>,
}

impl Resource {
    /// Marks the resource that runs the app's containers: patches of accessories go to it.
    ///
    /// A module of kind [`Kind::Workload`](crate::Kind::Workload) marks exactly one.
    #[must_use]
    pub fn workload(self) -> Self {
        self.extension(IS_WORKLOAD, true)
    }

    /// Adds the id of a resource that must exist before this one.
    #[must_use]
    pub fn depends_on(mut self, id: impl Into<String>) -> Self {
        self.depends_on.push(id.into());
        self
    }

    /// Adds a fact for the host.
    #[must_use]
    pub fn extension(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extensions.insert(key.into(), value.into());
        self
    }

    /// Says that an argument of a provider is secret, by its JSON Pointer, for example `/password`: a reference to a
    /// secret may stand there, and the host shows and keeps no value of it.
    #[must_use]
    pub fn sensitive(mut self, pointer: impl Into<String>) -> Self {
        let places = self.extensions.entry(SENSITIVE).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(places) = places.as_array_mut() {
            places.push(Value::String(pointer.into()));
        }
        self
    }

    /// The text that stands for an attribute of this resource, see [`path_reference`].
    pub fn path_reference(&self, attribute: &str) -> String {
        path_reference(&self.id, attribute)
    }
}

/// The text that stands for an attribute of another resource until it is known:
/// `$kusion_path.<id>.<attribute>`, with further levels separated by dots.
///
/// Whoever uses it waits for that resource; no `depends_on` is needed.
pub fn path_reference(id: &str, attribute: &str) -> String {
    format!("$kusion_path.{id}.{attribute}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_host_is_told_of_every_secret_argument() {
        let resource = crate::terraform::Provider::new("acme/db", "1.0.0")
            .resource("acme_db", "orders", json!({"password": "a", "key": "b"}))
            .sensitive("/password")
            .sensitive("/key");
        assert_eq!(resource.extensions["kusion.io/sensitive"], json!(["/password", "/key"]));
    }
}
