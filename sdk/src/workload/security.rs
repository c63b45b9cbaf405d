//! What pods may do: the defaults that a platform team can sign, for an app's pods and for those of accessories.
//!
//! Everything follows the Pod Security Standards of Kubernetes. `baseline` is what images of all kinds run with;
//! `restricted` is the standard of that name with a read-only root file system on top.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::volumes;
use crate::names;

/// How much pods may do, by the Pod Security Standards of Kubernetes.
///
/// The platform key is `podSecurity`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// What images of all kinds run with: no privilege escalation, and the runtime's filter of system calls.
    #[default]
    Baseline,
    /// Besides, no root user, no capabilities and a read-only root file system. An image whose user is root does not start.
    Restricted,
}

/// How the pods of one workload are secured.
///
/// ```
/// use kusion_sdk::workload::{PodSecurity, Security};
/// use serde_json::json;
///
/// let spec = json!({"containers": [{"name": "redis", "image": "redis:8"}]});
/// let spec = Security::new(PodSecurity::Restricted).user(999, 1000).pod_spec(spec, &["/tmp"]);
/// assert_eq!(spec["automountServiceAccountToken"], false);
/// assert_eq!(spec["securityContext"]["runAsUser"], 999);
/// assert_eq!(spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
/// assert_eq!(spec["volumes"], json!([{"name": "redis-tmp", "emptyDir": {}}]));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Security {
    level: PodSecurity,
    mounts_token: bool,
    user: Option<User>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct User {
    uid: u32,
    gid: u32,
}

impl Security {
    /// Begins with a level, and with no token of the service account in the pods.
    pub fn new(level: PodSecurity) -> Self {
        Self { level, ..Self::default() }
    }

    /// Says whether pods get a token for the API of Kubernetes; the platform key is `automountServiceAccountToken`.
    #[must_use]
    pub fn service_account_token(mut self, mounts_token: bool) -> Self {
        self.mounts_token = mounts_token;
        self
    }

    /// Names the user and group that the image is made for. They are written down with `restricted` only, where
    /// volumes belong to the group.
    #[must_use]
    pub fn user(mut self, uid: u32, gid: u32) -> Self {
        self.user = Some(User { uid, gid });
        self
    }

    /// Secures the spec of a pod and all its containers.
    ///
    /// With `restricted`, each container gets a folder of its own at each path of `writable` where nothing is mounted
    /// yet, because its image cannot be written to. Fields that the spec has already are kept.
    pub fn pod_spec(&self, mut spec: Value, writable: &[&str]) -> Value {
        let Some(fields) = spec.as_object_mut() else { return spec };
        fields.entry("automountServiceAccountToken").or_insert_with(|| self.mounts_token.into());
        fill(fields, self.pod_context());
        let mut volumes = match fields.remove("volumes") {
            Some(Value::Array(volumes)) => volumes,
            _ => Vec::new(),
        };
        for key in ["initContainers", "containers"] {
            let containers = fields.get_mut(key).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                fill(container, self.container_context());
                if self.level == PodSecurity::Restricted {
                    make_writable(container, writable, &mut volumes);
                }
            }
        }
        if !volumes.is_empty() {
            fields.insert("volumes".to_owned(), volumes.into());
        }
        spec
    }

    fn pod_context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        context.insert("seccompProfile".to_owned(), json!({"type": "RuntimeDefault"}));
        if self.level == PodSecurity::Restricted {
            context.insert("runAsNonRoot".to_owned(), true.into());
            if let Some(User { uid, gid }) = self.user {
                context.insert("runAsUser".to_owned(), uid.into());
                context.insert("runAsGroup".to_owned(), gid.into());
                context.insert("fsGroup".to_owned(), gid.into());
                // Otherwise every start walks through a whole database.
                context.insert("fsGroupChangePolicy".to_owned(), "OnRootMismatch".into());
            }
        }
        context
    }

    fn container_context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        context.insert("allowPrivilegeEscalation".to_owned(), false.into());
        if self.level == PodSecurity::Restricted {
            context.insert("capabilities".to_owned(), json!({"drop": ["ALL"]}));
            context.insert("readOnlyRootFilesystem".to_owned(), true.into());
        }
        context
    }
}

/// Adds to the `securityContext` what it does not say itself.
fn fill(fields: &mut Map<String, Value>, context: Map<String, Value>) {
    let own = fields.entry("securityContext").or_insert_with(|| Value::Object(Map::new()));
    if let Some(own) = own.as_object_mut() {
        for (key, value) in context {
            own.entry(key).or_insert(value);
        }
    }
}

fn make_writable(container: &mut Map<String, Value>, writable: &[&str], volumes: &mut Vec<Value>) {
    let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut mounts = match container.remove("volumeMounts") {
        Some(Value::Array(mounts)) => mounts,
        _ => Vec::new(),
    };
    for path in writable {
        if mounts.iter().any(|mount| mount["mountPath"] == *path) {
            continue;
        }
        let folder = path.trim_matches('/').replace('/', "-");
        let volume = names::with_suffix(&name, &folder);
        let volume = volumes::add(volumes, &volume, json!({"emptyDir": {}}));
        mounts.push(json!({"name": volume, "mountPath": path}));
    }
    if !mounts.is_empty() {
        container.insert("volumeMounts".to_owned(), mounts.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Value {
        json!({"containers": [{"name": "main", "image": "web:1"}]})
    }

    #[test]
    fn baseline_closes_what_stock_images_do_not_need() {
        assert_eq!(
            Security::default().user(999, 999).pod_spec(spec(), &["/tmp"]),
            json!({
                "automountServiceAccountToken": false,
                "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{
                    "name": "main",
                    "image": "web:1",
                    "securityContext": {"allowPrivilegeEscalation": false},
                }],
            })
        );
    }

    #[test]
    fn restricted_runs_as_the_images_user_on_a_read_only_root() {
        let security = Security::new(PodSecurity::Restricted).user(999, 1000);
        assert_eq!(
            security.pod_spec(spec(), &["/tmp", "/run/db"]),
            json!({
                "automountServiceAccountToken": false,
                "securityContext": {
                    "seccompProfile": {"type": "RuntimeDefault"},
                    "runAsNonRoot": true,
                    "runAsUser": 999,
                    "runAsGroup": 1000,
                    "fsGroup": 1000,
                    "fsGroupChangePolicy": "OnRootMismatch",
                },
                "containers": [{
                    "name": "main",
                    "image": "web:1",
                    "securityContext": {
                        "allowPrivilegeEscalation": false,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": true,
                    },
                    "volumeMounts": [
                        {"name": "main-tmp", "mountPath": "/tmp"},
                        {"name": "main-run-db", "mountPath": "/run/db"},
                    ],
                }],
                "volumes": [
                    {"name": "main-tmp", "emptyDir": {}},
                    {"name": "main-run-db", "emptyDir": {}},
                ],
            })
        );
    }

    #[test]
    fn an_image_of_an_unknown_user_is_given_none() {
        let spec = Security::new(PodSecurity::Restricted).pod_spec(spec(), &[]);
        assert_eq!(
            spec["securityContext"],
            json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}})
        );
        assert_eq!(spec.get("volumes"), None);
        assert_eq!(spec["containers"][0].get("volumeMounts"), None);
    }

    #[test]
    fn the_token_comes_back_when_the_platform_says_so() {
        let spec = Security::default().service_account_token(true).pod_spec(spec(), &[]);
        assert_eq!(spec["automountServiceAccountToken"], true);
    }

    #[test]
    fn every_container_is_secured_and_gets_folders_of_its_own() {
        let spec = json!({
            "initContainers": [{"name": "init"}],
            "containers": [{"name": "a"}, {"name": "b"}],
            "volumes": [{"name": "data", "emptyDir": {}}],
        });
        let spec = Security::new(PodSecurity::Restricted).pod_spec(spec, &["/tmp"]);
        for container in ["/initContainers/0", "/containers/0", "/containers/1"] {
            let container = spec.pointer(container).unwrap();
            assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
        }
        let names: Vec<_> =
            spec["volumes"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["data", "init-tmp", "a-tmp", "b-tmp"]);
    }

    #[test]
    fn what_the_spec_says_already_is_kept() {
        let spec = json!({
            "securityContext": {"fsGroup": 5},
            "containers": [{
                "name": "main",
                "securityContext": {"readOnlyRootFilesystem": false},
                "volumeMounts": [{"name": "data", "mountPath": "/tmp"}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        });
        let spec = Security::new(PodSecurity::Restricted).user(1, 2).pod_spec(spec, &["/tmp"]);
        assert_eq!(spec["securityContext"]["fsGroup"], 5);
        assert_eq!(spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"], false);
        assert_eq!(spec["volumes"].as_array().map(Vec::len), Some(1));
    }
}
