//! Documents to resources: every object once, with an id, and in a namespace if its kind has one.

use std::collections::BTreeMap;

use kusion_sdk::{Pointer, Problems, Resource, kubernetes, syntax};
use serde_json::{Value, json};

use crate::files::File;
use crate::scope::{Scopes, is_kind};
use crate::yaml;

/// The deepest lists of lists of objects.
const MAX_LISTS: usize = 4;

/// An object, and where it was written.
struct Object {
    manifest: Value,
    /// The file and the place in it, in words.
    place: String,
    /// The path that led to the file.
    at: Pointer,
}

/// All objects of all files.
pub(crate) struct Objects<'a> {
    namespace: &'a str,
    scopes: Scopes,
    list: Vec<Object>,
}

impl<'a> Objects<'a> {
    /// Begins without any.
    pub(crate) fn new(namespace: &'a str, scopes: Scopes) -> Self {
        Self { namespace, scopes, list: Vec::new() }
    }

    /// Adds the objects of a file, or notes why it cannot be read.
    pub(crate) fn read(&mut self, file: &File<'_>, problems: &mut Problems) {
        let before = self.list.len();
        let documents = if file.is_json() { json_documents(file) } else { yaml_documents(file) };
        let is_read = documents.is_ok();
        match documents {
            Err(message) => problems.add(file.at.clone(), message),
            Ok(documents) => {
                for (manifest, place) in documents {
                    self.add(Object { manifest, place, at: file.at.clone() }, 0, problems);
                }
            }
        }
        if is_read && file.is_named && self.list.len() == before {
            problems.add(file.at.clone(), format!("`{}` holds no object", file.path));
        }
    }

    /// Adds an object, or those of a list of objects.
    fn add(&mut self, object: Object, depth: usize, problems: &mut Problems) {
        let Object { mut manifest, place, at } = object;
        let kind = manifest.get("kind").and_then(Value::as_str).unwrap_or_default();
        let items = manifest.get("items").filter(|items| items.is_array() || kind == "List");
        let (Some(kind_of_items), Some(_)) = (kind.strip_suffix("List").map(str::to_owned), items)
        else {
            self.scopes.learn(&manifest);
            self.list.push(Object { manifest, place, at });
            return;
        };
        if depth == MAX_LISTS {
            problems.add(at, format!("{place}: lists of objects are nested too deeply"));
            return;
        }
        let api_version = manifest.get("apiVersion").cloned();
        let items = match manifest.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        for (index, mut manifest) in items.into_iter().enumerate() {
            // Items of a list of one kind need not repeat it.
            if let (Some(members), false) = (manifest.as_object_mut(), kind_of_items.is_empty()) {
                members.entry("kind").or_insert_with(|| kind_of_items.clone().into());
                if let Some(api_version) = &api_version {
                    members.entry("apiVersion").or_insert_with(|| api_version.clone());
                }
            }
            let place = format!("{place}, item {}", index + 1);
            self.add(Object { manifest, place, at: at.clone() }, depth + 1, problems);
        }
    }

    /// Makes the resources, and notes objects that cannot be applied.
    pub(crate) fn resources(self, problems: &mut Problems) -> Vec<Resource> {
        let Self { namespace, scopes, list } = self;
        let mut places: BTreeMap<String, String> = BTreeMap::new();
        let mut resources = Vec::with_capacity(list.len());
        for Object { mut manifest, place, at } in list {
            if let Err(message) = complete(&mut manifest, namespace, &scopes) {
                problems.add(at, format!("{place}: {message}"));
                continue;
            }
            let resource = kubernetes::object(manifest);
            match places.get(&resource.id) {
                Some(first) => {
                    problems.add(at, format!("{place}: `{}` is in {first} too", resource.id));
                }
                None => {
                    places.insert(resource.id.clone(), place);
                    resources.push(resource);
                }
            }
        }
        resources.sort_by(|a, b| a.id.cmp(&b.id));
        resources
    }
}

/// Checks an object, and puts it into the namespace if it needs one and has none.
fn complete(manifest: &mut Value, namespace: &str, scopes: &Scopes) -> Result<(), String> {
    let Some(members) = manifest.as_object() else {
        return Err("this is no object".to_owned());
    };
    let text = |key: &str, is_sound: fn(&str) -> bool| match members.get(key) {
        None | Some(Value::Null) => Err(format!("an object lacks `{key}`")),
        Some(Value::String(text)) if is_sound(text) => Ok(text.as_str()),
        Some(_) => Err(format!("no object can have this `{key}`")),
    };
    let api_version = text("apiVersion", is_api_version)?;
    let kind = text("kind", is_kind)?;
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let is_namespaced = scopes.is_namespaced(group, kind);
    let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Err("an object lacks `metadata`".to_owned());
    };
    match metadata.get("name") {
        Some(Value::String(name)) if is_name(name) => {}
        None | Some(Value::Null) if metadata.contains_key("generateName") => {
            return Err("needs `metadata.name`: with `generateName` there would be another object after each apply".to_owned());
        }
        None | Some(Value::Null) => return Err("an object lacks `metadata.name`".to_owned()),
        Some(_) => return Err("no object can have this `metadata.name`".to_owned()),
    }
    let own = match metadata.get("namespace") {
        None | Some(Value::Null) => None,
        Some(Value::String(own)) if own.is_empty() => None,
        Some(Value::String(own)) if syntax::is_dns_label(own) => Some(own.clone()),
        Some(_) => return Err("no namespace can have the name in `metadata.namespace`".to_owned()),
    };
    if is_namespaced {
        metadata.insert("namespace".to_owned(), json!(own.as_deref().unwrap_or(namespace)));
    } else {
        metadata.remove("namespace");
    }
    Ok(())
}

fn is_api_version(text: &str) -> bool {
    let (group, version) = match text.split_once('/') {
        Some((group, version)) => (Some(group), version),
        None => (None, text),
    };
    group.is_none_or(syntax::is_domain) && syntax::is_dns_label(version)
}

/// Whether `text` can be a part of a path, which is all that is demanded of every name.
fn is_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= 253
        && !text.contains(|c: char| matches!(c, '/' | '%') || c.is_whitespace() || c.is_control())
}

fn yaml_documents(file: &File<'_>) -> Result<Vec<(Value, String)>, String> {
    let path = &file.path;
    match yaml::read(file.text) {
        Ok(documents) => Ok(documents
            .into_iter()
            .map(|document| (document.value, format!("`{path}`, line {}", document.line)))
            .collect()),
        Err(fault) => Err(format!("`{path}`, line {}: {}", fault.line, fault.message)),
    }
}

/// A file of JSON may hold several documents, one after the other.
fn json_documents(file: &File<'_>) -> Result<Vec<(Value, String)>, String> {
    let path = &file.path;
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = document.map_err(|error| {
            format!(
                "`{path}`, line {}: this is not JSON, from column {} on",
                error.line(),
                error.column()
            )
        })?;
        if !value.is_null() {
            documents.push((value, format!("`{path}`, document {}", documents.len() + 1)));
        }
    }
    Ok(documents)
}
