//! A schema taken apart into what it demands, so that two of them can be compared demand by demand.
//!
//! All schemas that apply to one value (`allOf`, `$ref`, what stands beside them) are brought together here;
//! alternatives (`anyOf`, `oneOf`) stay apart until somebody chooses one of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::close::reference;
use super::alternatives::{Alternatives, Excluded};
use super::condition::Condition;
use super::members::{Leftover, Members};
use super::number::{Bound, count, equal};

/// How deep references and `allOf` are followed at one position; a schema that is deeper is not compared at all.
const MAX_DEPTH: usize = 256;

/// The types of JSON, with numbers in two halves: `number` is both.
pub(super) const TYPES: [&str; 7] =
    ["array", "boolean", "integer", "null", "object", "string", "fraction"];

/// All values of the types that have few.
static FEW_VALUES: [Value; 3] = [Value::Null, Value::Bool(false), Value::Bool(true)];

/// Keywords that count something, the least first; below them the most.
pub(super) const COUNTS: [(&str, &str, &str); 6] = [
    ("minLength", "string", "characters"),
    ("minItems", "array", "items"),
    ("minProperties", "object", "names"),
    ("maxLength", "string", "characters"),
    ("maxItems", "array", "items"),
    ("maxProperties", "object", "names"),
];

/// What one schema says about the items of a list.
#[derive(Debug, Clone)]
struct Items<'a> {
    first: &'a [Value],
    others: Option<&'a Value>,
}

/// Everything that is demanded of one value.
#[derive(Debug, Clone)]
pub(super) struct Facets<'a> {
    pub(super) root: &'a Value,
    /// Types that are accepted.
    pub(super) types: BTreeSet<&'static str>,
    /// The only values that are accepted, if they are listed.
    pub(super) values: Option<Vec<&'a Value>>,
    pub(super) least: Option<Bound<'a>>,
    pub(super) most: Option<Bound<'a>>,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) patterns: BTreeSet<&'a str>,
    pub(super) formats: BTreeSet<&'a str>,
    pub(super) multiples: Vec<&'a Value>,
    pub(super) unique: bool,
    pub(super) required: BTreeSet<&'a str>,
    /// Pairs of names of which the first asks for the second.
    pub(super) dependent: BTreeSet<(&'a str, &'a str)>,
    pub(super) members: Vec<Members<'a>>,
    /// What is demanded of the names of members.
    pub(super) naming: Vec<&'a Value>,
    pub(super) leftovers: Vec<Leftover<'a>>,
    items: Vec<Items<'a>>,
    pub(super) alternatives: Vec<Alternatives<'a>>,
    /// Alternatives that were chosen.
    pub(super) chosen: Vec<&'a Value>,
    pub(super) excluded: Vec<Excluded<'a>>,
    pub(super) conditions: Vec<Condition<'a>>,
    /// Whether a part is defined elsewhere, or says itself how it is to be read.
    pub(super) is_foreign: bool,
    /// How many schemas were brought together.
    pub(super) size: usize,
}

impl<'a> Facets<'a> {
    /// Brings together schemas that all apply, of one document.
    pub(super) fn of(schemas: &[&'a Value], root: &'a Value) -> Self {
        let mut facets = Self {
            root,
            types: TYPES.into(),
            values: None,
            least: None,
            most: None,
            counts: BTreeMap::new(),
            patterns: BTreeSet::new(),
            formats: BTreeSet::new(),
            multiples: Vec::new(),
            unique: false,
            required: BTreeSet::new(),
            dependent: BTreeSet::new(),
            members: Vec::new(),
            naming: Vec::new(),
            leftovers: Vec::new(),
            items: Vec::new(),
            alternatives: Vec::new(),
            chosen: Vec::new(),
            excluded: Vec::new(),
            conditions: Vec::new(),
            is_foreign: false,
            size: 0,
        };
        for schema in schemas {
            facets.add(schema, &[], 0);
        }
        facets
    }

    /// Returns whether nothing at all is accepted.
    pub(super) fn is_never(&self) -> bool {
        self.types.is_empty() || self.values.as_ref().is_some_and(Vec::is_empty)
    }

    /// Takes apart what can be told apart by its type; `None` if it is one already.
    pub(super) fn pieces(&self) -> Option<Vec<Self>> {
        if self.types.len() < 2 {
            return None;
        }
        let one = |name: &&'static str| Self { types: [*name].into(), ..self.clone() };
        Some(self.types.iter().map(one).collect())
    }

    /// Lists the values that are accepted if these types have no others.
    pub(super) fn few_values(&self) -> Option<Vec<&'a Value>> {
        let is_few = self.types.iter().all(|name| matches!(*name, "boolean" | "null"));
        let accepted = FEW_VALUES.iter().filter(|value| self.types.contains(type_of(value)));
        is_few.then(|| accepted.collect())
    }

    /// Accepts only what is of a type.
    pub(super) fn keep_only(&mut self, name: &str) {
        self.types.retain(|one| *one == name);
        self.drop_values();
    }

    /// Returns how many items are told apart by their places.
    pub(super) fn places(&self) -> usize {
        self.items.iter().map(|items| items.first.len()).max().unwrap_or_default()
    }

    /// Returns what is demanded of the item at a place.
    pub(super) fn item(&self, place: usize) -> Vec<&'a Value> {
        self.items.iter().filter_map(|items| items.first.get(place).or(items.others)).collect()
    }

    /// Adds what a schema demands. `inside` are the schemas around it that say what becomes of members left over.
    pub(super) fn add(&mut self, schema: &'a Value, inside: &[usize], depth: usize) {
        self.size += 1;
        let object = match schema {
            Value::Object(object) if depth < MAX_DEPTH => object,
            Value::Bool(false) => {
                self.types.clear();
                return;
            }
            _ => return,
        };
        self.add_values(object);
        self.add_bounds(object);
        self.add_items(object);
        let inside = self.add_members(object, inside);
        let target = reference(object, self.root);
        self.is_foreign |=
            object.contains_key("$schema") || (object.contains_key("$ref") && target.is_none());
        let excluded = object.get("not");
        self.excluded.extend(excluded.map(|schema| Excluded { schema, keyword: "not" }));
        self.conditions.extend(Condition::of(object, &inside));
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = object.get(keyword).and_then(Value::as_array) {
                self.add_alternatives(branches, keyword == "anyOf", &inside);
            }
        }
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.add(part, &inside, depth + 1);
        }
        if let Some(target) = target {
            self.add(target, &inside, depth + 1);
        }
    }

    fn add_values(&mut self, object: &'a Map<String, Value>) {
        let names: Option<Vec<&str>> = match object.get("type") {
            Some(Value::String(name)) => Some(vec![name]),
            Some(Value::Array(names)) => Some(names.iter().filter_map(Value::as_str).collect()),
            _ => None,
        };
        if let Some(names) = names {
            self.types.retain(|one| {
                let number = matches!(*one, "integer" | "fraction") && names.contains(&"number");
                number || names.contains(one)
            });
        }
        self.drop_values();
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            self.limit_values(values.iter().collect());
        }
        if let Some(value) = object.get("const") {
            self.limit_values(vec![value]);
        }
    }

    /// Drops listed values of types that are not accepted.
    fn drop_values(&mut self) {
        if let Some(values) = &mut self.values {
            values.retain(|value| self.types.contains(type_of(value)));
        }
    }

    pub(super) fn limit_values(&mut self, mut values: Vec<&'a Value>) {
        if let Some(present) = &self.values {
            values.retain(|value| present.iter().any(|one| equal(one, value)));
        }
        self.values = Some(values);
        self.drop_values();
    }

    fn add_bounds(&mut self, object: &'a Map<String, Value>) {
        let bound = |keyword: &str, exclusive| {
            let value = object.get(keyword).filter(|value| value.is_number())?;
            Some(Bound { value, exclusive })
        };
        for new in [bound("minimum", false), bound("exclusiveMinimum", true)].into_iter().flatten()
        {
            self.least = Some(self.least.map_or(new, |old| old.higher(new)));
        }
        for new in [bound("maximum", false), bound("exclusiveMaximum", true)].into_iter().flatten()
        {
            self.most = Some(self.most.map_or(new, |old| old.lower(new)));
        }
        for (keyword, ..) in COUNTS {
            let Some(new) = object.get(keyword).and_then(count) else { continue };
            let tighter =
                |old: u64| if keyword.starts_with("min") { old.max(new) } else { old.min(new) };
            let count = self.counts.get(keyword).map_or(new, |old| tighter(*old));
            self.counts.insert(keyword, count);
        }
        self.patterns.extend(object.get("pattern").and_then(Value::as_str));
        self.formats.extend(object.get("format").and_then(Value::as_str));
        self.multiples.extend(object.get("multipleOf").filter(|value| value.is_number()));
        self.unique |= object.get("uniqueItems") == Some(&Value::Bool(true));
    }

    /// Adds what a schema says about members; returns the schemas whose leftovers it decides about.
    fn add_members(&mut self, object: &'a Map<String, Value>, inside: &[usize]) -> Vec<usize> {
        let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
        self.required.extend(required.filter_map(Value::as_str));
        let dependent = object.get("dependentRequired").and_then(Value::as_object);
        for (name, needed) in dependent.into_iter().flatten() {
            let needed = needed.as_array().into_iter().flatten().filter_map(Value::as_str);
            self.dependent.extend(needed.map(|needed| (name.as_str(), needed)));
        }
        let mut inside = inside.to_vec();
        if let Some(demand) = object.get("unevaluatedProperties") {
            self.leftovers.push(Leftover { demand, inside: inside.clone() });
            inside.push(self.leftovers.len() - 1);
        }
        self.members.extend(Members::of(object, &inside));
        self.naming.extend(object.get("propertyNames"));
        inside
    }

    fn add_items(&mut self, object: &'a Map<String, Value>) {
        let first = object.get("prefixItems").and_then(Value::as_array);
        let items = Items {
            first: first.map(Vec::as_slice).unwrap_or_default(),
            others: object.get("items"),
        };
        if !items.first.is_empty() || items.others.is_some() {
            self.items.push(items);
        }
    }
}

/// Returns the type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|value| value.fract() == 0.0) => {
            "integer"
        }
        Value::Number(_) => "fraction",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
