//! Closing a schema: an object that lists its properties accepts no others.
//!
//! Authors of schemas rarely write `additionalProperties: false`, and a mistyped key that is silently ignored is the
//! worst thing a configuration can do. A schema is closed at each *position* (the root, a property, an item), never
//! inside `allOf` or a referenced definition, whose siblings may list further properties.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Keywords whose value is one schema of another position.
const POSITION: [&str; 4] = ["additionalProperties", "items", "contains", "unevaluatedItems"];
/// Keywords whose value is a map of schemas of other positions.
const POSITION_MAPS: [&str; 2] = ["properties", "patternProperties"];
/// Keywords whose value is one schema of the same position.
const SAME: [&str; 3] = ["if", "then", "else"];
/// Keywords whose value is a list of schemas of the same position.
const SAME_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// How many references are followed in a row; a definition that only refers to itself ends there.
const MAX_REFERENCES: usize = 32;

/// Returns the schema with each object closed that lists properties and says nothing about others.
pub(super) fn close(schema: &Value) -> Value {
    let mut closed = schema.clone();
    visit(&mut closed, true, schema);
    closed
}

/// Returns the names of all properties that a schema lists at its position, in any branch.
pub(super) fn property_names(schema: &Value, root: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect_names(schema, root, 0, &mut names);
    names
}

fn collect_names(schema: &Value, root: &Value, depth: usize, names: &mut BTreeSet<String>) {
    let Some(object) = schema.as_object().filter(|_| depth < MAX_REFERENCES) else { return };
    if let Some(properties) = object.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    for part in same_position(object) {
        collect_names(part, root, depth + 1, names);
    }
    if let Some(target) = reference(object, root) {
        collect_names(target, root, depth + 1, names);
    }
}

/// Iterates over the schemas that apply to the same value.
pub(super) fn same_position(object: &Object) -> impl Iterator<Item = &Value> {
    let single = SAME.iter().filter_map(|keyword| object.get(*keyword));
    let lists = (SAME_LISTS.iter().filter_map(|keyword| object.get(*keyword)))
        .filter_map(Value::as_array)
        .flatten();
    // The validator still knows the keyword that the other one stands for.
    let dependent = (["dependentSchemas", "dependencies"].into_iter())
        .filter_map(|keyword| object.get(keyword)?.as_object())
        .flat_map(Map::values);
    single.chain(lists).chain(dependent)
}

/// Returns the schema that `$ref` names, if it lies in the same document.
pub(super) fn reference<'a>(object: &Object, root: &'a Value) -> Option<&'a Value> {
    let pointer = object.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(pointer)
}

/// What a schema says about the keys of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Keys {
    /// It admits no object.
    None,
    /// It lists properties.
    Listed,
    /// It admits an object with any keys.
    Any,
}

fn keys(schema: &Value, root: &Value, depth: usize) -> Keys {
    let Some(object) = schema.as_object() else {
        return if schema == &Value::Bool(false) { Keys::None } else { Keys::Any };
    };
    if depth >= MAX_REFERENCES {
        return Keys::Any;
    }
    if says_more(object) {
        let closed = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|keyword| object.get(*keyword) == Some(&Value::Bool(false)));
        return if closed { Keys::Listed } else { Keys::Any };
    }
    if POSITION_MAPS.iter().any(|keyword| object.contains_key(*keyword)) {
        return Keys::Listed;
    }
    let excluded = match object.get("type") {
        Some(Value::String(name)) => name != "object",
        Some(Value::Array(names)) => !names.iter().any(|name| name == "object"),
        _ => object.contains_key("const") || object.contains_key("enum"),
    };
    if excluded {
        return Keys::None;
    }
    let mut alternatives = Keys::None;
    let mut required = Keys::Any;
    for keyword in ["anyOf", "oneOf"] {
        for part in object.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            alternatives = alternatives.max(keys(part, root, depth + 1));
        }
    }
    for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        required = required.min(keys(part, root, depth + 1));
    }
    if let Some(target) = reference(object, root) {
        required = required.min(keys(target, root, depth + 1));
    }
    let has_alternatives = object.contains_key("anyOf") || object.contains_key("oneOf");
    if has_alternatives { alternatives.min(required) } else { required }
}

/// Says whether a schema decides itself about properties that it does not list.
fn says_more(object: &Object) -> bool {
    object.contains_key("additionalProperties") || object.contains_key("unevaluatedProperties")
}

fn visit(schema: &mut Value, position: bool, root: &Value) {
    let Some(object) = schema.as_object() else { return };
    let lists = POSITION_MAPS.iter().any(|keyword| object.contains_key(*keyword));
    let alternatives = object.contains_key("anyOf") || object.contains_key("oneOf");
    let combined = (SAME.iter().chain(&["allOf", "$ref", "dependentSchemas"]))
        .any(|keyword| object.contains_key(*keyword));
    let open = position && !says_more(object);
    // Alternatives that stand alone are closed one by one, because one of them may be a free map.
    let each = open && alternatives && !lists && !combined;

    let keyword = if !open || each {
        None
    } else if lists && !alternatives && !combined {
        Some("additionalProperties")
    } else if (lists || combined) && keys(schema, root, 0) == Keys::Listed {
        Some("unevaluatedProperties")
    } else {
        None
    };

    let Some(object) = schema.as_object_mut() else { return };
    if let Some(keyword) = keyword {
        object.insert(keyword.to_owned(), Value::Bool(false));
    }

    for keyword in POSITION {
        if let Some(part) = object.get_mut(keyword) {
            visit(part, true, root);
        }
    }
    for keyword in POSITION_MAPS {
        for part in object.get_mut(keyword).and_then(Value::as_object_mut).into_iter().flatten() {
            visit(part.1, true, root);
        }
    }
    for part in object.get_mut("prefixItems").and_then(Value::as_array_mut).into_iter().flatten() {
        visit(part, true, root);
    }
    for keyword in SAME {
        if let Some(part) = object.get_mut(keyword) {
            visit(part, false, root);
        }
    }
    for keyword in SAME_LISTS {
        for part in object.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten() {
            visit(part, each, root);
        }
    }
    for keyword in ["$defs", "definitions", "dependentSchemas"] {
        for part in object.get_mut(keyword).and_then(Value::as_object_mut).into_iter().flatten() {
            visit(part.1, false, root);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_that_list_properties_are_closed_at_their_position() {
        for (open, closed) in [
            (
                json!({"properties": {"a": {"properties": {"b": {}}}}}),
                json!({
                    "properties": {"a": {"properties": {"b": {}}, "additionalProperties": false}},
                    "additionalProperties": false,
                }),
            ),
            (json!({"type": "object"}), json!({"type": "object"})),
            (
                json!({"properties": {"a": {}}, "additionalProperties": {"properties": {"b": {}}}}),
                json!({
                    "properties": {"a": {}},
                    "additionalProperties": {"properties": {"b": {}}, "additionalProperties": false},
                }),
            ),
            (
                json!({"items": {"properties": {"a": {}}}}),
                json!({"items": {"properties": {"a": {}}, "additionalProperties": false}}),
            ),
            (
                json!({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}),
                json!({
                    "allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}],
                    "unevaluatedProperties": false,
                }),
            ),
            (
                json!({"oneOf": [{"properties": {"a": {}}}, {"type": "object"}, {"type": "null"}]}),
                json!({"oneOf": [
                    {"properties": {"a": {}}, "additionalProperties": false},
                    {"type": "object"},
                    {"type": "null"},
                ]}),
            ),
            (
                json!({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": {}}}}}),
                json!({
                    "$ref": "#/$defs/x",
                    "unevaluatedProperties": false,
                    "$defs": {"x": {"properties": {"a": {}}}},
                }),
            ),
            (
                json!({"properties": {"m": {"$ref": "#/$defs/m"}}, "$defs": {"m": {"type": "object"}}}),
                json!({
                    "properties": {"m": {"$ref": "#/$defs/m"}},
                    "additionalProperties": false,
                    "$defs": {"m": {"type": "object"}},
                }),
            ),
            (
                json!({"anyOf": [{"$ref": "#/$defs/x"}, {"type": "null"}], "$defs": {"x": {"properties": {"a": {}}}}}),
                json!({
                    "anyOf": [{"$ref": "#/$defs/x", "unevaluatedProperties": false}, {"type": "null"}],
                    "$defs": {"x": {"properties": {"a": {}}}},
                }),
            ),
        ] {
            assert_eq!(close(&open), closed);
        }
    }

    #[test]
    fn a_definition_that_refers_to_itself_ends() {
        let schema = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
        assert_eq!(close(&schema), schema);
        assert!(property_names(&schema, &schema).is_empty());
    }
}
