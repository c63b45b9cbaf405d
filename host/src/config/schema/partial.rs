//! Makes a schema accept a part of what it describes.
//!
//! An editor sees one file at a time, and an overlay holds only what differs. That something is missing can
//! be told only when all files are merged, which is not the editor's business.

use serde_json::{Value, json};

/// Keywords whose value is a schema.
const SCHEMAS: [&str; 9] = [
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a map of schemas.
const MAPS: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
/// Keywords whose value is a list of schemas.
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// Takes away what demands that something is there.
pub(super) fn make_partial(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    for keyword in ["required", "minProperties", "dependentRequired"] {
        object.remove(keyword);
    }
    for keyword in SCHEMAS {
        object.get_mut(keyword).into_iter().for_each(make_partial);
    }
    for keyword in MAPS {
        let map = object.get_mut(keyword).and_then(Value::as_object_mut);
        map.into_iter().flat_map(|map| map.values_mut()).for_each(make_partial);
    }
    for keyword in LISTS {
        let list = object.get_mut(keyword).and_then(Value::as_array_mut);
        list.into_iter().flatten().for_each(make_partial);
    }
    // A part can fit several alternatives of which the whole fits one.
    if let Some(alternatives) = object.remove("oneOf") {
        let keyword = if object.contains_key("anyOf") { "allOf" } else { "anyOf" };
        let value = match keyword {
            "anyOf" => alternatives,
            _ => {
                let mut all = object.remove(keyword).unwrap_or_else(|| json!([]));
                if let Some(all) = all.as_array_mut() {
                    all.push(json!({ "anyOf": alternatives }));
                }
                all
            }
        };
        object.insert(keyword.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_demanded_goes_and_what_is_forbidden_stays() {
        let mut schema = json!({
            "required": ["a"],
            "properties": {
                "required": {"type": "string"},
                "a": {"oneOf": [{"required": ["x"]}, {"required": ["y"]}], "additionalProperties": false},
            },
        });
        make_partial(&mut schema);
        assert_eq!(
            schema,
            json!({
                "properties": {
                    "required": {"type": "string"},
                    "a": {"anyOf": [{}, {}], "additionalProperties": false},
                },
            })
        );
    }
}
