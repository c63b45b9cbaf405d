//! A quick yes to what is certainly right.
//!
//! Compiling a schema takes far longer than checking a value once, and most configurations are right. What cannot be
//! said for certain here, a compiled [`Schema`](super::Schema) decides; it alone says what is wrong. Of a schema
//! that does not compile, parts that a value does not touch are not looked at; `mod build` refuses such a module.

use serde_json::{Map, Value};

/// Values and schemas that are looked at before it is given up.
const MAX_STEPS: usize = 100_000;
/// How deep a value is followed. Parsers bound documents more tightly than this.
const MAX_DEPTH: usize = 128;

/// Keywords that forbid nothing. Formats are such in draft 2020-12.
const ANNOTATIONS: [&str; 9] = [
    "$comment",
    "default",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

/// Returns whether a schema, once closed, certainly accepts a value. `false` says nothing.
pub fn surely_accepts(schema: &Value, value: &Value) -> bool {
    Judge { steps: MAX_STEPS }.judge(schema, value, 0) == Some(true)
}

struct Judge {
    steps: usize,
}

impl Judge {
    /// Returns whether the schema accepts the value; `None` if that is not certain.
    fn judge(&mut self, schema: &Value, value: &Value, depth: usize) -> Option<bool> {
        self.steps = self.steps.checked_sub(1)?;
        if depth > MAX_DEPTH {
            return None;
        }
        let schema = match schema {
            Value::Bool(accepts) => return Some(*accepts),
            Value::Object(schema) => schema,
            _ => return None,
        };
        let alternatives = schema.contains_key("anyOf") || schema.contains_key("oneOf");
        let lists = schema.contains_key("properties");
        if alternatives && (lists || schema.contains_key("additionalProperties")) {
            // What is closed then is decided by all of them together.
            return None;
        }
        let mut accepts = true;
        for (keyword, argument) in schema {
            accepts &= match keyword.as_str() {
                keyword if ANNOTATIONS.contains(&keyword) => true,
                // Below the root it changes what other keywords mean.
                "$schema" if depth == 0 => true,
                "type" => is_of(argument, value)?,
                "const" => equal(argument, value)?,
                "enum" => any(argument.as_array()?.iter().map(|one| equal(one, value)))?,
                "required" => required(argument, value)?,
                // With the listed ones.
                "additionalProperties" if lists => true,
                "properties" | "additionalProperties" => self.members(schema, value, depth)?,
                "items" => self.items(argument, value, depth)?,
                "anyOf" => {
                    let parts = argument.as_array()?.iter();
                    any(parts.map(|part| self.judge(part, value, depth + 1)))?
                }
                "oneOf" => self.one(argument.as_array()?, value, depth)?,
                "minimum" => bound(value, argument, |value, limit| value >= limit)?,
                "maximum" => bound(value, argument, |value, limit| value <= limit)?,
                "minLength" => length(value, argument, |length, limit| length >= limit)?,
                "maxLength" => length(value, argument, |length, limit| length <= limit)?,
                "minItems" => count(value, argument, |length, limit| length >= limit)?,
                "maxItems" => count(value, argument, |length, limit| length <= limit)?,
                _ => return None,
            };
        }
        Some(accepts)
    }

    /// Judges the members of an object. One that lists properties and says nothing about others is closed.
    fn members(
        &mut self,
        schema: &Map<String, Value>,
        value: &Value,
        depth: usize,
    ) -> Option<bool> {
        let Some(members) = value.as_object() else { return Some(true) };
        let listed = match schema.get("properties") {
            Some(properties) => Some(properties.as_object()?),
            None => None,
        };
        let others = schema.get("additionalProperties");
        let mut accepts = true;
        for (name, member) in members {
            let schema = listed.and_then(|listed| listed.get(name)).or(others);
            accepts &= match schema {
                Some(schema) => self.judge(schema, member, depth + 1)?,
                None => false,
            };
        }
        Some(accepts)
    }

    fn items(&mut self, schema: &Value, value: &Value, depth: usize) -> Option<bool> {
        let mut accepts = true;
        for item in value.as_array().into_iter().flatten() {
            accepts &= self.judge(schema, item, depth + 1)?;
        }
        Some(accepts)
    }

    fn one(&mut self, parts: &[Value], value: &Value, depth: usize) -> Option<bool> {
        let mut accepting = 0;
        for part in parts {
            accepting += usize::from(self.judge(part, value, depth + 1)?);
        }
        Some(accepting == 1)
    }
}

/// Returns whether any is true; a doubt about one matters only if none is.
fn any(mut judgements: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut doubt = false;
    let found = judgements.any(|judgement| {
        doubt |= judgement.is_none();
        judgement == Some(true)
    });
    if doubt && !found { None } else { Some(found) }
}

fn is_of(names: &Value, value: &Value) -> Option<bool> {
    match names {
        Value::String(name) => is_of_one(name, value),
        Value::Array(names) => any(names.iter().map(|name| is_of_one(name.as_str()?, value))),
        _ => None,
    }
}

fn is_of_one(name: &str, value: &Value) -> Option<bool> {
    Some(match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        // Whether a number with a fraction of nothing is whole, the compiled schema decides.
        "integer" if value.is_f64() => return None,
        "integer" => value.is_number(),
        _ => return None,
    })
}

/// Compares texts, truth values and nothing; how numbers and documents compare, the compiled schema decides.
fn equal(one: &Value, value: &Value) -> Option<bool> {
    let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_null();
    if plain(one) || plain(value) { Some(one == value) } else { None }
}

fn required(names: &Value, value: &Value) -> Option<bool> {
    let names = names.as_array()?;
    let Some(members) = value.as_object() else { return Some(true) };
    let mut present = true;
    for name in names {
        present &= members.contains_key(name.as_str()?);
    }
    Some(present)
}

fn whole(number: &Value) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn bound(value: &Value, limit: &Value, holds: impl Fn(i128, i128) -> bool) -> Option<bool> {
    let limit = whole(limit)?;
    if value.is_number() { Some(holds(whole(value)?, limit)) } else { Some(true) }
}

fn length(value: &Value, limit: &Value, holds: impl Fn(usize, usize) -> bool) -> Option<bool> {
    let limit = usize::try_from(limit.as_u64()?).ok()?;
    Some(value.as_str().is_none_or(|text| holds(text.chars().count(), limit)))
}

fn count(value: &Value, limit: &Value, holds: impl Fn(usize, usize) -> bool) -> Option<bool> {
    let limit = usize::try_from(limit.as_u64()?).ok()?;
    Some(value.as_array().is_none_or(|items| holds(items.len(), limit)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_certainly_right_is_accepted() {
        let probe = json!({"oneOf": [
            {"type": "object", "properties": {"http": {"type": "string"}}, "required": ["http"]},
            {"type": "object", "properties": {"tcp": {"type": "string"}}, "required": ["tcp"]},
        ]});
        let schema = json!({
            "type": "object",
            "properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 65535, "format": "uint16"},
                "mode": {"enum": ["a", "b"]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "list": {"type": "array", "items": {"type": ["string", "boolean"]}, "maxItems": 2},
                "probe": probe,
            },
            "required": ["port"],
        });
        let cases = [
            (json!({"port": 80}), true),
            (json!({"port": 80, "mode": "b", "labels": {"x": "y"}, "list": ["a", true]}), true),
            (json!({"port": 80, "probe": {"tcp": "x"}}), true),
            (json!({"port": 80, "probe": {"tcp": "x", "http": "x"}}), false),
            (json!({}), false),
            (json!({"port": 0}), false),
            (json!({"port": 80.0}), false),
            (json!({"port": "80"}), false),
            (json!({"port": 80, "mode": "c"}), false),
            (json!({"port": 80, "labels": {"x": 1}}), false),
            (json!({"port": 80, "list": [1]}), false),
            (json!({"port": 80, "list": ["a", "b", "c"]}), false),
            (json!({"port": 80, "prot": 80}), false),
        ];
        for (value, expected) in cases {
            assert_eq!(surely_accepts(&schema, &value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_not_understood_is_left_to_the_compiled_schema() {
        let object = json!({"properties": {"a": true}});
        for schema in [
            json!({"pattern": "^a$"}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": true}}),
            json!({"allOf": [true]}),
            json!({"type": "text"}),
            json!({"properties": {"a": true}, "anyOf": [object]}),
            json!({"additionalProperties": true, "oneOf": [object]}),
            json!({"type": 5}),
            json!([]),
        ] {
            assert!(!surely_accepts(&schema, &json!({"a": 1})), "{schema}");
            assert!(!surely_accepts(&schema, &json!("a")), "{schema}");
        }
        assert!(!surely_accepts(&json!({"enum": [1.0]}), &json!(1)));
        let old =
            json!({"properties": {"a": {"$schema": "http://json-schema.org/draft-07/schema#"}}});
        assert!(!surely_accepts(&old, &json!({"a": 1})));
    }
}
