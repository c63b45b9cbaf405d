//! Where a drawn request is said to come from: names, labels and files that no schema speaks of.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::stand_in::{self, Runner};
use crate::engine::{Description, Input, Need, Request, Scope};
use crate::name::AppName;
use crate::ops::call::workload_extension;
use crate::sample::Random;
use crate::spec::Contribution;

/// The name of nearly everything in usual surroundings.
const USUAL: &str = "shop";
/// As long as the name of an app, an accessory or a namespace can be.
const LONG: &str = "a-name-that-is-as-long-as-any-name-in-a-cluster-can-be-and-ends";
/// A name that Kubernetes would not take, and files can have.
const FILE_NAME: &str = "Shop_2.EU";
/// What a key of the context has, if it has anything.
const CONTEXT: &str = "eu-west-1";

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Surroundings {
    project: String,
    stack: String,
    workspace: String,
    app: String,
    namespace: String,
    /// Empty for a workload.
    accessory: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    context: BTreeMap<String, String>,
    /// What the developer wrote of the workload that an accessory is beside; null if the app has none.
    workload: Value,
    /// What the workload's module made of it.
    runner: Runner,
}

impl Surroundings {
    /// Returns what most requests come from.
    pub(super) fn usual(description: &Description) -> Self {
        let accessory = if description.is_workload() { "" } else { &description.name };
        Self {
            project: USUAL.to_owned(),
            stack: "dev".to_owned(),
            workspace: "dev".to_owned(),
            app: USUAL.to_owned(),
            namespace: USUAL.to_owned(),
            accessory: accessory.replace('_', "-"),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            context: BTreeMap::new(),
            workload: json!({ "containers": { "main": { "image": "example.com/app:1" } } }),
            runner: Runner::default(),
        }
    }

    pub(super) fn draw(description: &Description, random: &mut Random) -> Self {
        let mut drawn = Self::usual(description);
        let mut rename = |name: &mut String, names: &[&str]| {
            if let Some(other) = random.pick(names).filter(|other| !other.is_empty()) {
                *name = (*other).to_owned();
            }
        };
        rename(&mut drawn.project, &["", "", FILE_NAME, LONG]);
        rename(&mut drawn.stack, &["", "", FILE_NAME, LONG]);
        rename(&mut drawn.app, &["", "", "0", LONG]);
        rename(&mut drawn.namespace, &["", "", LONG]);
        if !description.is_workload() {
            rename(&mut drawn.accessory, &["", "", "0", LONG]);
            drawn.draw_workload(random);
        }
        if random.one_in(3) {
            drawn.labels.insert("example.com/team".to_owned(), "web".to_owned());
            drawn.annotations.insert("example.com/note".to_owned(), "one: \"two\"\n".to_owned());
        }
        for key in &description.context_keys {
            if random.one_in(2) {
                drawn.context.insert(key.clone(), CONTEXT.to_owned());
            }
        }
        drawn
    }

    fn draw_workload(&mut self, random: &mut Random) {
        if random.one_in(8) {
            self.workload = Value::Null;
            return;
        }
        if random.one_in(2) {
            self.runner = random.pick(&Runner::ALL).copied().unwrap_or_default();
        }
        if random.one_in(2) {
            self.workload["replicas"] = json!(random.pick(&[0, 1, 3]));
        }
        if random.one_in(4) {
            self.workload["containers"]["side"] =
                json!({ "image": "example.com/side:1", "env": { "A": "1" } });
        }
        if random.one_in(4) {
            self.workload["labels"] = json!({ "example.com/tier": "front" });
            self.workload["annotations"] = json!({ "example.com/note": "x" });
        }
    }

    pub(super) fn app(&self) -> Option<AppName> {
        AppName::parse(&self.app).ok()
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the workload that an accessory is beside; `None` if the app has none.
    pub(super) fn stand_in(&self, workload: &Value) -> Option<Contribution> {
        if workload.is_null() {
            return None;
        }
        stand_in::workload(&self.app()?, &self.namespace, workload, self.runner)
    }

    pub(super) fn request(
        &self,
        description: &Description,
        config: &Value,
        platform: &Value,
    ) -> Request {
        let workload = if description.is_workload() { config } else { &self.workload }.clone();
        let extensions = match self.stand_in(&workload) {
            Some(stand_in) if description.wants_workload_resource => {
                stand_in.resources.first().map(workload_extension).unwrap_or_default()
            }
            _ => Map::new(),
        };
        Request {
            scope: Scope {
                project: self.project.clone(),
                stack: self.stack.clone(),
                workspace: self.workspace.clone(),
                app: self.app.clone(),
                namespace: self.namespace.clone(),
            },
            accessory: self.accessory.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            config: config.clone(),
            platform: platform.clone(),
            workload,
            context: json!(self.context),
            inputs: Vec::new(),
            extensions,
        }
    }
}

/// Answers a need with a file, or a folder of one file, which holds a manifest; `number` names its object.
pub(super) fn answer(need: Need, number: usize) -> Input {
    let content = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: file-{number}\ndata:\n  key: value\n"
    );
    let answer = match need.kind.as_str() {
        "folder" => json!({ "files": { "drawn.yaml": content } }),
        _ => json!({ "content": content }),
    };
    Input { need, answer }
}
