//! Which kinds of objects lie in a namespace.

use std::collections::BTreeSet;

use kusion_sdk::{Pointer, Problems, syntax};
use serde_json::Value;

/// Kinds that lie in no namespace: those of Kubernetes itself, and of the projects of its interest groups.
const CLUSTER_SCOPED: [(&str, &[&str]); 15] = [
    ("", &["Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("gateway.networking.k8s.io", &["GatewayClass"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("snapshot.storage.k8s.io", &["VolumeSnapshotClass", "VolumeSnapshotContent"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
];

/// What is known of kinds beyond those of Kubernetes.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    /// Groups and kinds of objects that lie in no namespace.
    cluster: BTreeSet<(String, String)>,
}

impl Scopes {
    /// Adds a kind as somebody wrote it, `ClusterIssuer.cert-manager.io`, or notes that it is none.
    pub(crate) fn add(&mut self, written: &str, at: &Pointer, problems: &mut Problems) {
        match written.split_once('.') {
            Some((kind, group)) if is_kind(kind) && syntax::is_domain(group) => {
                self.cluster.insert((group.to_owned(), kind.to_owned()));
            }
            _ => problems.add(
                at.clone(),
                "must be a kind and its group, as in `ClusterIssuer.cert-manager.io`",
            ),
        }
    }

    /// Learns from the definition of a kind.
    pub(crate) fn learn(&mut self, definition: &Value) {
        let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str);
        if text("/kind") != Some("CustomResourceDefinition")
            || text("/spec/scope") != Some("Cluster")
        {
            return;
        }
        if let (Some(group), Some(kind)) = (text("/spec/group"), text("/spec/names/kind")) {
            self.cluster.insert((group.to_owned(), kind.to_owned()));
        }
    }

    /// Whether objects of a kind lie in a namespace. Those of a kind that nobody knows do, as most do.
    pub(crate) fn is_namespaced(&self, group: &str, kind: &str) -> bool {
        let is_known =
            CLUSTER_SCOPED.iter().any(|(known, kinds)| *known == group && kinds.contains(&kind));
        !is_known && !self.cluster.contains(&(group.to_owned(), kind.to_owned()))
    }
}

/// Whether `text` can be the kind of an object.
pub(crate) fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_told_by_its_group_too() {
        let scopes = Scopes::default();
        assert!(!scopes.is_namespaced("", "Namespace"));
        assert!(!scopes.is_namespaced("rbac.authorization.k8s.io", "ClusterRole"));
        assert!(scopes.is_namespaced("example.com", "Namespace"));
        assert!(scopes.is_namespaced("postgresql.cnpg.io", "Cluster"));
    }

    #[test]
    fn kinds_are_learned_from_their_definitions_and_from_those_who_know() {
        let definition = |scope: &str, kind: &str| {
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "spec": {"group": "example.com", "scope": scope, "names": {"kind": kind}},
            })
        };
        let mut scopes = Scopes::default();
        scopes.learn(&definition("Cluster", "Wide"));
        scopes.learn(&definition("Namespaced", "Narrow"));
        let mut problems = Problems::default();
        scopes.add("ClusterIssuer.cert-manager.io", &Pointer::config(), &mut problems);
        assert!(!scopes.is_namespaced("example.com", "Wide"));
        assert!(scopes.is_namespaced("example.com", "Narrow"));
        assert!(!scopes.is_namespaced("cert-manager.io", "ClusterIssuer"));
        assert!(problems.finish().is_ok());
        for wrong in ["ClusterIssuer", ".x", "a b.c", "Kind.", "Kind.A"] {
            let mut problems = Problems::default();
            scopes.add(wrong, &Pointer::config(), &mut problems);
            assert!(problems.finish().is_err(), "{wrong}");
        }
    }
}
