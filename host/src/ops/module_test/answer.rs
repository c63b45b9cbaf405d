//! What a module answered, as a document that people read and compare.

use serde_json::{Map, Value, json};

use crate::engine::{Generated, LogLine, Usage};
use crate::spec::{Origin, Patch, SecretSource};

/// The answer to one use of a module.
#[derive(Debug, Clone)]
pub struct Answer {
    origin: Origin,
    generated: Generated,
    usage: Usage,
    log: Vec<LogLine>,
}

impl Answer {
    pub(super) fn new(
        origin: Origin,
        generated: Generated,
        usage: Usage,
        log: Vec<LogLine>,
    ) -> Self {
        Self { origin, generated, usage, log }
    }

    /// Returns what the call used.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Returns what the module logged.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    /// Returns how many resources the module made.
    pub fn resource_count(&self) -> usize {
        self.generated.resources.len()
    }

    /// Returns how many patches the module made.
    pub fn patch_count(&self) -> usize {
        self.generated.patches.len()
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn generated(&self) -> &Generated {
        &self.generated
    }

    /// Returns the answer as a document: for whom, and its resources, patches and secrets as far as there are any.
    pub fn document(&self) -> Value {
        let mut document = Map::new();
        document.insert("app".to_owned(), json!(self.origin.app));
        if !self.origin.accessory.is_empty() {
            document.insert("accessory".to_owned(), json!(self.origin.accessory));
        }
        let Generated { resources, patches, secrets, .. } = &self.generated;
        if !resources.is_empty() {
            document.insert("resources".to_owned(), json!(resources));
        }
        if !patches.is_empty() {
            document.insert("patches".to_owned(), patches.iter().map(patch).collect());
        }
        if !secrets.is_empty() {
            let secrets = secrets.iter().map(|(name, source)| (name.clone(), secret(source)));
            document.insert("secrets".to_owned(), Value::Object(secrets.collect()));
        }
        Value::Object(document)
    }
}

fn patch(patch: &Patch) -> Value {
    match patch {
        Patch::Env(variables) => json!({ "env": variables }),
        Patch::Labels(labels) => json!({ "labels": labels }),
        Patch::Annotations(annotations) => json!({ "annotations": annotations }),
        Patch::PodLabels(labels) => json!({ "podLabels": labels }),
        Patch::PodAnnotations(annotations) => json!({ "podAnnotations": annotations }),
        Patch::Volumes { volumes, mounts } => {
            json!({ "volumes": { "volumes": volumes, "mounts": mounts } })
        }
        Patch::Json { id, document } => json!({ "json": { "id": id, "document": document } }),
        Patch::Merge { id, document } => json!({ "merge": { "id": id, "document": document } }),
    }
}

fn secret(source: &SecretSource) -> Value {
    match source {
        SecretSource::Generated { length, alphabet } if alphabet.is_empty() => {
            json!({ "generated": { "length": length } })
        }
        SecretSource::Generated { length, alphabet } => {
            json!({ "generated": { "length": length, "alphabet": alphabet } })
        }
        SecretSource::External { reference } => json!({ "external": reference }),
        // A module cannot ask for one.
        SecretSource::Literal(_) => json!({ "literal": {} }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::name::{AppName, ModuleName};

    #[test]
    fn a_document_says_what_there_is() {
        let origin = Origin {
            app: AppName::parse("shop").unwrap(),
            accessory: "orders".to_owned(),
            module: ModuleName::parse("mysql").unwrap(),
        };
        let generated = Generated {
            resources: Vec::new(),
            patches: vec![Patch::Env(vec![json!({"name": "A", "value": "1"})])],
            secrets: BTreeMap::from([(
                "password".to_owned(),
                SecretSource::Generated { length: 16, alphabet: String::new() },
            )]),
            needs: Vec::new(),
            log: Vec::new(),
            usage: Usage::default(),
        };
        let answer = Answer::new(origin, generated, Usage::default(), Vec::new());
        assert_eq!(
            answer.document(),
            json!({
                "app": "shop",
                "accessory": "orders",
                "patches": [{"env": [{"name": "A", "value": "1"}]}],
                "secrets": {"password": {"generated": {"length": 16}}},
            })
        );
    }
}
