//! JSON Schemas for people: derived from Rust types, then freed of what only Rust needs.
//!
//! A member that is `null` never reaches a module (it removes a key when files are merged), so `Option` does
//! not have to appear as "or null"; and an enum whose variants carry documentation is more use to an
//! editor, and in an error message, as one list of words than as a list of alternatives.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Derives the schema of `T`, with every part inline unless the type contains itself.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    schema
}

fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(simplify);
            drop_null_type(map);
            drop_null_alternative(map);
            drop_null_word(map);
            list_words(map);
        }
        Value::Array(list) => list.iter_mut().for_each(simplify),
        _ => {}
    }
}

fn drop_null_type(map: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = map.get_mut("type") else {
        return;
    };
    types.retain(|name| name != "null");
    if let [only] = types.as_slice() {
        let only = only.clone();
        map.insert("type".to_owned(), only);
    }
}

fn drop_null_alternative(map: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = map.get_mut("anyOf") else {
        return;
    };
    let is_null = |schema: &Value| schema.get("type").is_some_and(|name| name == "null");
    if !alternatives.iter().any(is_null) {
        return;
    }
    alternatives.retain(|schema| !is_null(schema));
    if let [Value::Object(only)] = alternatives.as_slice() {
        let only = only.clone();
        map.remove("anyOf");
        for (key, value) in only {
            map.entry(key).or_insert(value);
        }
    }
}

fn drop_null_word(map: &mut Map<String, Value>) {
    if let Some(Value::Array(words)) = map.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
}

fn list_words(map: &mut Map<String, Value>) {
    let Some(Value::Array(alternatives)) = map.get("oneOf") else {
        return;
    };
    let mut words = Vec::new();
    let mut lines = Vec::new();
    for alternative in alternatives {
        let Some(word) = alternative.get("const").and_then(Value::as_str) else {
            return;
        };
        if let Some(text) = alternative.get("description").and_then(Value::as_str) {
            lines.push(format!("- `{word}`: {text}"));
        }
        words.push(word.into());
    }
    map.remove("oneOf");
    map.insert("type".to_owned(), "string".into());
    map.insert("enum".to_owned(), Value::Array(words));
    if !lines.is_empty() {
        let mut text = match map.get("description").and_then(Value::as_str) {
            Some(description) => format!("{description}\n\n"),
            None => String::new(),
        };
        text.push_str(&lines.join("\n"));
        map.insert("description".to_owned(), text.into());
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    /// How it travels.
    #[derive(Deserialize, JsonSchema)]
    enum Protocol {
        /// With a connection.
        Tcp,
        /// Without one.
        Udp,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Inner {
        text: Option<String>,
    }

    /// What a developer writes.
    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Config {
        /// A number.
        some_number: Option<u16>,
        protocol: Option<Protocol>,
        inner: Option<Inner>,
        #[serde(default)]
        list: Vec<Inner>,
    }

    #[test]
    fn optional_parts_are_inline_and_do_not_offer_null() {
        let schema = of::<Config>();
        let text = schema.to_string();
        for word in ["null", "$ref", "oneOf", "anyOf"] {
            assert!(!text.contains(word), "`{word}` in {text}");
        }
        assert_eq!(schema["description"], "What a developer writes.");
        assert_eq!(
            schema["properties"]["someNumber"],
            json!({
                "description": "A number.",
                "type": "integer",
                "format": "uint16",
                "minimum": 0,
                "maximum": 65535,
            })
        );
        assert_eq!(schema["properties"]["inner"]["type"], "object");
        assert_eq!(schema.get("required"), None);
    }

    #[test]
    fn documented_words_become_one_list() {
        let protocol = &of::<Config>()["properties"]["protocol"];
        assert_eq!(protocol["enum"], json!(["Tcp", "Udp"]));
        assert_eq!(protocol["type"], "string");
        assert_eq!(
            protocol["description"],
            "How it travels.\n\n- `Tcp`: With a connection.\n- `Udp`: Without one."
        );
    }
}
