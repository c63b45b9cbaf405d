//! What a module answers.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::patch::Patch;
use crate::resource::Resource;
use crate::secret::Secret;

/// Something the host must read before the module can answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// `file`, `folder`, or a kind that a later host knows.
    pub kind: String,
    /// What exactly, for example `{"path": "config/app.toml"}`.
    pub document: Value,
}

impl Need {
    /// Asks for a file below the stack's folder.
    pub fn file(path: impl Into<String>) -> Self {
        Self { kind: "file".to_owned(), document: json!({"path": path.into()}) }
    }

    /// Asks for all files of a folder below the stack's folder.
    pub fn folder(path: impl Into<String>) -> Self {
        Self { kind: "folder".to_owned(), document: json!({"path": path.into()}) }
    }
}

/// The answer to a [`Request`](crate::Request), built step by step.
///
/// ```
/// use kusion_sdk::{kubernetes, Output, Patch};
/// use serde_json::json;
///
/// let output = Output::new()
///     .resource(kubernetes::object(json!({
///         "apiVersion": "v1",
///         "kind": "ConfigMap",
///         "metadata": {"namespace": "shop", "name": "settings"},
///         "data": {"colour": "blue"},
///     })))
///     .patch(Patch::env([kubernetes::env("COLOUR", "blue")]));
/// assert_eq!(output.resources[0].id, "v1:ConfigMap:shop:settings");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Output {
    /// What to create.
    pub resources: Vec<Resource>,
    /// Changes to what other modules make.
    pub patches: Vec<Patch>,
    /// Secrets the module asks for.
    pub secrets: Vec<Secret>,
    /// What the host must read before calling again; without any, the answer is complete.
    pub needs: Vec<Need>,
    /// Fields of a later version of the interface.
    pub extensions: Map<String, Value>,
}

impl Output {
    /// An empty answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one resource.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.resources.push(resource);
        self
    }

    /// Adds several resources, or an optional one.
    #[must_use]
    pub fn resources(mut self, resources: impl IntoIterator<Item = Resource>) -> Self {
        self.resources.extend(resources);
        self
    }

    /// Adds one patch.
    #[must_use]
    pub fn patch(mut self, patch: Patch) -> Self {
        self.patches.push(patch);
        self
    }

    /// Asks for one secret.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Asks the host to read something and to call again.
    #[must_use]
    pub fn need(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }
}
