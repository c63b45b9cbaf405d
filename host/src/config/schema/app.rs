//! The schema of app.yaml that an editor uses: the outer shape is ours, the blocks are the modules'.

use serde_json::{Map, Value, json};

use super::close::close;
use super::cost;
use super::partial::make_partial;
use crate::config::written;
use crate::name::ModuleName;

/// What a module makes of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// It runs the app.
    Workload,
    /// It adds something beside the workload.
    Accessory,
}

impl ModuleKind {
    /// Finds a kind by the name that a module's description gives; `None` if it is not known to this version.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "workload" => Some(Self::Workload),
            "accessory" => Some(Self::Accessory),
            _ => None,
        }
    }
}

/// A module as far as app.yaml is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleSchema {
    /// The name under which the workspace lists it.
    pub name: ModuleName,
    /// Where in an app it may stand.
    pub kind: ModuleKind,
    /// What it is for, in a sentence.
    pub summary: Option<String>,
    /// The JSON Schema of the developer's configuration.
    pub developer: Value,
}

/// Returns the JSON Schema (draft 2020-12) of app.yaml for a set of modules.
///
/// The workload is told apart by `module`. An accessory that has the name of a module need not name it. A file may
/// be an overlay, so nothing has to be there, not even `module`, and a null removes an accessory.
pub fn app_schema(modules: &[ModuleSchema]) -> Value {
    let outer = close(&written::app_file_schema());
    let mut properties =
        outer.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, block) in [("workload", workload(modules)), ("accessories", accessories(modules))] {
        let description = properties.get(key).and_then(|old| old.get("description")).cloned();
        let mut block = block;
        if let (Some(block), Some(description)) = (block.as_object_mut(), description) {
            block.insert("description".to_owned(), description);
        }
        properties.insert(key.to_owned(), block);
    }
    let app = json!({
        "description": outer.get("description"),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let mut root = app.clone();
    let apps = json!({
        "description": "Several apps by name, in place of one.",
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/app"},
    });
    if let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("apps".to_owned(), apps);
    }
    let mut definitions = Map::new();
    definitions.insert("app".to_owned(), app);
    for module in modules {
        definitions.insert(definition_name(&module.name), definition(module));
    }
    if let Some(root) = root.as_object_mut() {
        root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".to_owned(), json!("app.yaml"));
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
    root
}

fn workload(modules: &[ModuleSchema]) -> Value {
    json!({"anyOf": blocks(modules, ModuleKind::Workload)})
}

fn accessories(modules: &[ModuleSchema]) -> Value {
    let own_name =
        modules.iter().filter(|module| module.kind == ModuleKind::Accessory).map(|module| {
            let block = json!({"anyOf": [reference(&module.name), {"type": "null"}]});
            (module.name.as_str().to_owned(), block)
        });
    let mut other_name = blocks(modules, ModuleKind::Accessory);
    other_name.push(json!({"type": "null"}));
    json!({
        "type": "object",
        "properties": own_name.collect::<Map<_, _>>(),
        "additionalProperties": {"anyOf": other_name},
    })
}

/// Returns the blocks of the modules of a kind.
fn blocks(modules: &[ModuleSchema], kind: ModuleKind) -> Vec<Value> {
    let modules = modules.iter().filter(|module| module.kind == kind);
    modules.map(|module| reference(&module.name)).collect()
}

fn reference(name: &ModuleName) -> Value {
    json!({"$ref": format!("#/$defs/{}", definition_name(name))})
}

fn definition_name(name: &ModuleName) -> String {
    format!("module.{name}")
}

fn definition(module: &ModuleSchema) -> Value {
    let mut schema = match &module.developer {
        Value::Bool(true) => json!({}),
        // Nothing can be checked against it, and an editor need not be told.
        schema if cost::survey(schema).is_err() => json!({}),
        schema => close(schema),
    };
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("$id");
        object.entry("type").or_insert_with(|| json!("object"));
        if let Some(summary) = &module.summary {
            object.entry("description").or_insert_with(|| json!(summary));
        }
    }
    make_partial(&mut schema);
    move_references(&mut schema, &definition_name(&module.name));
    let mut choice = json!({"const": module.name});
    if let (Some(choice), Some(summary)) = (choice.as_object_mut(), &module.summary) {
        choice.insert("description".to_owned(), json!(summary));
    }
    allow_module(&mut schema, &choice);
    schema
}

/// Lets the block name its module, in each alternative if the schema is made of alternatives only.
fn allow_module(schema: &mut Value, choice: &Value) {
    let Some(object) = schema.as_object_mut() else { return };
    let combined =
        ["properties", "$ref", "allOf"].iter().any(|keyword| object.contains_key(*keyword));
    let mut alternatives = false;
    if !combined {
        for keyword in ["oneOf", "anyOf"] {
            for part in object.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten()
            {
                alternatives = true;
                allow_module(part, choice);
            }
        }
    }
    if !combined && !alternatives {
        // A free map stays free, though it lists a property now.
        object.entry("additionalProperties").or_insert(Value::Bool(true));
    }
    if !alternatives {
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("module".to_owned(), choice.clone());
        }
    }
}

/// Makes references within a module's schema hold in the place where it now stands.
fn move_references(schema: &mut Value, definition: &str) {
    match schema {
        Value::Object(object) => {
            for (keyword, value) in object {
                match (keyword.as_str(), &mut *value) {
                    ("$ref", Value::String(target)) => {
                        if let Some(pointer) = target.strip_prefix('#') {
                            *target = format!("#/$defs/{definition}{pointer}");
                        }
                    }
                    ("const" | "enum" | "default" | "examples", _) => {}
                    _ => move_references(value, definition),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| move_references(item, definition)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Schema;
    use crate::source::SourceFile;

    fn module(name: &str, kind: ModuleKind, developer: Value) -> ModuleSchema {
        let summary = Some(format!("Makes a {name}."));
        ModuleSchema { name: ModuleName::parse(name).unwrap(), kind, summary, developer }
    }

    fn schema() -> Value {
        let service = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Service",
            "type": "object",
            "properties": {
                "containers": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Container"}},
                "replicas": {"type": "integer", "description": "How many."},
            },
            "required": ["containers"],
            "$defs": {"Container": {"type": "object", "properties": {"image": {"type": "string"}}, "required": ["image"]}},
        });
        let job = json!({"type": "object", "properties": {"schedule": {"type": "string"}}});
        let mysql = json!({"oneOf": [
            {"type": "object", "properties": {"type": {"const": "local"}}, "required": ["type"]},
            {"type": "object", "properties": {"type": {"const": "cloud"}, "class": {"type": "string"}}, "required": ["type"]},
        ]});
        app_schema(&[
            module("service", ModuleKind::Workload, service),
            module("job", ModuleKind::Workload, job),
            module("mysql", ModuleKind::Accessory, mysql),
            module("network", ModuleKind::Accessory, json!(true)),
        ])
    }

    fn is_valid(text: &str) -> bool {
        let node = crate::yaml::read(&SourceFile::new("app.yaml", text)).unwrap().remove(0);
        Schema::compile(&schema()).unwrap().check(&node, "").is_empty()
    }

    #[test]
    fn sound_apps_are_accepted() {
        for text in [
            "name: a\nlabels: {x: y}\nworkload: {module: service, replicas: 1, containers: {main: {image: x}}}",
            "workload: {module: job, schedule: x}",
            "accessories: {mysql: {type: local}, network: {ports: []}}",
            "accessories: {mysql: {module: mysql, type: cloud, class: c}}",
            "accessories: {orders: {module: mysql, type: local}, mysql: null, gone: null}",
            "apps: {a: {workload: {module: job}}, b: {}}",
            // Overlays.
            "workload: {replicas: 1}",
            "workload: {containers: {main: {}}}",
            "accessories: {orders: {type: local}}",
        ] {
            assert!(is_valid(text), "{text}");
        }
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "workload: {replicas: x}",
            "workload: {replica: 1}",
            "workload: {module: mysql, type: local}",
            "workload: {module: service, containers: {main: {image: x, imag: y}}}",
            "workload: {module: job, containers: {main: {image: x}}}",
            "accessories: {mysql: {type: locl}}",
            "accessories: {mysql: {type: local, class: c}}",
            "accessories: {mysql: {module: network}}",
            "replicas: 1",
        ] {
            assert!(!is_valid(text), "{text}");
        }
    }

    #[test]
    fn descriptions_are_kept() {
        let schema = schema();
        for (pointer, expected) in [
            ("/properties/workload/description", "What runs."),
            ("/$defs/module.service/properties/replicas/description", "How many."),
            ("/$defs/module.service/description", "Makes a service."),
            ("/$defs/module.service/properties/module/description", "Makes a service."),
        ] {
            assert_eq!(schema.pointer(pointer), Some(&json!(expected)), "{pointer}");
        }
    }
}
