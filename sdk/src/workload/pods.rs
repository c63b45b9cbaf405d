//! From an app's containers to a pod template and what it mounts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::container::{self, Container};
use super::files;
use super::resources::Resources;
use super::security::Security;
use crate::kubernetes::{self, unless_empty};
use crate::pointer::Pointer;
use crate::rejection::Problems;
use crate::request::Request;
use crate::resource::Resource;
use crate::syntax;

/// What an image may write to when its root file system is read-only.
const WRITABLE: [&str; 1] = ["/tmp"];

/// What the containers of an app get that say nothing of a resource.
const RESOURCES: [(&str, &str); 2] = [("cpu", "100m-"), ("memory", "128Mi-1Gi")];

/// What a workload module knows of its pods, beside their containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSettings<'a> {
    /// Labels of the pods, and of the workload's own object; see [`labels`](super::labels).
    pub labels: BTreeMap<String, String>,
    /// Annotations of the pods, and of the workload's own object; see [`annotations`](super::annotations).
    pub annotations: BTreeMap<String, String>,
    /// How the pods are secured.
    pub security: Security,
    /// The platform's `resources` for containers that say nothing of a name.
    pub resources: &'a BTreeMap<String, String>,
}

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
    security: Security,
}

impl Pods {
    /// Builds the pods of the containers at `/config/containers`, sorted by name, and notes what is
    /// wrong with them. The result is only of use if nothing was.
    ///
    /// A file's ConfigMap is named `<project>-<stack>-<app>-<container>-<index>`, the index being
    /// that of the file among the container's files. A container gets of each resource what the developer says, else
    /// what the platform says, else `100m-` of `cpu` and `128Mi-1Gi` of `memory`.
    pub fn new<C, P>(
        request: &Request<C, P>,
        containers: &BTreeMap<String, Container>,
        settings: PodSettings<'_>,
        problems: &mut Problems,
    ) -> Self {
        let PodSettings { labels, annotations, security, resources } = settings;
        let mut pods = Self {
            labels,
            annotations,
            security,
            config_maps: Vec::new(),
            volumes: Vec::new(),
            namespace: request.scope.namespace.clone(),
            containers: Vec::new(),
        };
        let platform = Pointer::platform().key("resources");
        // Once, and not for each container.
        let _ = Resources::new().layer(resources, &platform, problems);
        let at = Pointer::config().key("containers");
        if containers.is_empty() {
            problems.add(at.clone(), "needs at least one container");
        }
        for (name, container) in containers {
            let at = at.key(name);
            if !syntax::is_dns_label(name) {
                problems.add(
                    at.name(),
                    "the name of a container consists of lower-case letters, digits and dashes, at most 63",
                );
            }
            let mounts = pods.mounts(request, name, container, &at, problems);
            let mut made = container::container(name, container, &mounts, &at, problems);
            let own = Resources::new().layer(&container.resources, &at.key("resources"), problems);
            made["resources"] = own.defaults(texts(resources)).defaults(RESOURCES).to_json();
            pods.containers.push(made);
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
        let spec = self.security.pod_spec(spec, &WRITABLE);
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

fn texts(map: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}
