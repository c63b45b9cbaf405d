//! What holds for any two schemas: where nothing is reported, the new one accepts whatever the former one does.

use serde_json::{Map, Value, json};

use super::narrowings;
use crate::config::Schema;
use crate::sample::{Random, Sampler};
use crate::source::{Location, Node, SourceFile};

/// How many pairs of schemas are compared.
const PAIRS: u64 = 2_000;
/// How many values are drawn for a pair of which nothing is reported.
const VALUES: usize = 30;

const NAMES: [&str; 4] = ["a", "ab", "b", "c"];
const NAME_PATTERNS: [&str; 3] = ["^a", "b$", "^b"];
const TEXTS: [&str; 5] = ["", "a", "ab", "b", "B"];
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Keywords that are drawn together: those that have to do with each other meet more often than by chance.
const THEMES: [&str; 7] = [
    "properties patternProperties additionalProperties allOf required maxProperties",
    "properties unevaluatedProperties unevaluatedProperties allOf anyOf $ref",
    "properties unevaluatedProperties if dependentSchemas additionalProperties",
    "not if contains propertyNames dependentRequired dependentSchemas $ref",
    "oneOf oneOf not properties required unevaluatedProperties type const",
    "items prefixItems unevaluatedItems contains minContains maxItems uniqueItems allOf",
    "type enum const minimum exclusiveMaximum multipleOf minLength pattern anyOf allOf $ref properties items",
];

struct Maker {
    random: Random,
    keywords: Vec<&'static str>,
}

impl Maker {
    fn new(seed: u64, index: u64) -> Self {
        let mut maker = Self { random: Random::new(seed, index), keywords: Vec::new() };
        maker.keywords = maker.pick(&THEMES).split(' ').collect();
        maker
    }

    fn up_to(&mut self, last: u64) -> u64 {
        self.random.draw() % (last + 1)
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.up_to(times - 1) == 0
    }

    fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.up_to(length as u64 - 1)).unwrap()
    }

    fn pick<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.place(texts.len())]
    }

    fn keyword(&mut self) -> &'static str {
        let place = self.place(self.keywords.len());
        self.keywords[place]
    }

    fn document(&mut self) -> Value {
        let mut root = self.object(2);
        let definitions = json!({"x": self.schema(1), "y": self.schema(1)});
        root.insert("$defs".to_owned(), definitions);
        Value::Object(root)
    }

    fn schema(&mut self, depth: u64) -> Value {
        if depth > 0 && !self.one_in(3) {
            return Value::Object(self.object(depth));
        }
        let leaves = [
            json!(true),
            json!(true),
            json!(false),
            json!({}),
            json!({"type": "integer"}),
            json!({"type": "string"}),
            json!({"minimum": 1}),
            json!({"maxLength": 1}),
            json!({"pattern": "^[a-z]$"}),
            json!({"const": 1}),
            json!({"required": ["a"]}),
            json!({"$ref": "#/$defs/x"}),
            json!({"$ref": "#/$defs/y"}),
        ];
        leaves[self.place(leaves.len())].clone()
    }

    fn object(&mut self, depth: u64) -> Map<String, Value> {
        let mut object = Map::new();
        for _ in 0..=self.up_to(3) {
            let keyword = self.keyword();
            let argument = self.argument(keyword, depth.saturating_sub(1));
            object.insert(keyword.to_owned(), argument);
            if keyword == "if" {
                for half in ["then", "else"] {
                    object.insert(half.to_owned(), self.schema(depth.saturating_sub(1)));
                }
            }
        }
        object
    }

    fn argument(&mut self, keyword: &str, depth: u64) -> Value {
        match keyword {
            "type" if self.one_in(3) => json!([self.pick(&TYPES[..3]), self.pick(&TYPES[3..])]),
            "type" => self.pick(&TYPES).into(),
            "enum" => (0..=self.up_to(2)).map(|_| self.value(1)).collect(),
            "const" => self.value(1),
            "minimum" => self.up_to(2).into(),
            "exclusiveMaximum" | "multipleOf" => (1 + self.up_to(3)).into(),
            "minLength" | "maxItems" | "minContains" | "maxProperties" => self.up_to(3).into(),
            "pattern" => self.pick(&["^a", "b$", "^[a-z]*$"]).into(),
            "uniqueItems" => true.into(),
            "prefixItems" | "allOf" | "anyOf" | "oneOf" => {
                (0..=self.up_to(1)).map(|_| self.schema(depth)).collect()
            }
            "properties" => self.map(&NAMES, depth),
            "patternProperties" => self.map(&NAME_PATTERNS, depth),
            "dependentSchemas" => self.map(&NAMES[..2], depth),
            "dependentRequired" => json!({ self.pick(&NAMES): [self.pick(&NAMES)] }),
            "required" => json!([self.pick(&NAMES)]),
            "propertyNames" if self.one_in(2) => json!({ "pattern": self.pick(&NAME_PATTERNS) }),
            "unevaluatedProperties" | "unevaluatedItems" if !self.one_in(4) => false.into(),
            "additionalProperties" if self.one_in(3) => false.into(),
            "$ref" => self.pick(&["#/$defs/x", "#/$defs/y"]).into(),
            _ => self.schema(depth),
        }
    }

    fn map(&mut self, names: &[&str], depth: u64) -> Value {
        let mut map = Map::new();
        for _ in 0..=self.up_to(1) {
            map.insert(self.pick(names).to_owned(), self.schema(depth));
        }
        Value::Object(map)
    }

    /// Draws a value of which parts of schemas could care.
    fn value(&mut self, depth: u64) -> Value {
        match self.up_to(if depth == 0 { 6 } else { 12 }) {
            0 => Value::Null,
            1 => 1.5.into(),
            2..=4 => self.up_to(4).into(),
            5 | 6 => self.pick(&TEXTS).into(),
            7 | 8 => (0..self.up_to(3)).map(|_| self.value(depth - 1)).collect(),
            _ => self.members(depth - 1),
        }
    }

    fn members(&mut self, depth: u64) -> Value {
        let mut members = Map::new();
        for _ in 0..self.up_to(4) {
            members.insert(self.pick(&NAMES).to_owned(), self.value(depth));
        }
        Value::Object(members)
    }

    /// Changes a document in a few places.
    fn changed(&mut self, document: &Value) -> Value {
        let mut changed = document.clone();
        let times = if self.one_in(3) { 2 } else { 1 };
        for _ in 0..times {
            let mut places = Vec::new();
            note(&changed, String::new(), false, &mut places);
            let place = self.place(places.len());
            let place = changed.pointer_mut(&places[place]).unwrap();
            match place {
                Value::Object(object) if !self.one_in(6) => match self.up_to(4) {
                    0 | 1 => {
                        let keyword = self.keyword();
                        object.insert(keyword.to_owned(), self.argument(keyword, 1));
                    }
                    2 if !object.contains_key("$defs") => {
                        *place = json!({ "allOf": [place.take(), self.schema(1)] });
                    }
                    _ => {
                        let keywords: Vec<String> =
                            object.keys().filter(|keyword| *keyword != "$defs").cloned().collect();
                        if !keywords.is_empty() {
                            object.remove(&keywords[self.place(keywords.len())]);
                        }
                    }
                },
                Value::Object(object) if object.contains_key("$defs") => {}
                _ => *place = self.schema(1),
            }
        }
        changed
    }
}

/// Lists the places of schemas.
fn note(value: &Value, pointer: String, is_map: bool, places: &mut Vec<String>) {
    let maps = ["properties", "patternProperties", "dependentSchemas", "$defs"];
    let values = ["enum", "const", "required", "dependentRequired", "type", "uniqueItems"];
    if value.is_boolean() || (value.is_object() && !is_map) {
        places.push(pointer.clone());
    }
    for (name, part) in value.as_object().into_iter().flatten() {
        if is_map || !values.contains(&name.as_str()) {
            let is_map = !is_map && maps.contains(&name.as_str());
            note(part, format!("{pointer}/{name}"), is_map, places);
        }
    }
    for (place, part) in value.as_array().into_iter().flatten().enumerate() {
        note(part, format!("{pointer}/{place}"), false, places);
    }
}

fn is_accepted(schema: &Schema, value: &Value) -> bool {
    let place = Location::new(SourceFile::new("drawn", ""), 1, 1, 1);
    schema.check(&Node::from_json(value, &place), "drawn").is_empty()
}

#[test]
fn what_is_not_reported_is_safe() {
    let (mut safe, mut accepted) = (0, 0);
    for seed in 0..PAIRS {
        let mut maker = Maker::new(5, seed);
        let old = maker.document();
        let new = maker.changed(&old);
        let (Ok(former), Ok(latter)) = (Schema::compile(&old), Schema::compile(&new)) else {
            continue;
        };
        if former.closed() == latter.closed() || !narrowings(&old, &new).is_empty() {
            continue;
        }
        safe += 1;
        let sampler = Sampler::new(former.closed());
        for round in 0..VALUES {
            let value = match round % 4 {
                0 => sampler.draw(&mut maker.random),
                1 | 2 => maker.members(1),
                _ => maker.value(2),
            };
            if is_accepted(&former, &value) {
                accepted += 1;
                assert!(
                    is_accepted(&latter, &value),
                    "seed {seed}: {value} is not accepted any more, and nothing says so:\n{old}\n{new}"
                );
            }
        }
    }
    // Otherwise nothing was shown.
    assert!(safe > 200 && accepted > 2_000, "{safe} pairs without a report, {accepted} values");
}

#[test]
fn a_property_more_is_not_reported() {
    let mut compared = 0;
    for seed in 0..PAIRS {
        let mut maker = Maker::new(6, seed);
        let old = maker.document();
        if Schema::compile(&old).is_err() || !old["properties"].is_object() {
            continue;
        }
        let mut new = old.clone();
        new["properties"]["more"] = json!({});
        compared += 1;
        assert_eq!(narrowings(&old, &new), [], "seed {seed}: {old}");
    }
    assert!(compared > 200, "{compared} pairs");
}
