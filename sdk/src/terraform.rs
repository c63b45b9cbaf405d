//! Resources of Terraform providers: ids and the extensions that say which provider runs them.

use serde_json::{Map, Value};

use crate::resource::Resource;

/// The registry of a provider whose source does not name one.
const REGISTRY: &str = "registry.terraform.io";

/// A Terraform provider.
///
/// ```
/// use kusion_sdk::terraform::Provider;
/// use serde_json::json;
///
/// let random = Provider::new("hashicorp/random", "3.6.0");
/// let password = random.resource("random_password", "orders", json!({"length": 16}));
/// assert_eq!(password.id, "hashicorp:random:random_password:orders");
/// assert_eq!(
///     password.extensions["provider"],
///     "registry.terraform.io/hashicorp/random/3.6.0",
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// `namespace/name`, or `registry/namespace/name`.
    pub source: String,
    /// The exact version.
    pub version: String,
    /// Settings of the provider, for example `{"region": "us-east-1"}`.
    pub meta: Map<String, Value>,
}

impl Provider {
    /// Names a provider without settings.
    pub fn new(source: impl Into<String>, version: impl Into<String>) -> Self {
        Self { source: source.into(), version: version.into(), meta: Map::new() }
    }

    /// Adds a setting, for example `region`.
    #[must_use]
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }

    /// Builds the id of a resource: `<provider namespace>:<provider>:<resource type>:<name>`.
    pub fn resource_id(&self, resource_type: &str, name: &str) -> String {
        let mut parts = self.source.rsplit('/');
        let provider = parts.next().unwrap_or_default();
        let namespace = parts.next().unwrap_or_default();
        format!("{namespace}:{provider}:{resource_type}:{name}")
    }

    /// Makes a resource of this provider; `name` is unique among those of its type.
    pub fn resource(&self, resource_type: &str, name: &str, arguments: Value) -> Resource {
        let registry = match self.source.matches('/').count() {
            0 | 1 => format!("{REGISTRY}/"),
            _ => String::new(),
        };
        let provider = format!("{registry}{}/{}", self.source, self.version);
        Resource {
            id: self.resource_id(resource_type, name),
            type_: "Terraform".to_owned(),
            attributes: arguments,
            depends_on: Vec::new(),
            extensions: Map::new(),
        }
        .extension("provider", provider)
        .extension("providerMeta", self.meta.clone())
        .extension("resourceType", resource_type)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_may_name_its_registry() {
        let provider = Provider::new("registry.acme.io/cloud/db", "1.2.3").setting("region", "eu");
        let resource = provider.resource("cloud_db", "orders", json!({}));
        assert_eq!(resource.id, "cloud:db:cloud_db:orders");
        assert_eq!(
            Value::Object(resource.extensions),
            json!({
                "provider": "registry.acme.io/cloud/db/1.2.3",
                "providerMeta": {"region": "eu"},
                "resourceType": "cloud_db",
            })
        );
    }
}
