//! What a JSON Schema asks for, as a list: its properties and their members.

use std::borrow::Cow;

use serde_json::Value;

/// How many levels of members are listed below an input.
const MAX_DEPTH: usize = 3;
/// How many references are followed to where a schema is.
const MAX_REFERENCES: usize = 16;
/// How deep lists and maps may lie in each other to be named. A schema may refer to itself.
const MAX_NESTING: usize = 6;
/// How many inputs are listed. A schema that refers to itself in many places has no end.
const MAX_INPUTS: usize = 500;

/// One thing that somebody can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name, with those that it lies below: `ports[].port` for each item of a list, `containers.*.image` for each
    /// value of a map.
    pub name: String,
    /// What may be written.
    pub type_: String,
    /// What holds if nothing is written, as JSON; `required` if something must be; empty if neither is said.
    pub default: String,
    /// What it means, in one line.
    pub meaning: String,
}

/// The properties of a schema and their members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputList {
    /// In the order of their names, members after what they belong to.
    pub inputs: Vec<Input>,
    /// Whether there are more than are listed.
    pub has_more: bool,
}

/// Lists what a schema asks for.
pub fn list_inputs(schema: &Value) -> InputList {
    let mut lister = Lister { root: schema, inputs: Vec::new() };
    lister.list(schema, "", 0);
    let has_more = lister.inputs.len() == MAX_INPUTS;
    InputList { inputs: lister.inputs, has_more }
}

struct Lister<'a> {
    root: &'a Value,
    inputs: Vec<Input>,
}

impl<'a> Lister<'a> {
    fn list(&mut self, schema: &'a Value, prefix: &str, depth: usize) {
        let schema = self.resolve(schema);
        let properties = schema["properties"].as_object().filter(|all| !all.is_empty());
        let Some(properties) = properties else { return };
        let required = schema["required"].as_array();
        for (name, property) in properties {
            if self.inputs.len() == MAX_INPUTS {
                return;
            }
            let is_required = required.into_iter().flatten().any(|required| required == name);
            let default = match property.get("default").filter(|default| !default.is_null()) {
                Some(default) => default.to_string(),
                None if is_required => "required".to_owned(),
                None => String::new(),
            };
            let described = [property, self.resolve(property)];
            let meaning = described.iter().find_map(|schema| schema["description"].as_str());
            let meaning = meaning.unwrap_or_default().split("\n\n").next().unwrap_or_default();
            let name = format!("{prefix}{name}");
            self.inputs.push(Input {
                name: name.clone(),
                type_: self.type_of(property, 0).into_owned(),
                default,
                meaning: meaning.replace('\n', " "),
            });
            if let Some((members, below)) = self.members(property, 0).filter(|_| depth < MAX_DEPTH)
            {
                self.list(members, &format!("{name}{below}"), depth + 1);
            }
        }
    }

    /// Returns the schema of what has members, and how their names follow.
    fn members(&self, schema: &'a Value, nesting: usize) -> Option<(&'a Value, &'static str)> {
        let schema = self.resolve(schema);
        if nesting > MAX_NESTING {
            return None;
        }
        if schema["properties"].is_object() {
            return Some((schema, "."));
        }
        if schema["items"].is_object() {
            return self.members(&schema["items"], nesting + 1).map(
                |(members, below)| match below {
                    "." => (members, "[]."),
                    below => (members, below),
                },
            );
        }
        if schema["additionalProperties"].is_object() {
            return self.members(&schema["additionalProperties"], nesting + 1).map(
                |(members, below)| match below {
                    "." => (members, ".*."),
                    below => (members, below),
                },
            );
        }
        None
    }

    /// Follows references, and passes over an alternative that only says that nothing may be written.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_REFERENCES {
            let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            let next = match target {
                Some(pointer) => self.root.pointer(pointer),
                None => only_variant(schema),
            };
            match next {
                Some(next) => schema = next,
                None => return schema,
            }
        }
        schema
    }

    fn type_of(&self, schema: &'a Value, nesting: usize) -> Cow<'a, str> {
        let schema = self.resolve(schema);
        if nesting > MAX_NESTING {
            return "any".into();
        }
        let below = |schema: &'a Value| self.type_of(schema, nesting + 1);
        let shown = |value: &'a Value| match value.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(value.to_string()),
        };
        if let Some(values) = schema["enum"].as_array() {
            return join(values.iter().map(shown));
        }
        if let Some(value) = schema.get("const") {
            return shown(value);
        }
        let of_type = |name: &'a str| match name {
            "array" if schema["items"].is_object() => {
                format!("list of {}", below(&schema["items"])).into()
            }
            "array" => "list".into(),
            "object" if schema["additionalProperties"].is_object() => {
                format!("map of {}", below(&schema["additionalProperties"])).into()
            }
            name => name.into(),
        };
        match &schema["type"] {
            Value::String(name) => of_type(name),
            Value::Array(names) => {
                let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
                join(names.map(of_type))
            }
            _ => {
                let variants = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
                let types = variants.into_iter().flatten().map(below);
                let mut types: Vec<_> = types.filter(|name| name != "null").collect();
                types.dedup();
                if types.is_empty() { "any".into() } else { join(types.into_iter()) }
            }
        }
    }
}

/// Returns the one alternative beside `null`, if there is one.
fn only_variant(schema: &Value) -> Option<&Value> {
    let variants = schema["anyOf"].as_array()?;
    let mut variants = variants.iter().filter(|variant| variant["type"] != "null");
    variants.next().filter(|_| variants.next().is_none())
}

fn join<'a>(names: impl Iterator<Item = Cow<'a, str>>) -> Cow<'a, str> {
    let names: Vec<_> = names.collect();
    names.join("|").into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_listed_below_their_input() {
        let schema = json!({
            "type": "object",
            "required": ["ports"],
            "properties": {
                "ports": {"type": "array", "items": {"$ref": "#/$defs/Port"}, "description": "The ports."},
                "probe": {"anyOf": [{"$ref": "#/$defs/Probe"}, {"type": "null"}]},
                "limits": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
                "files": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Port"}},
                "mode": {"oneOf": [{"const": "a"}, {"const": 7}], "default": "a"},
            },
            "$defs": {
                "Port": {"type": "object", "properties": {
                    "port": {"type": "integer", "description": "Its number.\nOf two lines.\n\nMore."},
                }},
                "Probe": {"description": "A probe.", "type": "object", "properties": {
                    "again": {"$ref": "#/$defs/Probe"},
                }},
            },
        });
        let line = |input: &Input| {
            format!("{} | {} | {} | {}", input.name, input.type_, input.default, input.meaning)
        };
        let lines: Vec<String> = list_inputs(&schema).inputs.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        files | map of object |  | 
        files.*.port | integer |  | Its number. Of two lines.
        limits | map of string |  | 
        mode | a|7 | "a" | 
        ports | list of object | required | The ports.
        ports[].port | integer |  | Its number. Of two lines.
        probe | object |  | A probe.
        probe.again | object |  | A probe.
        probe.again.again | object |  | A probe.
        probe.again.again.again | object |  | A probe.
        "#);
        for schema in [json!({"type": "object"}), json!({"$ref": "#"})] {
            assert_eq!(list_inputs(&schema), InputList::default());
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_has_an_end() {
        let list = json!({"type": "array", "items": {"$ref": "#/$defs/List"}});
        let wide: serde_json::Map<String, Value> =
            (0..40).map(|n| (format!("m{n}"), json!({"$ref": "#/$defs/Wide"}))).collect();
        let schema = json!({
            "properties": {"list": {"$ref": "#/$defs/List"}, "wide": {"$ref": "#/$defs/Wide"}},
            "$defs": {"List": list, "Wide": {"type": "object", "properties": wide}},
        });
        let listed = list_inputs(&schema);
        assert_eq!((listed.inputs.len(), listed.has_more), (MAX_INPUTS, true));
    }
}
