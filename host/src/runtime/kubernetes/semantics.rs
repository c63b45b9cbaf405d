//! What assembly must know about Kubernetes objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::health::HealthPolicy;
use super::identity::Identity;
use super::{KUBERNETES, canonical, identity, needs, pods};
use crate::spec::{Resource, ResourceId, ResourceIdError, Semantics, sensitive_attributes};

/// The extension that names group, version and kind.
const GVK_EXTENSION: &str = "GVK";

/// Knows Kubernetes objects; resources of other types stay as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct KubernetesSemantics;

impl Semantics for KubernetesSemantics {
    fn check(&self, resource: &Resource) -> Vec<String> {
        if resource.kind != KUBERNETES {
            return Vec::new();
        }
        let mut problems = identity::check(resource);
        problems.extend(HealthPolicy::of(resource).err());
        problems
    }

    fn canonicalise(&self, resource: &mut Resource) {
        if resource.kind != KUBERNETES {
            return;
        }
        canonical::canonicalise(&mut resource.attributes);
        if let Ok(identity) = Identity::of(&resource.attributes) {
            resource.extensions.insert(GVK_EXTENSION.to_owned(), Value::String(identity.gvk()));
        }
    }

    fn pod_template(&self, resource: &Resource) -> Option<&'static str> {
        if resource.kind == KUBERNETES { pods::template(&resource.attributes) } else { None }
    }

    fn provides(&self, resource: &Resource) -> Vec<String> {
        if resource.kind == KUBERNETES { needs::provides(&resource.attributes) } else { Vec::new() }
    }

    fn requires(&self, resource: &Resource) -> Vec<String> {
        if resource.kind == KUBERNETES { needs::requires(&resource.attributes) } else { Vec::new() }
    }

    fn secret_places(&self, resource: &Resource) -> Vec<String> {
        if resource.kind != KUBERNETES {
            sensitive_attributes(resource)
        } else if identity::is_secret(&resource.attributes) {
            ["/data", "/stringData"].map(str::to_owned).to_vec()
        } else {
            Vec::new()
        }
    }

    fn namespace(&self, name: &str) -> Result<Resource, ResourceIdError> {
        let attributes =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let mut namespace = Resource {
            id: ResourceId::parse(format!("v1:Namespace:{name}"))?,
            kind: KUBERNETES.to_owned(),
            attributes,
            depends_on: BTreeSet::new(),
            extensions: Map::new(),
        };
        self.canonicalise(&mut namespace);
        Ok(namespace)
    }
}
