//! The APIs whose objects modules make: of Kubernetes in one version, and of others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use fs_err as fs;
use jsonschema::{Draft, Validator};
use kusion_tests::repository;
use serde_json::{Map, Value, json};

use super::schema::{closed, strict};

/// Where Kubernetes says which kind a schema is for.
const KIND: &str = "x-kubernetes-group-version-kind";
/// The metadata of every object.
const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const POD_TEMPLATE: &str = "io.k8s.api.core.v1.PodTemplateSpec";
const LABEL_SELECTOR: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector";
/// How many problems of one object are told.
const TOLD: usize = 5;

/// The definitions of one version of Kubernetes, and those of others.
pub(crate) struct Definitions {
    version: String,
    /// Every schema, by the name by which others refer to it.
    schemas: Map<String, Value>,
    /// The schema's name of a kind, by `apiVersion` and `kind`.
    kinds: BTreeMap<(String, String), String>,
    /// Compiled where they are first needed, by the schema's name.
    validators: Mutex<BTreeMap<String, &'static Validator>>,
}

impl Definitions {
    /// Returns the definitions with each version of Kubernetes that is fetched.
    pub(crate) fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Definitions>> = OnceLock::new();
        ALL.get_or_init(|| {
            let versions = fs::read_dir(folder().join("openapi")).unwrap();
            let all: Vec<Self> = versions.map(|it| Self::read(&it.unwrap().path())).collect();
            assert_eq!(all.len(), 2, "two versions of Kubernetes");
            all
        })
    }

    /// Returns the files in which others define their kinds.
    pub(crate) fn of_others() -> Vec<PathBuf> {
        files(&folder().join("crds"), "yaml")
    }

    fn read(folder: &Path) -> Self {
        let mut definitions = Self {
            version: folder.file_name().unwrap().to_string_lossy().into_owned(),
            schemas: Map::new(),
            kinds: BTreeMap::new(),
            validators: Mutex::default(),
        };
        for path in files(folder, "json") {
            let api: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            for (name, schema) in api["components"]["schemas"].as_object().into_iter().flatten() {
                definitions.schemas.insert(name.clone(), strict(schema));
                for kind in schema[KIND].as_array().into_iter().flatten() {
                    definitions.name(kind, name);
                }
            }
        }
        for path in Self::of_others() {
            let text = fs::read_to_string(path).unwrap();
            let defined: Value = serde_saphyr::from_str(&text).unwrap();
            let spec = &defined["spec"];
            for version in spec["versions"].as_array().unwrap() {
                let kind = json!({
                    "group": spec["group"], "version": version["name"], "kind": spec["names"]["kind"],
                });
                let mut schema = strict(&version["schema"]["openAPIV3Schema"]);
                schema["properties"]["metadata"] = reference(METADATA);
                let part = |key: &str| kind[key].as_str().unwrap().to_owned();
                let name = [part("group"), part("version"), part("kind")].join(".");
                definitions.schemas.insert(name.clone(), schema);
                definitions.name(&kind, &name);
            }
        }
        for (kind, spec) in [("CollaSet", colla_set()), ("PodTransitionRule", transition_rule())] {
            let schema = closed(json!({
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "metadata": reference(METADATA),
                "spec": spec,
            }));
            definitions.schemas.insert(kind.to_owned(), schema);
            let kind_of =
                json!({"group": "apps.kusionstack.io", "version": "v1alpha1", "kind": kind});
            definitions.name(&kind_of, kind);
        }
        definitions
    }

    fn name(&mut self, kind: &Value, schema: &str) {
        let text = |key: &str| kind[key].as_str().unwrap_or_default();
        let version = match text("group") {
            "" => text("version").to_owned(),
            group => format!("{group}/{}", text("version")),
        };
        self.kinds.insert((version, text("kind").to_owned()), schema.to_owned());
    }

    /// Says what is wrong with an object.
    pub(crate) fn check(&self, object: &Value) -> Result<(), String> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let Some(name) = self.kinds.get(&(version.clone(), kind.clone())) else {
            return Err(format!("{}: nobody defines {version} {kind}", self.version));
        };
        let problems = self.validator(name).iter_errors(object).take(TOLD);
        let problems: Vec<String> =
            problems.map(|error| format!("{}: {error}", error.instance_path())).collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(format!("{} {version} {kind}: {}", self.version, problems.join("; ")))
    }

    fn validator(&self, name: &str) -> &'static Validator {
        let mut validators = self.validators.lock().unwrap();
        validators.entry(name.to_owned()).or_insert_with(|| {
            let schema =
                json!({"allOf": [reference(name)], "components": {"schemas": self.schemas}});
            let options = jsonschema::options().with_draft(Draft::Draft4);
            // As many as there are kinds, for as long as the tests run.
            Box::leak(Box::new(options.build(&schema).unwrap()))
        })
    }
}

/// What a CollaSet can say: the kinds of KusionStack are in no registry that tests can reach.
fn colla_set() -> Value {
    let integer = json!({"type": "integer"});
    let text = json!({"type": "string"});
    closed(json!({
        "replicas": integer,
        "historyLimit": integer,
        "paused": {"type": "boolean"},
        "selector": reference(LABEL_SELECTOR),
        "template": reference(POD_TEMPLATE),
        "updateStrategy": closed(json!({
            "operationDelaySeconds": integer,
            "podUpgradePolicy": text,
            "rollingUpdate": closed(json!({
                "byLabel": {"type": "object"},
                "byPartition": closed(json!({"partition": integer})),
            })),
        })),
    }))
}

/// What a PodTransitionRule can say, as far as it asks nobody by the network.
fn transition_rule() -> Value {
    let number = json!({"anyOf": [{"type": "integer"}, {"type": "string"}]});
    closed(json!({
        "selector": reference(LABEL_SELECTOR),
        "rules": {"type": "array", "items": closed(json!({
            "name": {"type": "string"},
            "disabled": {"type": "boolean"},
            "stage": {"type": "string"},
            "conditions": {"type": "array", "items": {"type": "string"}},
            "filter": closed(json!({"labelSelector": reference(LABEL_SELECTOR)})),
            "availablePolicy": closed(json!({
                "maxUnavailableValue": number,
                "minAvailableValue": number,
            })),
            "labelCheck": closed(json!({"requires": reference(LABEL_SELECTOR)})),
        }))},
    }))
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let output = Command::new(repository().join("tests/validity/build.sh")).output().unwrap();
        assert!(output.status.success(), "{output:#?}");
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim_end())
    })
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    paths.sort();
    assert!(!paths.is_empty(), "nothing in {}", folder.display());
    paths
}
