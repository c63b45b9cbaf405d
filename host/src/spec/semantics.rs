//! What a kind of target knows about its resources.

use serde_json::Value;

use crate::spec::{Resource, ResourceIdError};

/// The extension that marks the resource which runs an app's containers.
pub const IS_WORKLOAD_EXTENSION: &str = "kusion.io/is-workload";

/// The extension of a provider's resource that lists the JSON Pointers of its secret attributes.
pub const SENSITIVE_EXTENSION: &str = "kusion.io/sensitive";

/// Tells [`assemble`](crate::spec::assemble()) what resources mean in their target.
///
/// Every method must answer for every type of resource; a resource that the implementation does not
/// know needs nothing, provides nothing and stays as it is.
pub trait Semantics: Send + Sync {
    /// Returns what is wrong with a resource, each a message without full stop. Never quotes a value
    /// that may be secret.
    fn check(&self, resource: &Resource) -> Vec<String>;

    /// Brings a resource into the one form that the Spec keeps.
    fn canonicalise(&self, resource: &mut Resource);

    /// Returns the JSON Pointer of the object that holds the pods' `metadata` and `spec`.
    fn pod_template(&self, resource: &Resource) -> Option<&'static str>;

    /// Returns the capabilities that others can require once the resource exists.
    fn provides(&self, resource: &Resource) -> Vec<String>;

    /// Returns the capabilities that must exist before the resource, if the Spec provides them at all.
    fn requires(&self, resource: &Resource) -> Vec<String>;

    /// Returns the JSON Pointers of objects and values whose text is secret.
    fn secret_places(&self, resource: &Resource) -> Vec<String>;

    /// Makes the object that other resources of a namespace lie in.
    ///
    /// # Errors
    ///
    /// The name cannot be part of an id.
    fn namespace(&self, name: &str) -> Result<Resource, ResourceIdError>;
}

/// Returns the secret attributes that a resource lists in [`SENSITIVE_EXTENSION`].
pub fn sensitive_attributes(resource: &Resource) -> Vec<String> {
    let listed = resource.extensions.get(SENSITIVE_EXTENSION).and_then(Value::as_array);
    let pointers = listed.into_iter().flatten().filter_map(Value::as_str);
    pointers.filter(|pointer| pointer.starts_with('/')).map(str::to_owned).collect()
}
