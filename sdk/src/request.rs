//! What the host asks of a module.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::names;
use crate::secret;
use crate::texts::texts;
use crate::workload_resource::WorkloadResource;

/// Names that say where a call belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The project.
    pub project: String,
    /// The stack.
    pub stack: String,
    /// The workspace.
    pub workspace: String,
    /// The app.
    pub app: String,
    /// The Kubernetes namespace of the stack's resources. A module never computes it.
    pub namespace: String,
}

/// A file or folder that an earlier answer of the module asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// The kind of the need that this answers.
    pub kind: String,
    /// The document of the need that this answers.
    pub need: Value,
    /// What the host found.
    pub answer: Value,
}

/// One call: what the developer and the platform team wrote, and where it belongs.
///
/// `C` is the module's [`Config`](crate::Module::Config) and `P` its
/// [`Platform`](crate::Module::Platform).
#[derive(Debug, Clone, PartialEq)]
pub struct Request<C, P> {
    /// Where the call belongs.
    pub scope: Scope,
    /// The accessory's name in `app.yaml`; empty for the workload.
    pub accessory: String,
    /// Labels of the app.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the app.
    pub annotations: BTreeMap<String, String>,
    /// What the developer wrote for this module.
    pub config: C,
    /// What the platform team wrote for this module.
    pub platform: P,
    /// The app's workload as the developer wrote it, without secret values; `null` without one.
    pub workload: Value,
    /// The keys of the workspace's `context` that the module asked for.
    pub context: Value,
    /// Answers to the needs of an earlier round.
    pub inputs: Vec<Input>,
    /// Fields of a later version of the interface.
    pub extensions: Value,
}

impl<C, P> Request<C, P> {
    /// The name of the app's main resource, see [`names::unique_app_name`].
    pub fn unique_app_name(&self) -> String {
        names::unique_app_name(&self.scope)
    }

    /// The name of a further resource of the app, see [`names::unique_name`].
    pub fn unique_name(&self, suffix: &str) -> String {
        names::unique_name(&self.scope, suffix)
    }

    /// The name of a resource of this accessory: `<project>-<stack>-<app>-<suffix>` if the accessory
    /// has the name of its module, else `<project>-<stack>-<app>-<accessory>-<suffix>`, so that two
    /// accessories of one module in one app have different resources.
    pub fn accessory_name(&self, module: &str, suffix: &str) -> String {
        if self.accessory.is_empty() || self.accessory == module {
            return self.unique_name(suffix);
        }
        self.unique_name(&format!("{}-{suffix}", self.accessory))
    }

    /// The labels by which the app's pods are found, see [`names::app_labels`].
    pub fn selector(&self) -> BTreeMap<String, String> {
        names::app_labels(&self.scope)
    }

    /// The labels for an object of the app: the app's own with those of [`Self::selector`] on top.
    pub fn object_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        labels.extend(self.selector());
        labels
    }

    /// The text that stands for the secret `name` of this call until the host resolves it:
    /// `$kusion_secret.<app>.<accessory>.<name>`.
    ///
    /// The host accepts it in the `data` and `stringData` of a Secret and in sensitive arguments of
    /// a provider, as a whole value or inside one.
    pub fn secret_reference(&self, name: &str) -> String {
        secret::reference(&self.scope.app, &self.accessory, name)
    }

    /// The resource that runs the app's containers, for a module with
    /// [`NEEDS_WORKLOAD_RESOURCE`](crate::Module::NEEDS_WORKLOAD_RESOURCE); `None` for any other, and for an app
    /// without a workload.
    pub fn workload_resource(&self) -> Option<WorkloadResource<'_>> {
        WorkloadResource::of(&self.extensions)
    }

    /// The names of the workload's containers, sorted; empty without a workload.
    pub fn container_names(&self) -> Vec<&str> {
        self.workload
            .get("containers")
            .and_then(Value::as_object)
            .map(|containers| containers.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// The labels the developer wrote on the workload.
    pub fn workload_labels(&self) -> BTreeMap<String, String> {
        self.workload_texts("labels")
    }

    /// The annotations the developer wrote on the workload.
    pub fn workload_annotations(&self) -> BTreeMap<String, String> {
        self.workload_texts("annotations")
    }

    fn workload_texts(&self, key: &str) -> BTreeMap<String, String> {
        let map = self.workload.get(key).and_then(Value::as_object);
        texts(map.into_iter().flatten().filter_map(|(key, value)| Some((key, value.as_str()?))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Request<(), ()> {
        Request {
            scope: Scope {
                project: "shop".to_owned(),
                stack: "dev".to_owned(),
                app: "web".to_owned(),
                ..Scope::default()
            },
            accessory: String::new(),
            labels: BTreeMap::from([
                ("team".to_owned(), "checkout".to_owned()),
                (names::NAME_LABEL.to_owned(), "other".to_owned()),
            ]),
            annotations: BTreeMap::new(),
            config: (),
            platform: (),
            workload: json!({
                "containers": {"b": {}, "a": {}},
                "labels": {"tier": "front"},
            }),
            context: json!({}),
            inputs: Vec::new(),
            extensions: json!({}),
        }
    }

    #[test]
    fn identity_labels_win_over_the_labels_of_the_app() {
        let labels = request().object_labels();
        assert_eq!(labels["team"], "checkout");
        assert_eq!(labels[names::NAME_LABEL], "web");
    }

    #[test]
    fn two_accessories_of_one_module_have_different_names() {
        let mut request = request();
        request.accessory = "network".to_owned();
        assert_eq!(request.accessory_name("network", "public"), "shop-dev-web-public");
        request.accessory = "admin".to_owned();
        assert_eq!(request.accessory_name("network", "public"), "shop-dev-web-admin-public");
    }

    #[test]
    fn a_secret_of_the_workload_says_so() {
        let mut request = request();
        assert_eq!(request.secret_reference("key"), "$kusion_secret.web.workload.key");
        request.accessory = "orders".to_owned();
        assert_eq!(request.secret_reference("key"), "$kusion_secret.web.orders.key");
    }

    #[test]
    fn the_workload_is_read_without_knowing_its_module() {
        let mut request = request();
        assert_eq!(request.container_names(), ["a", "b"]);
        assert_eq!(request.workload_labels()["tier"], "front");
        assert!(request.workload_annotations().is_empty());
        request.workload = Value::Null;
        assert!(request.container_names().is_empty());
        assert!(request.workload_labels().is_empty());
    }
}
