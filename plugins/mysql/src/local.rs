//! A database beside the app: a Deployment of one pod with a volume, a Service without an address of
//! its own, and the Secrets.

use kusion_sdk::{Module, Output, Patch, Request, Resource, Secret, kubernetes, names};
use serde_json::{Value, json};

use crate::Mysql;
use crate::config::{Config, Platform};

const PORT: u16 = 3306;

/// The secret the host draws: 24 letters and digits.
const PASSWORD: &str = "password";
const PASSWORD_LENGTH: u32 = 24;

/// The account that has every right.
const ROOT: &str = "root";

/// Makes the whole database.
pub(crate) fn database(request: &Request<Config, Platform>) -> Output {
    let database = Database::new(request);
    Output::new()
        .secret(Secret::generated(PASSWORD, PASSWORD_LENGTH))
        .resource(database.password_secret())
        .resource(database.claim())
        .resource(database.deployment())
        .resource(database.service())
        .resource(database.connection_secret())
        .patch(database.env())
}

struct Database<'a> {
    request: &'a Request<Config, Platform>,
    /// What the resources' names begin with.
    name: String,
}

impl<'a> Database<'a> {
    fn new(request: &'a Request<Config, Platform>) -> Self {
        let name = match &request.platform.database_name {
            Some(name) if request.accessory == Mysql::NAME => names::dns_label(name),
            Some(name) => names::with_suffix(name, &request.accessory),
            None => request.unique_name(&request.accessory),
        };
        Self { request, name }
    }

    fn resource_name(&self, what: &str) -> String {
        let name = names::with_suffix(&self.name, &format!("db-local-{what}"));
        names::service_name(&name)
    }

    /// `<database>-mysql`, or just the database's name if it says so already.
    fn connection_name(&self) -> String {
        if self.name == "mysql" || self.name.ends_with("-mysql") {
            return self.name.clone();
        }
        names::with_suffix(&self.name, "mysql")
    }

    fn object(&self, api_version: &str, kind: &str, name: &str, rest: Value) -> Resource {
        let mut labels = self.request.object_labels();
        labels.insert("accessory".to_owned(), names::label_value(&self.name));
        if kind == "Service" {
            // Whoever selects the app's Services by name (a ServiceMonitor does) does not mean its database.
            labels.remove("app.kubernetes.io/name");
        }
        let mut manifest = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": self.request.scope.namespace,
                "labels": labels,
                "annotations": kubernetes::unless_empty(&self.request.annotations),
            },
        });
        if let (Some(manifest), Value::Object(rest)) = (manifest.as_object_mut(), rest) {
            manifest.extend(rest);
        }
        kubernetes::object(manifest)
    }

    /// The database's pods carry this label only: with those of the app they would get its requests.
    fn selector(&self) -> Value {
        json!({"accessory": names::label_value(&self.name)})
    }

    fn password_secret(&self) -> Resource {
        let data = json!({"password": self.request.secret_reference(PASSWORD)});
        let name = self.resource_name("secret");
        self.object("v1", "Secret", &name, json!({"type": "Opaque", "stringData": data}))
    }

    fn claim(&self) -> Resource {
        let size = format!("{}Gi", self.request.platform.size);
        let spec = json!({
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
        });
        let name = self.resource_name("pvc");
        self.object("v1", "PersistentVolumeClaim", &name, json!({"spec": spec}))
    }

    /// Two servers must never share the volume, so the old pod goes before the new one comes.
    fn deployment(&self) -> Resource {
        let spec = json!({
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": self.selector()},
            "template": {
                "metadata": {"labels": self.selector()},
                "spec": {
                    "containers": [{
                        "name": "mysql",
                        "image": format!("mysql:{}", self.request.config.version),
                        "env": self.server_env(),
                        "ports": [{"name": "mysql", "containerPort": PORT}],
                        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/mysql"}],
                    }],
                    "volumes": [{
                        "name": "data",
                        "persistentVolumeClaim": {"claimName": self.resource_name("pvc")},
                    }],
                },
            },
        });
        let name = self.resource_name("deployment");
        self.object("apps/v1", "Deployment", &name, json!({"spec": spec}))
    }

    /// The image does not start without a password for `root`, and gives another account no rights
    /// without a database.
    fn server_env(&self) -> Vec<Value> {
        let secret = self.resource_name("secret");
        let username = &self.request.platform.username;
        if username == ROOT {
            return vec![kubernetes::env_from_secret("MYSQL_ROOT_PASSWORD", &secret, PASSWORD)];
        }
        let schema = self.request.accessory.replace('-', "_");
        vec![
            kubernetes::env("MYSQL_DATABASE", &schema),
            kubernetes::env_from_secret("MYSQL_PASSWORD", &secret, PASSWORD),
            kubernetes::env("MYSQL_RANDOM_ROOT_PASSWORD", "yes"),
            kubernetes::env("MYSQL_USER", username),
        ]
    }

    fn service(&self) -> Resource {
        let spec = json!({
            "clusterIP": "None",
            "ports": [{"name": "mysql", "port": PORT}],
            "selector": self.selector(),
        });
        let name = self.resource_name("service");
        self.object("v1", "Service", &name, json!({"spec": spec}))
    }

    fn connection_secret(&self) -> Resource {
        let data = json!({
            "hostAddress": self.resource_name("service"),
            "username": self.request.platform.username,
            "password": self.request.secret_reference(PASSWORD),
        });
        let name = self.connection_name();
        self.object("v1", "Secret", &name, json!({"type": "Opaque", "stringData": data}))
    }

    fn env(&self) -> Patch {
        let secret = self.connection_name();
        let suffix = names::env_suffix(&self.request.accessory);
        let variable = |what: &str, key: &str| {
            kubernetes::env_from_secret(&format!("KUSION_DB_{what}_{suffix}"), &secret, key)
        };
        Patch::env([
            variable("HOST", "hostAddress"),
            variable("USERNAME", "username"),
            variable("PASSWORD", "password"),
        ])
    }
}
