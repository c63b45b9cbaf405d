//! How much work a schema is, found out before the work begins.
//!
//! A schema comes from a module. A few hundred bytes of it can ask for more steps than there are seconds:
//! references that multiply, or that lead back to where they came from. The validator has no budget and would
//! run out of time or stack, so both are counted here first.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::close::{reference, same_position};

/// The most steps that one check takes. The largest module of the catalog takes some hundred.
const MAX_STEPS: u64 = 1_000_000;
/// How deep schemas lead into each other. The schema of a whole pod has a depth of 30.
const MAX_DEPTH: usize = 256;
/// The most patterns of one schema; each may take a mebibyte when compiled.
const MAX_PATTERNS: usize = 100;

/// Keywords whose value is one schema or a list of schemas.
const PARTS: [&str; 8] = [
    "additionalProperties",
    "items",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "propertyNames",
    "not",
    "prefixItems",
];
/// Keywords whose value is a map of schemas. Definitions that nothing refers to are closed with the rest.
const MAPS: [&str; 4] = ["properties", "patternProperties", "$defs", "definitions"];
/// Keywords that give a schema another name, or refer by one. Modules need none: `#/$defs/name` does.
const NAMES: [&str; 6] =
    ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Says why a schema cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooCostly {
    /// Applying it to a value leads to applying it to the same value again.
    #[error("its references lead back to where they came from")]
    Endless,
    /// It multiplies.
    #[error("its references come to more than {MAX_STEPS} steps")]
    Steps,
    /// It is too deep.
    #[error("its references are more than {MAX_DEPTH} deep")]
    Depth,
    /// It has too many patterns.
    #[error("it has more than {MAX_PATTERNS} patterns")]
    Patterns,
    /// It uses a keyword that is not supported.
    #[error("it uses `{0}`; refer to parts of the schema as in `#/$defs/name`")]
    Keyword(&'static str),
    /// It refers to a part that it does not have.
    #[error("it has no part `{0}`")]
    Missing(String),
}

/// Checks what can be known of a schema without a value.
pub(super) fn survey(schema: &Value) -> Result<(), TooCostly> {
    let mut survey =
        Survey { root: schema, seen: HashSet::new(), sizes: HashMap::new(), steps: 0, patterns: 0 };
    survey.visit(schema, 0)
}

struct Survey<'a> {
    root: &'a Value,
    /// Schemas that were visited, by where they stand.
    seen: HashSet<*const Value>,
    /// What applying a schema to one value comes to; nothing while it is being counted.
    sizes: HashMap<*const Value, Option<u64>>,
    steps: u64,
    patterns: usize,
}

impl<'a> Survey<'a> {
    fn visit(&mut self, schema: &'a Value, depth: usize) -> Result<(), TooCostly> {
        let Some(object) = schema.as_object() else { return Ok(()) };
        if !self.seen.insert(schema) {
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return Err(TooCostly::Depth);
        }
        // A name for the whole schema says nothing about its parts.
        let named = NAMES
            .iter()
            .find(|name| object.contains_key(**name) && !(depth == 0 && **name == "$id"));
        if let Some(name) = named {
            return Err(TooCostly::Keyword(name));
        }
        self.steps = self.steps.saturating_add(self.size(schema, 0)?);
        if self.steps > MAX_STEPS {
            return Err(TooCostly::Steps);
        }
        let keyed = object.get("patternProperties").and_then(Value::as_object);
        self.patterns +=
            usize::from(object.contains_key("pattern")) + keyed.map_or(0, |keyed| keyed.len());
        if self.patterns > MAX_PATTERNS {
            return Err(TooCostly::Patterns);
        }
        for part in same_position(object).chain(reference(object, self.root)) {
            self.visit(part, depth + 1)?;
        }
        for keyword in PARTS.iter().chain(&MAPS) {
            match object.get(*keyword) {
                Some(Value::Array(parts)) => {
                    for part in parts {
                        self.visit(part, depth + 1)?;
                    }
                }
                Some(Value::Object(parts)) if MAPS.contains(keyword) => {
                    for part in parts.values() {
                        self.visit(part, depth + 1)?;
                    }
                }
                Some(part) => self.visit(part, depth + 1)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Returns how many schemas apply to a value where this one does.
    fn size(&mut self, schema: &'a Value, depth: usize) -> Result<u64, TooCostly> {
        let Some(object) = schema.as_object() else { return Ok(1) };
        match self.sizes.get(&std::ptr::from_ref(schema)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => return Err(TooCostly::Endless),
            None if depth >= MAX_DEPTH => return Err(TooCostly::Depth),
            None => self.sizes.insert(schema, None),
        };
        let target = reference(object, self.root);
        if let (Some(Value::String(wanted)), None) = (object.get("$ref"), target)
            && wanted.starts_with('#')
        {
            return Err(TooCostly::Missing(wanted.chars().take(80).collect()));
        }
        let mut size = 1_u64;
        for part in same_position(object).chain(object.get("not")).chain(target) {
            size = size.saturating_add(self.size(part, depth + 1)?);
        }
        self.sizes.insert(schema, Some(size));
        Ok(size)
    }
}

/// Counts the steps that checking a value takes, at most.
pub(super) fn of(schema: &Value, value: &Value) -> Result<u64, TooCostly> {
    within(schema, schema, value)
}

/// Counts the steps that checking a value by a part of a schema takes, at most.
pub(super) fn within(root: &Value, schema: &Value, value: &Value) -> Result<u64, TooCostly> {
    let steps = Counter { root, known: HashMap::new() }.count(schema, value, 0)?;
    if steps > MAX_STEPS { Err(TooCostly::Steps) } else { Ok(steps) }
}

struct Counter<'a> {
    root: &'a Value,
    /// What applying a schema to a value comes to; nothing while it is being counted.
    known: HashMap<(*const Value, *const Value), Option<u64>>,
}

impl<'a> Counter<'a> {
    fn count(
        &mut self,
        schema: &'a Value,
        value: &'a Value,
        depth: usize,
    ) -> Result<u64, TooCostly> {
        let Some(object) = schema.as_object() else { return Ok(1) };
        let place = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        match self.known.get(&place) {
            Some(Some(steps)) => return Ok(*steps),
            Some(None) => return Err(TooCostly::Endless),
            None if depth >= 2 * MAX_DEPTH => return Err(TooCostly::Depth),
            // Each step is kept, so that none is counted twice.
            None if self.known.len() as u64 > MAX_STEPS => return Err(TooCostly::Steps),
            None => self.known.insert(place, None),
        };
        let mut steps = 1_u64;
        for part in
            same_position(object).chain(object.get("not")).chain(reference(object, self.root))
        {
            steps = steps.saturating_add(self.count(part, value, depth + 1)?);
        }
        // What is left over is found by applying all others once more.
        if object.contains_key("unevaluatedProperties") || object.contains_key("unevaluatedItems") {
            steps = steps.saturating_mul(2);
        }
        let single = |keyword: &str| object.get(keyword);
        match value {
            Value::Array(items) => {
                let each = ["items", "contains", "unevaluatedItems"].map(single);
                let first = object.get("prefixItems").and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let own = first.and_then(|first| first.get(index));
                    for part in each.iter().flatten().copied().chain(own) {
                        steps = steps.saturating_add(self.count(part, item, depth + 1)?);
                    }
                }
            }
            Value::Object(members) => {
                let each = ["additionalProperties", "unevaluatedProperties"].map(single);
                let by_pattern = object.get("patternProperties").and_then(Value::as_object);
                let by_name = object.get("properties").and_then(Value::as_object);
                for (key, member) in members {
                    let own = by_name.and_then(|by_name| by_name.get(key));
                    let matching = by_pattern.into_iter().flat_map(|map| map.values());
                    for part in each.iter().flatten().copied().chain(own).chain(matching) {
                        steps = steps.saturating_add(self.count(part, member, depth + 1)?);
                    }
                    if let Some(names) = object.get("propertyNames") {
                        // Every name is a text; which one makes no difference.
                        steps = steps.saturating_add(self.count(names, &NAME, depth + 1)?);
                    }
                }
            }
            _ => {}
        }
        self.known.insert(place, Some(steps));
        Ok(steps)
    }
}

static NAME: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Schema;
    use serde_json::json;

    fn refusal(schema: &Value) -> String {
        let error = Schema::compile(schema).unwrap_err();
        std::error::Error::source(&error).unwrap().to_string()
    }

    #[test]
    fn references_that_lead_nowhere_else_are_refused() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"not": {"$ref": "#"}}),
            json!({"if": {"$ref": "#/if"}}),
            json!({"dependencies": {"a": {"$ref": "#"}}}),
            json!({"properties": {"a": {"$ref": "#/$defs/a"}},
                   "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
        ] {
            assert_eq!(
                refusal(&schema),
                "its references lead back to where they came from",
                "{schema}"
            );
        }
    }

    #[test]
    fn references_that_multiply_are_refused() {
        let level =
            |n: usize| json!({"allOf": vec![json!({"$ref": format!("#/$defs/{}", n + 1)}); 10]});
        let mut definitions: serde_json::Map<String, Value> =
            (0..12).map(|n| (n.to_string(), level(n))).collect();
        definitions.insert("12".to_owned(), json!(true));
        let laughs = json!({"$ref": "#/$defs/0", "$defs": definitions});
        assert_eq!(refusal(&laughs), "its references come to more than 1000000 steps");
    }

    #[test]
    fn references_in_a_row_are_refused_before_they_fill_the_stack() {
        let next = |n: usize| json!({"$ref": format!("#/$defs/{}", n + 1)});
        let mut definitions: serde_json::Map<String, Value> =
            (0..20_000).map(|n| (n.to_string(), next(n))).collect();
        definitions.insert("20000".to_owned(), json!(true));
        let row = json!({"$ref": "#/$defs/0", "$defs": definitions});
        assert_eq!(refusal(&row), "its references are more than 256 deep");
        let next = |n: usize| json!({"properties": {"a": {"$ref": format!("#/$defs/{}", n + 1)}}});
        let mut definitions: serde_json::Map<String, Value> =
            (0..20_000).map(|n| (n.to_string(), next(n))).collect();
        definitions.insert("20000".to_owned(), json!(true));
        let row = json!({"$ref": "#/$defs/0", "$defs": definitions});
        assert_eq!(refusal(&row), "its references are more than 256 deep");
    }

    #[test]
    fn names_and_patterns_are_bounded() {
        let anchored =
            json!({"$defs": {"a": {"$anchor": "a"}}, "properties": {"a": {"$anchor": "b"}}});
        assert_eq!(
            refusal(&anchored),
            "it uses `$anchor`; refer to parts of the schema as in `#/$defs/name`"
        );
        assert_eq!(refusal(&json!({"$ref": "#/$defs/a"})), "it has no part `#/$defs/a`");
        let patterns: Vec<Value> = (0..101).map(|n| json!({"pattern": format!("a{n}")})).collect();
        assert_eq!(refusal(&json!({"anyOf": patterns})), "it has more than 100 patterns");
        let huge = refusal(&json!({"pattern": "((\\w{100}){100}){100}"}));
        assert!(!huge.is_empty());
        assert!(
            Schema::compile(&json!({"pattern": "^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"})).is_ok()
        );
    }

    #[test]
    fn a_schema_may_refer_to_itself_from_below() {
        let tree = json!({
            "$id": "https://acme.example/tree",
            "properties": {"next": {"$ref": "#"}, "list": {"items": {"$ref": "#"}}},
        });
        let compiled = Schema::compile(&tree).unwrap();
        let value = json!({"next": {"next": {"list": [{}, {"next": {}}]}}});
        assert!(of(compiled.closed(), &value).unwrap() < 1_000);
    }

    #[test]
    fn what_multiplies_with_each_level_of_a_value_is_counted_for_that_value() {
        let branch = json!({"properties": {"a": {"$ref": "#"}}});
        let schema = json!({"anyOf": vec![branch; 30]});
        assert!(survey(&schema).is_ok());
        let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(of(&schema, &nested(2)).is_ok());
        assert_eq!(of(&schema, &nested(8)), Err(TooCostly::Steps));
    }
}
