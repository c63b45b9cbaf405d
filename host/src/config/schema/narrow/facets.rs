//! A schema taken apart into what it demands, so that two of them can be compared demand by demand.
//!
//! All schemas that apply to one value (`allOf`, `$ref`, what stands beside them) are brought together here;
//! alternatives (`anyOf`, `oneOf`) stay apart until somebody chooses one of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::close::reference;

/// How deep references and `allOf` are followed at one position.
const MAX_DEPTH: usize = 32;
/// What accepts nothing.
static NEVER: Value = Value::Bool(false);

/// The types of JSON, with numbers in two halves: `number` is both.
pub(super) const TYPES: [&str; 7] =
    ["array", "boolean", "integer", "null", "object", "string", "fraction"];

/// Keywords that count something, the least first; below them the most.
pub(super) const COUNTS: [(&str, &str, &str); 6] = [
    ("minLength", "string", "characters"),
    ("minItems", "array", "items"),
    ("minProperties", "object", "names"),
    ("maxLength", "string", "characters"),
    ("maxItems", "array", "items"),
    ("maxProperties", "object", "names"),
];

/// Keywords that are compared as they stand: nobody could say what a change of them admits.
const OPAQUE: [&str; 9] = [
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "maxContains",
    "minContains",
    "not",
    "propertyNames",
    "unevaluatedItems",
];

/// The least or the most that a number may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    pub(super) value: f64,
    /// Whether the number itself is out of bounds.
    pub(super) exclusive: bool,
}

/// What one schema says about the members of an object.
#[derive(Debug, Clone)]
struct Members<'a> {
    named: Option<&'a Map<String, Value>>,
    patterns: Option<&'a Map<String, Value>>,
    others: Option<&'a Value>,
}

/// What one schema says about the items of a list.
#[derive(Debug, Clone)]
struct Items<'a> {
    first: &'a [Value],
    others: Option<&'a Value>,
}

/// Everything that is demanded of one value.
#[derive(Debug, Clone)]
pub(super) struct Facets<'a> {
    root: &'a Value,
    /// Types that are accepted.
    pub(super) types: BTreeSet<&'static str>,
    /// The only values that are accepted, if they are listed.
    pub(super) values: Option<Vec<&'a Value>>,
    pub(super) least: Option<Bound>,
    pub(super) most: Option<Bound>,
    pub(super) counts: BTreeMap<&'static str, u64>,
    pub(super) patterns: BTreeSet<&'a str>,
    pub(super) multiples: Vec<f64>,
    pub(super) unique: bool,
    pub(super) required: BTreeSet<&'a str>,
    members: Vec<Members<'a>>,
    unevaluated: Option<&'a Value>,
    items: Vec<Items<'a>>,
    alternatives: Vec<Vec<&'a Value>>,
    pub(super) opaque: BTreeMap<&'static str, Vec<&'a Value>>,
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
            multiples: Vec::new(),
            unique: false,
            required: BTreeSet::new(),
            members: Vec::new(),
            unevaluated: None,
            items: Vec::new(),
            alternatives: Vec::new(),
            opaque: BTreeMap::new(),
        };
        for schema in schemas {
            facets.add(schema, 0);
        }
        facets
    }

    /// Returns whether nothing at all is accepted.
    pub(super) fn is_never(&self) -> bool {
        self.types.is_empty() || self.values.as_ref().is_some_and(Vec::is_empty)
    }

    /// Returns one for each of the first alternatives; `None` if there are no alternatives.
    pub(super) fn chosen(&self) -> Option<Vec<Self>> {
        let mut rest = self.clone();
        let branches = (!rest.alternatives.is_empty()).then(|| rest.alternatives.remove(0))?;
        let with = |branch: &&'a Value| {
            let mut chosen = rest.clone();
            chosen.add(branch, 0);
            chosen
        };
        Some(branches.iter().map(with).filter(|chosen| !chosen.is_never()).collect())
    }

    /// Takes apart what can be told apart by its value or its type; `None` if it is one already.
    pub(super) fn pieces(&self) -> Option<Vec<Self>> {
        if let Some(values) = self.values.as_ref().filter(|values| values.len() > 1) {
            let one = |value: &&'a Value| Self { values: Some(vec![*value]), ..self.clone() };
            return Some(values.iter().map(one).collect());
        }
        if self.values.is_some() || self.types.len() < 2 {
            return None;
        }
        let one = |name: &&'static str| Self { types: [*name].into(), ..self.clone() };
        Some(self.types.iter().map(one).collect())
    }

    /// Lists the names of members that are mentioned.
    pub(super) fn names(&self) -> BTreeSet<&'a str> {
        let named = self.members.iter().filter_map(|members| members.named);
        named.flat_map(Map::keys).map(String::as_str).collect()
    }

    /// Lists the patterns of names of members.
    pub(super) fn name_patterns(&self) -> BTreeSet<&'a str> {
        let patterns = self.members.iter().filter_map(|members| members.patterns);
        patterns.flat_map(Map::keys).map(String::as_str).collect()
    }

    /// Returns what is demanded of the member of a name.
    pub(super) fn member(&self, name: &str) -> Vec<&'a Value> {
        let mut demands = Vec::new();
        let mut is_named = false;
        for members in &self.members {
            let named = members.named.and_then(|named| named.get(name));
            is_named |= named.is_some();
            demands.extend(named.or(members.others));
        }
        demands.extend(self.unevaluated.filter(|_| !is_named));
        demands
    }

    /// Returns what is demanded of members whose names fit a pattern.
    pub(super) fn matching(&self, pattern: &str) -> Vec<&'a Value> {
        let mut demands = Vec::new();
        let mut is_known = false;
        for members in &self.members {
            let known = members.patterns.and_then(|patterns| patterns.get(pattern));
            is_known |= known.is_some();
            demands.extend(known.or(members.others));
        }
        demands.extend(self.unevaluated.filter(|_| !is_known));
        demands
    }

    /// Returns what is demanded of members that are not mentioned.
    pub(super) fn other_members(&self) -> Vec<&'a Value> {
        let others = self.members.iter().filter_map(|members| members.others);
        others.chain(self.unevaluated).collect()
    }

    /// Returns how many items are told apart by their places.
    pub(super) fn places(&self) -> usize {
        self.items.iter().map(|items| items.first.len()).max().unwrap_or_default()
    }

    /// Returns what is demanded of the item at a place.
    pub(super) fn item(&self, place: usize) -> Vec<&'a Value> {
        self.items.iter().filter_map(|items| items.first.get(place).or(items.others)).collect()
    }

    fn add(&mut self, schema: &'a Value, depth: usize) {
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
        self.add_members(object);
        self.add_items(object);
        for keyword in OPAQUE {
            if let Some(value) = object.get(keyword) {
                self.opaque.entry(keyword).or_default().push(value);
            }
            // The two halves of a condition mean nothing without it.
            for half in ["then", "else"].iter().filter(|_| keyword == "if") {
                let parts = object.get(keyword).and(object.get(*half));
                self.opaque.entry(half).or_default().extend(parts);
            }
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(branches) = object.get(keyword).and_then(Value::as_array) {
                self.add_alternatives(branches);
            }
        }
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.add(part, depth + 1);
        }
        if let Some(target) = reference(object, self.root) {
            self.add(target, depth + 1);
        }
    }

    /// Adds alternatives; those that are single values are a list of values.
    fn add_alternatives(&mut self, branches: &'a [Value]) {
        let listed: Option<Vec<&'a Value>> = branches.iter().map(only_value).collect();
        match listed {
            Some(values) => self.limit_values(values),
            None => self.alternatives.push(branches.iter().collect()),
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
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            self.limit_values(values.iter().collect());
        }
        if let Some(value) = object.get("const") {
            self.limit_values(vec![value]);
        }
        if let Some(values) = &mut self.values {
            values.retain(|value| self.types.contains(type_of(value)));
        }
    }

    fn limit_values(&mut self, mut values: Vec<&'a Value>) {
        if let Some(present) = &self.values {
            values.retain(|value| present.contains(value));
        }
        values.retain(|value| self.types.contains(type_of(value)));
        self.values = Some(values);
    }

    fn add_bounds(&mut self, object: &'a Map<String, Value>) {
        let bound = |keyword: &str, exclusive| {
            let value = object.get(keyword)?.as_f64()?;
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
            let Some(new) = object.get(keyword).and_then(Value::as_u64) else { continue };
            let tighter =
                |old: u64| if keyword.starts_with("min") { old.max(new) } else { old.min(new) };
            let count = self.counts.get(keyword).map_or(new, |old| tighter(*old));
            self.counts.insert(keyword, count);
        }
        self.patterns.extend(object.get("pattern").and_then(Value::as_str));
        self.multiples.extend(object.get("multipleOf").and_then(Value::as_f64));
        self.unique |= object.get("uniqueItems") == Some(&Value::Bool(true));
    }

    fn add_members(&mut self, object: &'a Map<String, Value>) {
        let map = |keyword: &str| object.get(keyword).and_then(Value::as_object);
        let members = Members {
            named: map("properties"),
            patterns: map("patternProperties"),
            others: object.get("additionalProperties"),
        };
        if members.named.is_some() || members.patterns.is_some() || members.others.is_some() {
            self.members.push(members);
        }
        match object.get("unevaluatedProperties") {
            Some(Value::Bool(false)) => self.unevaluated = Some(&NEVER),
            other => self.unevaluated = self.unevaluated.or(other),
        }
        let required = object.get("required").and_then(Value::as_array).into_iter().flatten();
        self.required.extend(required.filter_map(Value::as_str));
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

impl Bound {
    /// Returns the bound that admits less, of two lower ones.
    fn higher(self, other: Self) -> Self {
        let is_tighter = other.value > self.value || (other.value == self.value && other.exclusive);
        if is_tighter { other } else { self }
    }

    /// Returns the bound that admits less, of two upper ones.
    fn lower(self, other: Self) -> Self {
        let is_tighter = other.value < self.value || (other.value == self.value && other.exclusive);
        if is_tighter { other } else { self }
    }

    /// Returns whether a lower bound admits a number.
    pub(super) fn admits_from_below(self, value: f64) -> bool {
        value > self.value || (value == self.value && !self.exclusive)
    }

    /// Returns whether an upper bound admits a number.
    pub(super) fn admits_from_above(self, value: f64) -> bool {
        value < self.value || (value == self.value && !self.exclusive)
    }
}

/// Returns the only value that a schema accepts, if it says nothing else.
fn only_value(schema: &Value) -> Option<&Value> {
    let object = schema.as_object()?;
    let value = match (object.get("const"), object.get("enum").and_then(Value::as_array)) {
        (Some(value), None) => value,
        (None, Some(values)) => match values.as_slice() {
            [value] => value,
            _ => return None,
        },
        _ => return None,
    };
    let says = ["const", "enum", "type", "title", "description", "deprecated", "default"];
    object.keys().all(|keyword| says.contains(&keyword.as_str())).then_some(value)
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
