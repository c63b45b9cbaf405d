//! What an object needs before it, and what others need of it.
//!
//! Both sides are names of capabilities, so that joining them takes one look-up per need.

use std::collections::BTreeSet;

use serde_json::Value;

use super::identity::Identity;
use super::pods;

/// The kinds of core/v1 objects that pods name.
const NAMED_BY_PODS: [&str; 4] = ["ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount"];

/// Returns what others can need of an object.
pub(super) fn provides(manifest: &Value) -> Vec<String> {
    let Ok(identity) = Identity::of(manifest) else { return Vec::new() };
    let Identity { kind, name, .. } = identity;
    match (identity.group(), kind) {
        ("", "Namespace") => vec![namespace(name)],
        ("", kind) if NAMED_BY_PODS.contains(&kind) => vec![object(kind, identity.namespace, name)],
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let text = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
            let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
            group.zip(kind).map(|(group, kind)| definition(group, kind)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns what must exist before an object, if it is in the Spec at all.
pub(super) fn requires(manifest: &Value) -> Vec<String> {
    let Ok(identity) = Identity::of(manifest) else { return Vec::new() };
    let mut needs: Vec<String> = identity.namespace.map(namespace).into_iter().collect();
    if !identity.group().is_empty() {
        needs.push(definition(identity.group(), identity.kind));
    }
    if let Some(spec) = pods::spec(manifest) {
        let mut pod = Pod { namespace: identity.namespace, needs: &mut needs };
        pod.read(spec);
    }
    needs
}

/// Returns the names of the Secrets without which the pods of an object do not start.
pub(super) fn secrets(manifest: &Value) -> BTreeSet<String> {
    let (Ok(identity), Some(spec)) = (Identity::of(manifest), pods::spec(manifest)) else {
        return BTreeSet::new();
    };
    let mut needs = Vec::new();
    Pod { namespace: identity.namespace, needs: &mut needs }.read(&without_optional(spec));
    let start = object("Secret", identity.namespace, "");
    needs.iter().filter_map(|need| Some(need.strip_prefix(&start)?.to_owned())).collect()
}

/// Leaves out what may be missing. Without a Secret to pull with, an image may still be had.
fn without_optional(spec: &Value) -> Value {
    match spec {
        Value::Object(members) => {
            let is_optional = |value: &Value| value.get("optional") == Some(&Value::Bool(true));
            let kept = members
                .iter()
                .filter(|(key, value)| *key != "imagePullSecrets" && !is_optional(value));
            kept.map(|(key, value)| (key.clone(), without_optional(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_optional).collect(),
        other => other.clone(),
    }
}

fn namespace(name: &str) -> String {
    format!("namespace {name}")
}

fn definition(group: &str, kind: &str) -> String {
    format!("definition {group} {kind}")
}

fn object(kind: &str, namespace: Option<&str>, name: &str) -> String {
    format!("{kind} {} {name}", namespace.unwrap_or_default())
}

struct Pod<'a> {
    namespace: Option<&'a str>,
    needs: &'a mut Vec<String>,
}

impl Pod<'_> {
    fn read(&mut self, spec: &Value) {
        self.name("ServiceAccount", spec.get("serviceAccountName").or(spec.get("serviceAccount")));
        for secret in items(spec, "imagePullSecrets") {
            self.name("Secret", secret.get("name"));
        }
        for volume in items(spec, "volumes") {
            self.volume(volume);
            if let Some(projected) = volume.get("projected") {
                items(projected, "sources").for_each(|source| self.volume(source));
            }
        }
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            for container in items(spec, list) {
                for variable in items(container, "env") {
                    self.name("ConfigMap", at(variable, &["valueFrom", "configMapKeyRef", "name"]));
                    self.name("Secret", at(variable, &["valueFrom", "secretKeyRef", "name"]));
                }
                for source in items(container, "envFrom") {
                    self.name("ConfigMap", at(source, &["configMapRef", "name"]));
                    self.name("Secret", at(source, &["secretRef", "name"]));
                }
            }
        }
    }

    /// Reads a volume or a source of a projected one. A volume names its Secret in `secretName`, a
    /// source in `name`.
    fn volume(&mut self, volume: &Value) {
        self.name("ConfigMap", at(volume, &["configMap", "name"]));
        self.name("Secret", at(volume, &["secret", "secretName"]));
        self.name("Secret", at(volume, &["secret", "name"]));
        self.name("Secret", at(volume, &["csi", "nodePublishSecretRef", "name"]));
        self.name("PersistentVolumeClaim", at(volume, &["persistentVolumeClaim", "claimName"]));
    }

    fn name(&mut self, kind: &str, name: Option<&Value>) {
        if let Some(name) = name.and_then(Value::as_str) {
            self.needs.push(object(kind, self.namespace, name));
        }
    }
}

fn items<'v>(value: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    value.get(list).and_then(Value::as_array).into_iter().flatten()
}

/// Reads a member of a member; unlike a JSON Pointer, without copying the names.
fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, member| value.get(member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_needs_everything_it_names() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "n"},
            "spec": {"template": {"spec": {
                "serviceAccountName": "account",
                "imagePullSecrets": [{"name": "pull"}],
                "volumes": [
                    {"configMap": {"name": "files"}},
                    {"secret": {"secretName": "keys"}},
                    {"persistentVolumeClaim": {"claimName": "disk"}},
                    {"projected": {"sources": [{"secret": {"name": "p-secret"}}, {"configMap": {"name": "p-map"}}]}},
                    {"emptyDir": {}},
                ],
                "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}, {"configMapRef": {"name": "init-map"}}]}],
                "containers": [{"env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}},
                    {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "env-map", "key": "k"}}},
                    {"name": "C", "value": "c"},
                ]}],
            }}},
        });
        assert_eq!(
            requires(&deployment),
            [
                "namespace n",
                "definition apps Deployment",
                "ServiceAccount n account",
                "Secret n pull",
                "ConfigMap n files",
                "Secret n keys",
                "PersistentVolumeClaim n disk",
                "Secret n p-secret",
                "ConfigMap n p-map",
                "Secret n env",
                "ConfigMap n env-map",
                "Secret n init",
                "ConfigMap n init-map",
            ]
        );
    }

    #[test]
    fn pods_do_not_start_without_the_secrets_that_are_not_optional() {
        let variable = |name: &str, optional: bool| json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": name, "key": "k", "optional": optional}}});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
            "spec": {
                "imagePullSecrets": [{"name": "pull"}],
                "volumes": [{"secret": {"secretName": "keys"}}, {"secret": {"secretName": "extra", "optional": true}}],
                "containers": [{"env": [variable("env", false), variable("maybe", true)]}],
            },
        });
        let expected = ["env", "keys"].map(str::to_owned);
        assert_eq!(secrets(&pod), expected.into());
    }

    #[test]
    fn what_is_provided_matches_what_is_required() {
        let named = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "n"}});
        assert_eq!(provides(&named("Secret")), ["Secret n x"]);
        assert_eq!(provides(&named("ConfigMap")), ["ConfigMap n x"]);
        assert_eq!(provides(&named("Service")), Vec::<String>::new());
        assert_eq!(requires(&named("Service")), ["namespace n"]);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});
        assert_eq!(
            (provides(&namespace), requires(&namespace)),
            (vec!["namespace n".to_owned()], vec![])
        );
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "gadgets.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Gadget"}},
        });
        let gadget =
            json!({"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}});
        assert_eq!(provides(&definition), requires(&gadget));
    }
}
