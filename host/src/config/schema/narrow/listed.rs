//! Whether one value is accepted at a place within a schema: decided by the validator itself, so exactly.

use std::collections::HashMap;

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};

use super::super::accept::surely_accepts;
use super::super::{check, cost};

/// The name under which the validator knows the document.
const DOCUMENT: &str = "urn:kusion:schema";

/// A document whose parts are asked about values.
pub(super) struct Document<'a> {
    root: &'a Value,
    registry: Option<Registry<'a>>,
    /// Where each part stands.
    pointers: HashMap<usize, String>,
    /// What was compiled: for schemas that all apply, by where they stand.
    validators: HashMap<Vec<usize>, Option<Validator>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, registry: None, pointers: HashMap::new(), validators: HashMap::new() }
    }

    /// Returns whether schemas of the document all accept a value; `None` if that cannot be found out.
    pub(super) fn accepts(&mut self, schemas: &[&'a Value], value: &Value) -> Option<bool> {
        if schemas.iter().all(|schema| surely_accepts(schema, value)) {
            return Some(true);
        }
        for schema in schemas {
            cost::within(self.root, schema, value).ok()?;
        }
        let places: Vec<usize> = schemas.iter().map(|schema| address(schema)).collect();
        if !self.validators.contains_key(&places) {
            let compiled = self.compile(&places);
            self.validators.insert(places.clone(), compiled);
        }
        Some(self.validators.get(&places)?.as_ref()?.is_valid(value))
    }

    fn compile(&mut self, places: &[usize]) -> Option<Validator> {
        if self.registry.is_none() {
            note_pointers(self.root, String::new(), &mut self.pointers);
            let document = Registry::new().draft(Draft::Draft202012).add(DOCUMENT, self.root);
            self.registry = document.ok()?.prepare().ok();
        }
        let reference = |place: &usize| {
            let pointer = self.pointers.get(place)?;
            Some(json!({ "$ref": format!("{DOCUMENT}#{pointer}") }))
        };
        let parts: Option<Vec<Value>> = places.iter().map(reference).collect();
        let schema = json!({ "allOf": parts? });
        check::options().with_registry(self.registry.as_ref()?).build(&schema).ok()
    }
}

/// Patterns that are asked about names, by the engine that the validator has.
#[derive(Default)]
pub(super) struct Patterns(HashMap<String, Option<Validator>>);

impl Patterns {
    /// Returns whether a pattern fits a name; `None` if it cannot be read.
    pub(super) fn fit(&mut self, pattern: &str, name: &str) -> Option<bool> {
        let compile = || check::options().build(&json!({ "pattern": pattern })).ok();
        let validator = self.0.entry(pattern.to_owned()).or_insert_with(compile);
        Some(validator.as_ref()?.is_valid(&json!(name)))
    }
}

fn note_pointers(value: &Value, pointer: String, pointers: &mut HashMap<usize, String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let token = name.replace('~', "~0").replace('/', "~1");
                note_pointers(member, format!("{pointer}/{}", encoded(&token)), pointers);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                note_pointers(item, format!("{pointer}/{place}"), pointers);
            }
        }
        _ => {}
    }
    pointers.insert(address(value), pointer);
}

/// Writes a text so that it can stand in a fragment.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

pub(super) fn address(value: &Value) -> usize {
    std::ptr::from_ref(value).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_asked_with_what_it_refers_to() {
        let root = json!({
            "properties": {"a b/ä~%": {"$ref": "#/$defs/x"}, "self": {"$ref": "#"}},
            "$defs": {"x": {"pattern": "^[a-z]$"}},
            "required": ["self"],
        });
        let mut document = Document::new(&root);
        let part = |name: &str| &root["properties"][name];
        assert_eq!(document.accepts(&[part("a b/ä~%")], &json!("a")), Some(true));
        assert_eq!(document.accepts(&[part("a b/ä~%")], &json!("B")), Some(false));
        assert_eq!(document.accepts(&[part("self")], &json!({"self": 1})), Some(true));
        assert_eq!(document.accepts(&[part("self")], &json!({})), Some(false));
        assert_eq!(document.accepts(&[part("self"), part("a b/ä~%")], &json!({})), Some(false));
        assert_eq!(document.accepts(&[], &json!({})), Some(true));
    }

    #[test]
    fn a_pattern_fits_anywhere_in_a_name() {
        let mut patterns = Patterns::default();
        assert_eq!(patterns.fit("^a", "abc"), Some(true));
        assert_eq!(patterns.fit("b", "abc"), Some(true));
        assert_eq!(patterns.fit("b$", "abc"), Some(false));
        assert_eq!(patterns.fit("(", "abc"), None);
    }
}
