//! Everything that is there, so that a test can say that something was left as it was.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Cluster;

/// Kinds that come and go by themselves.
const RESTLESS: [&str; 2] = ["events", "events.events.k8s.io"];

impl Cluster {
    /// Returns all objects of all kinds that lie in a namespace, and those outside of namespaces that name it, by
    /// kind and name. Events are left out.
    ///
    /// # Panics
    ///
    /// If the server cannot be asked.
    #[must_use]
    #[track_caller]
    pub fn inventory(&self, namespace: &str) -> BTreeMap<String, Value> {
        let mut objects = self.listed("--namespaced=true", &["--namespace", namespace]);
        let outside = self.listed("--namespaced=false", &[]);
        objects.extend(outside.into_iter().filter(|(_, object)| {
            // The object itself, or a volume that was bound to a claim in it.
            object["metadata"]["name"] == namespace
                || object["spec"]["claimRef"]["namespace"] == namespace
        }));
        objects
    }

    #[track_caller]
    fn listed(&self, scope: &str, where_: &[&str]) -> BTreeMap<String, Value> {
        let api_resources = ["api-resources", "--verbs=list", scope, "--output=name"];
        let mut list = None;
        // Other tests define kinds and take them away.
        self.until("a list of all kinds", || {
            let kinds = self.kubectl(&api_resources).expect_ok().stdout;
            let kinds: Vec<&str> = kinds.lines().filter(|kind| !RESTLESS.contains(kind)).collect();
            let kinds = kinds.join(",");
            let args = [&["get", kinds.as_str(), "--output=json", "--ignore-not-found"], where_];
            let answer = self.kubectl(&args.concat());
            let gone = answer.stderr.contains("the server doesn't have a resource type");
            list = Some(answer);
            !gone
        });
        let Some(list) = list.map(|list| list.expect_ok()) else { return BTreeMap::new() };
        if list.stdout.is_empty() {
            return BTreeMap::new();
        }
        let mut list = list.json();
        let items = match list["items"].take() {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        let name = |object: &Value| {
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", part(&object["kind"]), part(&object["metadata"]["name"]))
        };
        items.into_iter().map(|object| (name(&object), object)).collect()
    }
}
