//! Demands that are compared as they stand: nobody could say what a change of them admits.
//!
//! References are followed, so that a condition is what it comes to and not how it is written.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::close::reference;
use super::members::Named;

/// Conditions, and the keywords that mean nothing without them.
const CONDITIONS: [(&str, &[&str]); 4] = [
    ("contains", &["contains", "maxContains", "minContains"]),
    ("dependencies", &["dependencies"]),
    ("dependentSchemas", &["dependentSchemas"]),
    ("if", &["else", "if", "then"]),
];
/// The condition that depends on everything beside it.
const REST_OF_ITEMS: &str = "unevaluatedItems";

/// Keywords that forbid nothing where they stand.
const ANNOTATIONS: [&str; 11] = [
    "$comment",
    "$defs",
    "$id",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];
/// Keywords whose value is a schema, or a list of schemas.
const SCHEMAS: [&str; 14] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a map of schemas.
const MAPS: [&str; 4] = ["dependencies", "dependentSchemas", "patternProperties", "properties"];

/// How many schemas are looked at before two conditions are called different.
const MAX_WORK: usize = 1_000_000;
/// How deep schemas are followed before they are called different, and how many references in a row.
const MAX_DEPTH: usize = 256;

/// A demand that is compared as it stands.
#[derive(Debug, Clone)]
pub(super) struct Condition<'a> {
    pub(super) keyword: &'static str,
    object: &'a Map<String, Value>,
    /// The schemas around it that decide about members left over.
    pub(super) inside: Vec<usize>,
}

impl<'a> Condition<'a> {
    /// Lists the conditions of one schema.
    pub(super) fn of(object: &'a Map<String, Value>, inside: &[usize]) -> Vec<Self> {
        let keywords = CONDITIONS.iter().map(|(keyword, _)| *keyword).chain([REST_OF_ITEMS]);
        keywords
            .filter(|keyword| object.contains_key(*keyword))
            .map(|keyword| Self { keyword, object, inside: inside.to_vec() })
            .collect()
    }

    /// Returns the names of members that are known where it holds.
    pub(super) fn named(&self, root: &'a Value) -> Named<'a> {
        let keywords: &[&str] = match self.keyword {
            "if" => &["if", "then", "else"],
            "dependencies" | "dependentSchemas" => &[self.keyword],
            _ => &[],
        };
        let parts = keywords.iter().filter_map(|keyword| self.object.get(*keyword));
        let parts = parts.flat_map(|part| match part.as_object() {
            Some(map) if self.keyword != "if" => map.values().collect(),
            _ => vec![part],
        });
        parts.fold(Named::default(), |named, part| named.and(Named::by(part, root)))
    }
}

/// Finds what an old and a new document say alike.
pub(super) struct Sameness<'a> {
    old: &'a Value,
    new: &'a Value,
    /// How many schemas were looked at.
    work: usize,
    depth: usize,
}

impl<'a> Sameness<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Self {
        Self { old, new, work: 0, depth: 0 }
    }

    /// Returns whether two conditions come to the same.
    pub(super) fn is_same(&mut self, old: &Condition<'a>, new: &Condition<'a>) -> bool {
        let own = CONDITIONS.iter().find(|(keyword, _)| *keyword == new.keyword);
        let counts = |keyword: &str| own.is_none_or(|(_, keywords)| keywords.contains(&keyword));
        old.keyword == new.keyword
            && self.objects(old.object, new.object, &counts, &mut HashSet::new())
    }

    /// Returns whether two schemas come to the same.
    pub(super) fn is_same_schema(&mut self, old: &'a Value, new: &'a Value) -> bool {
        self.schemas(old, new, &mut HashSet::new())
    }

    /// Compares two schemas. What is `assumed` is being compared already: a schema that refers to itself is what it
    /// is if all else is the same.
    fn schemas(
        &mut self,
        old: &'a Value,
        new: &'a Value,
        assumed: &mut HashSet<(usize, usize)>,
    ) -> bool {
        self.work += 1;
        let (old, new) = (target(old, self.old), target(new, self.new));
        let (Value::Object(old), Value::Object(new)) = (old, new) else { return old == new };
        let both = (std::ptr::from_ref(old).addr(), std::ptr::from_ref(new).addr());
        if self.work > MAX_WORK || self.depth > MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        let is_same = !assumed.insert(both) || self.objects(old, new, &|_| true, assumed);
        self.depth -= 1;
        is_same
    }

    fn objects(
        &mut self,
        old: &'a Map<String, Value>,
        new: &'a Map<String, Value>,
        counts: &dyn Fn(&str) -> bool,
        assumed: &mut HashSet<(usize, usize)>,
    ) -> bool {
        let counts = |keyword: &str| !ANNOTATIONS.contains(&keyword) && counts(keyword);
        let of = |object: &'a Map<String, Value>| {
            object.iter().filter(|(keyword, _)| counts(keyword)).count()
        };
        if of(old) != of(new) {
            return false;
        }
        old.iter().filter(|(keyword, _)| counts(keyword)).all(|(keyword, old)| {
            new.get(keyword).is_some_and(|new| self.keywords(keyword, old, new, assumed))
        })
    }

    fn keywords(
        &mut self,
        keyword: &str,
        old: &'a Value,
        new: &'a Value,
        assumed: &mut HashSet<(usize, usize)>,
    ) -> bool {
        match (old, new) {
            (Value::String(_), Value::String(_)) if keyword == "$ref" => {
                match (pointed(old, self.old), pointed(new, self.new)) {
                    (Some(old), Some(new)) => self.schemas(old, new, assumed),
                    // What is defined elsewhere is the same if it is called the same.
                    (former, latter) => former == latter && old == new,
                }
            }
            (Value::Array(old), Value::Array(new)) if SCHEMAS.contains(&keyword) => {
                old.len() == new.len()
                    && old.iter().zip(new).all(|(old, new)| self.schemas(old, new, assumed))
            }
            _ if SCHEMAS.contains(&keyword) => self.schemas(old, new, assumed),
            (Value::Object(old), Value::Object(new)) if MAPS.contains(&keyword) => {
                old.len() == new.len()
                    && old.iter().all(|(name, old)| {
                        new.get(name).is_some_and(|new| self.schemas(old, new, assumed))
                    })
            }
            _ => old == new,
        }
    }
}

/// Follows references that stand alone.
fn target<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut found = schema;
    for _ in 0..MAX_DEPTH {
        let Some(object) = found.as_object() else { break };
        let alone = object
            .keys()
            .all(|keyword| keyword == "$ref" || ANNOTATIONS.contains(&keyword.as_str()));
        let Some(next) = reference(object, root).filter(|_| alone) else { break };
        found = next;
    }
    found
}

fn pointed<'a>(wanted: &Value, root: &'a Value) -> Option<&'a Value> {
    root.pointer(wanted.as_str()?.strip_prefix('#')?)
}
