//! From a schema to a value.

use serde_json::{Map, Number, Value, json};

use super::{Random, text};

/// How deep optional parts are drawn; below, only what must be there.
const MAX_DEPTH: usize = 6;
/// How deep a value is drawn at all: a schema can demand a value without end.
const END: usize = 40;
/// The most items that an array is given beyond what it must have.
const MORE_ITEMS: usize = 3;

/// Draws values for one schema.
#[derive(Debug, Clone, Copy)]
pub struct Sampler<'s> {
    root: &'s Value,
}

/// How many parts of a value are drawn to be strange: one in so many, or none.
#[derive(Debug, Clone, Copy)]
struct Share(Option<usize>);

impl Share {
    const NONE: Self = Self(None);
    const SOME: Self = Self(Some(8));
    const ALL: Self = Self(Some(1));
}

/// One value while it is drawn.
struct Drawing<'r> {
    random: &'r mut Random,
    strange: Share,
}

impl Drawing<'_> {
    fn is_strange(&mut self) -> bool {
        self.strange.0.is_some_and(|times| self.random.one_in(times))
    }

    /// Whether a part is drawn that need not be there.
    fn wants(&mut self) -> bool {
        self.random.one_in(if self.strange.0.is_none() { 3 } else { 2 })
    }

    fn text(&mut self, schema: &Map<String, Value>) -> String {
        let strange = self.is_strange();
        text::draw(schema, strange, self.random)
    }
}

impl<'s> Sampler<'s> {
    /// Prepares drawing for a JSON Schema (draft 2020-12).
    pub fn new(schema: &'s Value) -> Self {
        Self { root: schema }
    }

    /// Draws a value that is likely to fit.
    ///
    /// Some are plain all through, because a module that rejects all it is asked was hardly tested; some are strange
    /// in one place or another, and some everywhere.
    pub fn draw(&self, random: &mut Random) -> Value {
        let strange = random.pick(&[Share::NONE, Share::SOME, Share::ALL]);
        self.value(
            self.root,
            0,
            &mut Drawing { random, strange: strange.copied().unwrap_or(Share::ALL) },
        )
    }

    fn value(&self, schema: &Value, depth: usize, drawing: &mut Drawing<'_>) -> Value {
        if depth > END {
            return Value::Null;
        }
        let Some(schema) = schema.as_object() else { return scalar(drawing) };
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return drawing.random.pick(values).cloned().unwrap_or_default();
        }
        if drawing.random.one_in(3)
            && let Some(value) = given(schema, drawing)
        {
            return value;
        }
        if let Some(flat) = self.flattened(schema, drawing) {
            return self.value(&Value::Object(flat), depth + 1, drawing);
        }
        match kind(schema, drawing).as_str() {
            "object" => self.object(schema, depth, drawing),
            "array" => self.array(schema, depth, drawing),
            "string" => drawing.text(schema).into(),
            "integer" => integer(schema, drawing),
            "number" => number(schema, drawing),
            "boolean" => drawing.random.one_in(2).into(),
            "null" => Value::Null,
            _ => scalar(drawing),
        }
    }

    /// Resolves one reference, choice or conjunction; `None` if there is none.
    fn flattened(
        &self,
        schema: &Map<String, Value>,
        drawing: &mut Drawing<'_>,
    ) -> Option<Map<String, Value>> {
        let mut rest = schema.clone();
        if let Some(reference) = rest.remove("$ref") {
            let target =
                reference.as_str().and_then(|text| self.root.pointer(text.strip_prefix('#')?));
            return Some(merged(rest, target.and_then(Value::as_object)));
        }
        if let Some(Value::Array(parts)) = rest.remove("allOf") {
            return Some(parts.iter().map(Value::as_object).fold(rest, merged));
        }
        for choice in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = rest.remove(choice) {
                return Some(merged(
                    rest,
                    drawing.random.pick(&branches).and_then(Value::as_object),
                ));
            }
        }
        None
    }

    fn object(
        &self,
        schema: &Map<String, Value>,
        depth: usize,
        drawing: &mut Drawing<'_>,
    ) -> Value {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut object = Map::new();
        for (name, property) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let wanted = depth < MAX_DEPTH && drawing.wants();
            if (wanted || required.contains(&name.as_str())) && *property != json!(false) {
                object.insert(name.clone(), self.value(property, depth + 1, drawing));
            }
        }
        let least = count(schema, "minProperties").unwrap_or(0);
        let more = least.saturating_sub(object.len()).max(if depth < MAX_DEPTH {
            drawing.random.up_to(2)
        } else {
            0
        });
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let patterns: Vec<(&String, &Value)> = patterns.into_iter().flatten().collect();
        for _ in 0..more {
            if let Some((pattern, property)) = drawing.random.pick(&patterns) {
                let name = drawing.text(&Map::from_iter([("pattern".to_owned(), json!(pattern))]));
                object.insert(name, self.value(property, depth + 1, drawing));
            } else if let Some(other @ Value::Object(_)) = schema.get("additionalProperties") {
                let names = schema.get("propertyNames").and_then(Value::as_object);
                let name = drawing.text(names.unwrap_or(&Map::new()));
                object.insert(name, self.value(other, depth + 1, drawing));
            } else if !schema.contains_key("properties")
                && schema.get("additionalProperties") != Some(&json!(false))
            {
                object.insert(drawing.text(&Map::new()), scalar(drawing));
            }
        }
        Value::Object(object)
    }

    fn array(&self, schema: &Map<String, Value>, depth: usize, drawing: &mut Drawing<'_>) -> Value {
        let least = count(schema, "minItems").unwrap_or(0).min(1000);
        let more = if depth < MAX_DEPTH { drawing.random.up_to(MORE_ITEMS) } else { 0 };
        let length =
            least.saturating_add(more).min(count(schema, "maxItems").unwrap_or(usize::MAX));
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let anything = json!(true);
        let others = schema.get("items").unwrap_or(&anything);
        let mut items: Vec<Value> = (0..length)
            .map(|index| {
                let item = first.and_then(|first| first.get(index)).unwrap_or(others);
                self.value(item, depth + 1, drawing)
            })
            .collect();
        if schema.get("uniqueItems") == Some(&json!(true)) {
            let mut unique: Vec<Value> = Vec::new();
            items.retain(|item| {
                let new = !unique.contains(item);
                if new {
                    unique.push(item.clone());
                }
                new
            });
        }
        Value::Array(items)
    }
}

/// Returns a value that the schema's author wrote down.
fn given(schema: &Map<String, Value>, drawing: &mut Drawing<'_>) -> Option<Value> {
    let examples = schema.get("examples").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let given: Vec<&Value> = schema.get("default").into_iter().chain(examples).collect();
    drawing.random.pick(&given).copied().cloned()
}

/// Puts two schemas together of which both hold.
fn merged(mut one: Map<String, Value>, other: Option<&Map<String, Value>>) -> Map<String, Value> {
    for (key, value) in other.into_iter().flatten() {
        match (key.as_str(), one.get_mut(key), value) {
            ("properties" | "$defs", Some(Value::Object(own)), Value::Object(more)) => {
                own.extend(more.iter().map(|(name, schema)| (name.clone(), schema.clone())));
            }
            ("required", Some(Value::Array(own)), Value::Array(more)) => {
                own.extend(more.iter().cloned());
            }
            _ => {
                one.insert(key.clone(), value.clone());
            }
        }
    }
    one
}

/// Chooses a type that the schema admits.
fn kind(schema: &Map<String, Value>, drawing: &mut Drawing<'_>) -> String {
    let implied = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            drawing.random.pick(names).and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ if implied(&["properties", "additionalProperties", "required", "patternProperties"]) => {
            "object".to_owned()
        }
        _ if implied(&["items", "prefixItems", "minItems"]) => "array".to_owned(),
        _ if implied(&["pattern", "minLength", "maxLength", "format"]) => "string".to_owned(),
        _ if implied(&["minimum", "maximum", "multipleOf"]) => "number".to_owned(),
        _ => String::new(),
    }
}

fn count(schema: &Map<String, Value>, key: &str) -> Option<usize> {
    schema.get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

fn scalar(drawing: &mut Drawing<'_>) -> Value {
    match drawing.random.up_to(4) {
        0 => Value::Null,
        1 => drawing.random.one_in(2).into(),
        2 => json!(drawing.random.up_to(100)),
        _ => drawing.text(&Map::new()).into(),
    }
}

fn integer(schema: &Map<String, Value>, drawing: &mut Drawing<'_>) -> Value {
    let bound = |key: &str| schema.get(key).and_then(whole);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or(bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let low = least.unwrap_or(most.map_or(-1000, |most| most.saturating_sub(1000)).min(0));
    let high = most.unwrap_or(low.max(0).saturating_add(100_000)).max(low);
    let inside = |number: i128| number.clamp(low, high);
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let drawn = match drawing.random.up_to(7) {
        0 => low,
        1 => high,
        2 => inside(0),
        3 => inside(1),
        4 => inside(low.saturating_add(i128::from(drawing.random.draw() >> 58))),
        _ => low.saturating_add(
            i128::from(drawing.random.draw()) % high.saturating_sub(low).saturating_add(1).max(1),
        ),
    };
    let drawn = drawn - drawn.rem_euclid(step);
    let fitting = if drawn < low { drawn.saturating_add(step) } else { drawn };
    i64::try_from(fitting)
        .map(Value::from)
        .or_else(|_| u64::try_from(fitting).map(Value::from))
        .unwrap_or_default()
}

fn number(schema: &Map<String, Value>, drawing: &mut Drawing<'_>) -> Value {
    let bounds = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"];
    let whole_bounds =
        bounds.iter().filter_map(|key| schema.get(*key)).all(|it| whole(it).is_some());
    if whole_bounds && drawing.random.one_in(2) {
        return integer(schema, drawing);
    }
    let bound =
        |keys: [&str; 2]| keys.iter().find_map(|key| schema.get(*key)).and_then(Value::as_f64);
    let low = bound(["minimum", "exclusiveMinimum"]).unwrap_or(-1000.0);
    let high = bound(["maximum", "exclusiveMaximum"]).unwrap_or(low.max(0.0) + 1000.0);
    // A 32-bit share is exact in a double.
    let share =
        f64::from(u32::try_from(drawing.random.draw() >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    Number::from_f64(low + (high - low) * share).map_or(Value::Null, Value::Number)
}

fn whole(value: &Value) -> Option<i128> {
    let float = || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and small enough, as was just checked"
    )]
    value
        .as_i64()
        .map(i128::from)
        .or(value.as_u64().map(i128::from))
        .or(float().map(|number| number as i128))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of 200 drawn values the schema admits.
    fn fitting(schema: &Value) -> usize {
        let validator = jsonschema::validator_for(schema).unwrap();
        let sampler = Sampler::new(schema);
        (0..200)
            .filter(|index| validator.is_valid(&sampler.draw(&mut Random::new(1, *index))))
            .count()
    }

    #[test]
    fn what_is_drawn_fits() {
        for schema in [
            json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer", "minimum": 3}},
                   "required": ["a"], "additionalProperties": false}),
            json!({"type": "array", "items": {"enum": [1, "x", null]}, "minItems": 2, "maxItems": 4}),
            json!({"$ref": "#/$defs/port", "$defs": {"port": {"type": "integer", "minimum": 1, "maximum": 65535}}}),
            json!({"oneOf": [{"const": "a"}, {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]}]}),
            json!({"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "number", "maximum": 0.5, "minimum": 0.25}}}]}),
            json!({"type": "object", "additionalProperties": {"type": ["string", "null"]},
                   "propertyNames": {"pattern": "^[A-Z_]{1,9}$"}}),
            json!({"type": "integer", "multipleOf": 7, "minimum": -100, "maximum": 100}),
            json!({"type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64}),
            json!({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}], "minItems": 2, "maxItems": 2}),
        ] {
            assert!(fitting(&schema) >= 190, "{} of 200 fit {schema}", fitting(&schema));
        }
    }

    #[test]
    fn names_are_drawn_for_every_pattern() {
        let schema = json!({"type": "object", "additionalProperties": false, "patternProperties": {
            "^a[0-9]{1,3}$": {"type": "integer"}, "^b[0-9]{1,3}$": {"type": "string"}}});
        let drawn: Vec<Value> =
            (0..50).map(|index| Sampler::new(&schema).draw(&mut Random::new(1, index))).collect();
        let begins = |start: &str| {
            let names = drawn.iter().filter_map(Value::as_object).flat_map(Map::keys);
            names.filter(|name| name.starts_with(start)).count()
        };
        assert!(begins("a") > 5 && begins("b") > 5, "{drawn:?}");
        assert!(fitting(&schema) >= 190);
    }

    #[test]
    fn edges_of_a_range_are_drawn() {
        let schema = json!({"type": "integer", "minimum": 1, "maximum": 65535});
        let drawn: Vec<Value> =
            (0..100).map(|index| Sampler::new(&schema).draw(&mut Random::new(1, index))).collect();
        assert!(drawn.contains(&json!(1)) && drawn.contains(&json!(65535)), "{drawn:?}");
    }

    #[test]
    fn a_schema_without_end_has_an_end() {
        let schema = json!({"$ref": "#/$defs/n", "$defs": {"n": {
            "type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}, "required": ["next"]}}});
        let drawn = Sampler::new(&schema).draw(&mut Random::new(1, 0));
        assert!(drawn.to_string().len() < 10_000);
        let circle = json!({"$ref": "#"});
        assert_eq!(Sampler::new(&circle).draw(&mut Random::new(1, 0)), Value::Null);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let schema = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let draw = |seed| Sampler::new(&schema).draw(&mut Random::new(seed, 3));
        assert_eq!(draw(5), draw(5));
    }
}
