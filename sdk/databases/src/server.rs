//! A server beside the app: a Deployment of one pod with a volume, a Service without an address of its own, and a
//! Secret with its password.

use std::collections::BTreeMap;

use kusion_sdk::workload::{PodSecurity, Resources, Security};
use kusion_sdk::{Pointer, Problems, Resource};
use serde_json::{Value, json};

use crate::database::{Database, PASSWORD};

/// Where a server keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On a volume of so many GiB that outlives the pod.
    Claim(u32),
    /// In a folder that goes with the pod.
    Pod,
}

/// What the platform says of a server's pod.
#[derive(Debug, Clone, Copy)]
pub struct PodSettings<'a> {
    /// How much it may do.
    pub security: PodSecurity,
    /// Whether it gets a token for the API of Kubernetes.
    pub service_account_token: bool,
    /// What it asks for and may use, as written at `/platform/resources`.
    pub resources: &'a BTreeMap<String, String>,
}

/// A file of the server that holds its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFile {
    /// The folder in the container.
    pub folder: &'static str,
    /// The name of the file, and the key of the Secret.
    pub name: &'static str,
    /// What it says.
    pub text: String,
}

/// A server in a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its image.
    pub image: String,
    /// The arguments of the image's entry point.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<Value>,
    /// A file with its password.
    pub file: Option<SecretFile>,
    /// The port that it listens on.
    pub port: u16,
    /// The user of the image, and its group of the same number.
    pub user: u32,
    /// Where the image keeps its data.
    pub data: &'static str,
    /// What that is.
    pub storage: Storage,
    /// Where the image writes besides.
    pub writable: &'static [&'static str],
    /// What tells whether it serves.
    pub probe: Vec<String>,
    /// What it asks for and may use unless the platform says otherwise.
    pub resources: [(&'static str, &'static str); 2],
}

impl Server {
    /// Makes the server's objects.
    pub fn objects(
        &self,
        database: &Database,
        settings: &PodSettings<'_>,
        problems: &mut Problems,
    ) -> Vec<Resource> {
        let resources = Resources::new()
            .layer(settings.resources, &Pointer::platform().key("resources"), problems)
            .defaults(self.resources);
        let security = Security::new(settings.security)
            .service_account_token(settings.service_account_token)
            .user(self.user, self.user);
        let spec = security.pod_spec(self.pod_spec(database, &resources), self.writable);
        let mut objects = vec![self.secret(database)];
        if let Storage::Claim(size) = self.storage {
            objects.push(claim(database, size));
        }
        objects.push(deployment(database, spec));
        objects.push(self.service(database));
        objects
    }

    /// The name by which the app finds the server.
    pub fn host(database: &Database) -> String {
        database.local_name("service")
    }

    /// The name of the Secret that the server reads.
    pub fn secret_name(database: &Database) -> String {
        database.local_name("secret")
    }

    fn secret(&self, database: &Database) -> Resource {
        let mut values = vec![(PASSWORD, database.password())];
        if let Some(file) = &self.file {
            values.push((file.name, &file.text));
        }
        database.secret(&Self::secret_name(database), &values)
    }

    fn pod_spec(&self, database: &Database, resources: &Resources) -> Value {
        let mut mounts = vec![json!({"name": "data", "mountPath": self.data})];
        let mut volumes = vec![match self.storage {
            Storage::Claim(_) => json!({
                "name": "data",
                "persistentVolumeClaim": {"claimName": database.local_name("pvc")},
            }),
            Storage::Pod => json!({"name": "data", "emptyDir": {}}),
        }];
        if let Some(file) = &self.file {
            mounts.push(json!({"name": "config", "mountPath": file.folder, "readOnly": true}));
            let items = json!([{"key": file.name, "path": file.name}]);
            let secret = json!({"secretName": Self::secret_name(database), "items": items});
            volumes.push(json!({"name": "config", "secret": secret}));
        }
        let name = database.module();
        json!({
            "containers": [{
                "name": name,
                "image": self.image,
                "args": kusion_sdk::kubernetes::unless_empty(&self.args),
                "env": self.env,
                "ports": [{"name": name, "containerPort": self.port}],
                "resources": resources.to_json(),
                "volumeMounts": mounts,
                // The first start makes the database, which takes minutes on a slow disk.
                "startupProbe": self.probe(5, 120),
                "readinessProbe": self.probe(10, 3),
                "livenessProbe": self.probe(20, 6),
            }],
            "volumes": volumes,
        })
    }

    fn probe(&self, period: u32, failures: u32) -> Value {
        json!({
            "exec": {"command": self.probe},
            "periodSeconds": period,
            "timeoutSeconds": 5,
            "failureThreshold": failures,
        })
    }

    fn service(&self, database: &Database) -> Resource {
        let spec = json!({
            "clusterIP": "None",
            "ports": [{"name": database.module(), "port": self.port}],
            "selector": database.selector(),
        });
        database.object("v1", "Service", &Self::host(database), json!({"spec": spec}))
    }
}

fn claim(database: &Database, size: u32) -> Resource {
    let spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": format!("{size}Gi")}},
    });
    let name = database.local_name("pvc");
    database.object("v1", "PersistentVolumeClaim", &name, json!({"spec": spec}))
}

/// Two servers must never share the volume: there is one, and the old pod goes before the new one comes.
fn deployment(database: &Database, pod: Value) -> Resource {
    let spec = json!({
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": database.selector()},
        "template": {"metadata": {"labels": database.pod_labels()}, "spec": pod},
    });
    let name = database.local_name("deployment");
    database.object("apps/v1", "Deployment", &name, json!({"spec": spec}))
}
