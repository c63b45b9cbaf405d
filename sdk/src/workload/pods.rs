//! From an app's containers to a pod template and what it mounts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::container::{self, Container};
use super::files;
use crate::kubernetes::{self, unless_empty};
use crate::names;
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::request::Request;
use crate::resource::Resource;

/// The pods of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Pods {
    /// Labels of the pods, and of the workload's own object.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the pods, and of the workload's own object.
    pub annotations: BTreeMap<String, String>,
    /// The ConfigMaps with the texts of files.
    pub config_maps: Vec<Resource>,
    pub(super) volumes: Vec<Value>,
    namespace: String,
    containers: Vec<Value>,
}

impl Pods {
    /// Builds the pods of the containers at `/config/containers`, sorted by name, and notes what is
    /// wrong with them. The result is only of use if nothing was.
    ///
    /// A file's ConfigMap is named `<project>-<stack>-<app>-<container>-<index>`, the index being
    /// that of the file among the container's files.
    pub fn new<C, P>(
        request: &Request<C, P>,
        containers: &BTreeMap<String, Container>,
        labels: BTreeMap<String, String>,
        annotations: BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> Self {
        let mut pods = Self {
            labels,
            annotations,
            config_maps: Vec::new(),
            volumes: Vec::new(),
            namespace: request.scope.namespace.clone(),
            containers: Vec::new(),
        };
        let at = Pointer::config().key("containers");
        if containers.is_empty() {
            problems.add(at.clone(), "needs at least one container");
        }
        for (name, container) in containers {
            let at = at.key(name);
            if names::dns_label(name) != *name {
                problems.add(
                    at.clone(),
                    "the name of a container consists of lower-case letters, digits and dashes, at most 63",
                );
            }
            let mounts = pods.mounts(request, name, container, &at, problems);
            let container = container::container(name, container, &mounts, &at, problems);
            pods.containers.push(container);
        }
        pods
    }

    /// The metadata for the workload's own object.
    pub fn object_metadata(&self, name: &str) -> Value {
        json!({
            "name": name,
            "namespace": self.namespace,
            "labels": self.labels,
            "annotations": unless_empty(&self.annotations),
        })
    }

    /// The pod template, with `fields` added to the pods' spec, for example `restartPolicy`.
    pub fn template(&self, fields: Value) -> Value {
        let mut spec = json!({
            "containers": self.containers,
            "volumes": unless_empty(&self.volumes),
        });
        if let (Some(spec), Value::Object(fields)) = (spec.as_object_mut(), fields) {
            spec.extend(fields);
        }
        json!({
            "metadata": {
                "labels": self.labels,
                "annotations": unless_empty(&self.annotations),
            },
            "spec": spec,
        })
    }

    /// Adds a ConfigMap with one key.
    pub(super) fn config_map(&mut self, name: &str, key: &str, text: &str) {
        self.config_maps.push(kubernetes::object(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "namespace": self.namespace,
                "labels": self.labels,
            },
            "data": {key: text},
        })));
    }

    fn mounts<C, P>(
        &mut self,
        request: &Request<C, P>,
        name: &str,
        container: &Container,
        at: &Pointer,
        problems: &mut Problems,
    ) -> Vec<Value> {
        let mut mounts = Vec::new();
        let mut seen = BTreeSet::new();
        let mut add = |mount: Option<Value>, at: &Pointer, problems: &mut Problems| {
            let Some(mount) = mount else { return };
            let path = mount["mountPath"].as_str().unwrap_or_default().to_owned();
            if seen.insert(path) {
                mounts.push(mount);
            } else {
                problems.add(at.clone(), "something else is already mounted there");
            }
        };
        for (index, (path, spec)) in container.files.iter().enumerate() {
            let at = at.key("files").key(path);
            let config_map = request.unique_name(&format!("{name}-{index}"));
            let mount = files::file(self, path, spec, &config_map, &at, problems);
            add(mount, &at, problems);
        }
        for (path, reference) in &container.dirs {
            let at = at.key("dirs").key(path);
            let mount = files::folder(self, path, reference, &at, problems);
            add(mount, &at, problems);
        }
        mounts
    }
}
