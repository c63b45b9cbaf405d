//! One database of an app: what its resources are called, its password, and how the app learns the way to it.

use std::collections::BTreeMap;

use kusion_sdk::{Patch, Request, Resource, Secret, kubernetes, names};
use serde_json::{Map, Value, json};

/// The name of the secret that the host draws.
pub const PASSWORD: &str = "password";

/// Letters and digits; with them no text around a password needs escaping, be it SQL, a URL or a file.
const PASSWORD_LENGTH: u32 = 24;

/// A database, managed or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    module: &'static str,
    accessory: String,
    /// What the resources' names begin with.
    name: String,
    namespace: String,
    app: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    password: String,
}

impl Database {
    /// Names the database of a call to `module`: by the platform's `databaseName`, or else
    /// `<project>-<stack>-<app>-<accessory>`.
    ///
    /// Where the platform names it, an accessory that is not called like its module adds its own name, so that two
    /// databases of one app share no resource.
    pub fn new<C, P>(
        request: &Request<C, P>,
        module: &'static str,
        database_name: Option<&str>,
    ) -> Self {
        let accessory = &request.accessory;
        let name = match database_name.filter(|name| !name.is_empty()) {
            Some(name) if accessory == module => names::dns_label(name),
            Some(name) => names::with_suffix(name, accessory),
            None => request.unique_name(accessory),
        };
        Self {
            module,
            accessory: accessory.clone(),
            name,
            namespace: request.scope.namespace.clone(),
            app: names::label_value(&request.unique_app_name()),
            labels: request.object_labels(),
            annotations: request.annotations.clone(),
            password: request.secret_reference(PASSWORD),
        }
    }

    /// What the resources' names begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the module.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// The name of the Secret that the app reads: `<name>-<module>`, or the name itself if it says so already.
    pub fn connection_name(&self) -> String {
        let says_so = self
            .name
            .strip_suffix(self.module)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
        if says_so { self.name.clone() } else { names::with_suffix(&self.name, self.module) }
    }

    /// The name of a resource of a database in pods: `<name>-db-local-<what>`.
    pub fn local_name(&self, what: &str) -> String {
        let name = names::with_suffix(&self.name, &format!("db-local-{what}"));
        names::service_name(&name)
    }

    /// The accessory's name as SQL has names: `_` for `-`.
    pub fn schema_name(&self) -> String {
        self.accessory.replace('-', "_")
    }

    /// Asks for the password.
    pub fn password_secret(&self) -> Secret {
        Secret::generated(PASSWORD, PASSWORD_LENGTH)
    }

    /// The text that stands for the password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The label by which the database's pods are found.
    pub fn selector(&self) -> Value {
        json!({"accessory": names::label_value(&self.name)})
    }

    /// The labels of the database's pods: not those of the app, whose requests they would get.
    pub fn pod_labels(&self) -> Value {
        json!({"accessory": names::label_value(&self.name), names::ACCESSORY_OF_LABEL: self.app})
    }

    /// Makes an object of the database.
    pub fn object(&self, api_version: &str, kind: &str, name: &str, rest: Value) -> Resource {
        let mut labels = self.labels.clone();
        labels.insert("accessory".to_owned(), names::label_value(&self.name));
        if kind == "Service" {
            // Whoever selects the app's Services by name (a ServiceMonitor does) does not mean its database.
            labels.remove(names::NAME_LABEL);
        }
        let mut manifest = json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": labels,
                "annotations": kubernetes::unless_empty(&self.annotations),
            },
        });
        if let (Some(manifest), Value::Object(rest)) = (manifest.as_object_mut(), rest) {
            manifest.extend(rest);
        }
        kubernetes::object(manifest)
    }

    /// Makes the Secret that the app reads.
    pub fn connection_secret(&self, values: &[(&str, &str)]) -> Resource {
        self.secret(&self.connection_name(), values)
    }

    /// Makes a Secret.
    pub fn secret(&self, name: &str, values: &[(&str, &str)]) -> Resource {
        let mut data = Map::new();
        for (key, value) in values {
            data.insert((*key).to_owned(), (*value).into());
        }
        self.object("v1", "Secret", name, json!({"type": "Opaque", "stringData": data}))
    }

    /// Gives the app's containers variables with keys of the Secret that it reads, each named `<prefix>_<ACCESSORY>`.
    pub fn variables(&self, variables: &[(&str, &str)]) -> Patch {
        let secret = self.connection_name();
        let suffix = names::env_suffix(&self.accessory);
        Patch::env(variables.iter().map(|(prefix, key)| {
            kubernetes::env_from_secret(&format!("{prefix}_{suffix}"), &secret, key)
        }))
    }
}
