//! From the schemas of Kubernetes to JSON Schema that also refuses what is unknown.

use serde_json::{Map, Value, json};

/// Lets nothing pass that the schema does not name, and what is null only where it may be.
pub(super) fn strict(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut strict = Map::new();
    for (key, value) in members {
        let value = match key.as_str() {
            "properties" => each(value, self::strict),
            "items" | "additionalProperties" => self::strict(value),
            // What stands under `allOf`, `anyOf`, `oneOf` and `not` names members in part only.
            _ => value.clone(),
        };
        strict.insert(key.clone(), value);
    }
    let is_open = members.contains_key("additionalProperties")
        || members.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if members.contains_key("properties") && !is_open {
        strict.insert("additionalProperties".to_owned(), json!(false));
    }
    // Where a type stands beside it, that is one of the two.
    if members.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        strict.remove("type");
    }
    let strict = Value::Object(strict);
    if members.get("nullable") == Some(&json!(true)) {
        return json!({"anyOf": [{"type": "null"}, strict]});
    }
    strict
}

/// Describes an object that has these members, and no others.
pub(super) fn closed(properties: Value) -> Value {
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

fn each(members: &Value, change: impl Fn(&Value) -> Value) -> Value {
    let members = members.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), change(value))).collect())
}

#[test]
fn an_unknown_member_and_a_null_are_refused_at_every_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {}},
            "map": {"type": "object", "additionalProperties": {"type": "string", "nullable": true}},
        },
    });
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft4);
    let validator = options.build(&strict(&schema)).unwrap();
    for valid in [
        json!({"list": [{"a": "x"}], "open": {"b": 1}, "map": {"c": "x"}}),
        json!({"map": {"c": null}}),
    ] {
        assert!(validator.is_valid(&valid), "{valid}");
    }
    for invalid in [
        json!({"lists": []}),
        json!({"list": null}),
        json!({"list": [{"b": "x"}]}),
        json!({"map": {"c": 1}}),
    ] {
        assert!(!validator.is_valid(&invalid), "{invalid}");
    }
}
