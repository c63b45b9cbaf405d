use serde_json::{Value, json};

use super::narrowings;

/// Writes what is found, one a line.
fn found(old: &Value, new: &Value) -> Vec<String> {
    let line = |one: super::Narrowing| format!("{}: {}", one.path, one.what);
    narrowings(old, new).into_iter().map(line).collect()
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

#[test]
fn what_accepts_more_is_no_narrowing() {
    let text = || json!({"type": "string"});
    let base = object(json!({"a": text(), "n": {"type": "integer", "minimum": 1}}), &["a"]);
    for (old, new) in [
        (base.clone(), base.clone()),
        // A property more, one that is not required any more, a wider type, a lower bound.
        (
            base.clone(),
            object(
                json!({"a": {"type": ["string", "null"]}, "n": {"type": "number"}, "b": text()}),
                &[],
            ),
        ),
        (base.clone(), json!({"type": "object"})),
        (base.clone(), json!(true)),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["c", "b", "a"]})),
        (json!({"enum": ["a", "b"]}), text()),
        (
            json!({"enum": ["a", "b"]}),
            json!({"oneOf": [{"const": "b", "description": "x"}, {"const": "a"}]}),
        ),
        (json!({"oneOf": [{"const": "a", "title": "A"}]}), json!({"enum": ["a", "b"]})),
        (json!({"type": "integer"}), json!({"type": "number"})),
        (
            json!({"type": "integer", "minimum": 1}),
            json!({"type": "integer", "exclusiveMinimum": 0}),
        ),
        (json!({"type": "number", "exclusiveMinimum": 0}), json!({"type": "number", "minimum": 0})),
        (json!({"type": "integer", "multipleOf": 6}), json!({"type": "integer", "multipleOf": 3})),
        (json!({"type": "string", "pattern": "^a$"}), text()),
        (text(), json!({"anyOf": [{"type": "integer"}, {"type": "string"}]})),
        (
            json!({"type": ["string", "integer"]}),
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ),
        (
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!({"type": ["string", "integer"]}),
        ),
        (json!({"enum": ["a", 1]}), json!({"anyOf": [{"type": "integer"}, {"type": "string"}]})),
        // The same in other words.
        (
            json!({"$ref": "#/$defs/x", "$defs": {"x": {"properties": {"a": text()}}}}),
            json!({"properties": {"a": text()}, "description": "new"}),
        ),
        (
            json!({"allOf": [{"properties": {"a": text()}}, {"properties": {"b": text()}}]}),
            json!({"properties": {"a": text(), "b": text()}}),
        ),
        (
            json!({"properties": {"a": text()}}),
            json!({"allOf": [{"properties": {"a": text()}}, {"properties": {"b": text()}}]}),
        ),
        (json!({"not": {"const": 1}}), json!({"not": {"const": 1}, "title": "x"})),
        (json!({"minItems": 2, "type": "array"}), json!({"minItems": 1, "type": "array"})),
        // What is about strings says nothing about numbers.
        (json!({"type": "integer"}), json!({"type": "integer", "maxLength": 3})),
        (json!(false), text()),
    ] {
        assert_eq!(found(&old, &new), Vec::<String>::new(), "{old} -> {new}");
    }
}

#[test]
fn what_is_not_accepted_any_more_is_named() {
    let text = || json!({"type": "string"});
    let int = |more: Value| {
        let mut schema = json!({"type": "integer"});
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schema
    };
    for (old, new, expected) in [
        (text(), json!({"type": "integer"}), ": does not accept `string` any more"),
        (json!({"type": "number"}), json!({"type": "integer"}), ": accepts only whole numbers now"),
        (
            json!({"type": ["number", "null"]}),
            json!({"type": "null"}),
            ": does not accept `number` any more",
        ),
        (json!({}), json!({"type": ["number", "string"]}), ": accepts only `number`, `string` now"),
        (json!({"enum": ["a", "b"]}), json!({"enum": ["a"]}), ": does not accept `b` any more"),
        (json!({"enum": ["a", 5]}), text(), ": does not accept `5` any more"),
        (
            json!({"enum": ["a", "bb"]}),
            json!({"type": "string", "maxLength": 1}),
            ": does not accept `bb` any more",
        ),
        (text(), json!({"enum": ["a", "b"]}), ": accepts only `a`, `b` now"),
        (
            int(json!({"minimum": 1})),
            int(json!({"minimum": 2})),
            ": has the minimum 2 instead of 1 now",
        ),
        (int(json!({})), int(json!({"maximum": 9})), ": has the maximum 9 now"),
        (
            int(json!({"minimum": 1})),
            int(json!({"exclusiveMinimum": 1})),
            ": has the minimum beyond 1 instead of 1 now",
        ),
        (int(json!({})), int(json!({"multipleOf": 2})), ": must be a multiple of 2 now"),
        (text(), json!({"type": "string", "pattern": "^a"}), ": must fit the pattern `^a` now"),
        (text(), json!({"type": "string", "minLength": 1}), ": has at least 1 characters now"),
        (
            json!({"type": "array", "maxItems": 5}),
            json!({"type": "array", "maxItems": 4}),
            ": has at most 4 instead of 5 items now",
        ),
        (
            json!({"type": "array"}),
            json!({"type": "array", "uniqueItems": true}),
            ": must not hold an item twice now",
        ),
        (json!({}), json!({"not": {"const": 1}}), ": has a condition that it had not: `not`"),
        (json!({"anyOf": [text(), {"type": "null"}]}), text(), ": does not accept `null` any more"),
        (
            text(),
            json!({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "x"}]}),
            ": must fit the pattern `x` now",
        ),
        (text(), json!(false), ": accepts nothing any more"),
    ] {
        assert_eq!(found(&old, &new), [expected], "{old} -> {new}");
    }
}

#[test]
fn the_place_is_the_one_that_a_user_writes() {
    let port = |more: Value, required: &[&str]| {
        let mut properties = json!({"port": {"type": "integer"}});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let port = object(properties, required);
        object(
            json!({
                "ports": {"type": "array", "items": port},
                "named": {"type": "object", "additionalProperties": {"$ref": "#/$defs/port"}},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, port]},
            }),
            &[],
        )
        .as_object()
        .map(|root| {
            let mut root = root.clone();
            root.insert("$defs".to_owned(), json!({ "port": port }));
            Value::Object(root)
        })
        .unwrap()
    };
    let text = json!({"name": {"type": "string"}});
    let old = port(text.clone(), &[]);
    assert_eq!(
        found(&old, &port(json!({}), &[])),
        [
            "named.*.name: is not known any more",
            "pair[1].name: is not known any more",
            "ports[].name: is not known any more",
        ]
    );
    assert_eq!(
        found(&old, &port(text, &["port"])),
        [
            "named.*.port: is required now",
            "pair[1].port: is required now",
            "ports[].port: is required now",
        ]
    );
    // What is new and required: nobody has written it yet.
    assert_eq!(
        found(&object(json!({}), &[]), &object(json!({"a": {}}), &["a"])),
        ["a: is required now"]
    );
}

#[test]
fn what_was_open_and_is_closed_is_told() {
    let open = json!({"type": "object"});
    let listed = object(json!({"a": {"type": "string"}}), &[]);
    assert_eq!(
        found(&open, &listed),
        [": accepts only the names that are listed now", "a: accepts only `string` now"]
    );
    let map = |value: Value| json!({"type": "object", "additionalProperties": value});
    assert_eq!(
        found(&map(json!({"type": "string"})), &map(json!({"enum": ["x"]}))),
        ["*: accepts only `x` now"]
    );
    let patterns = |name: &str| json!({"type": "object", "patternProperties": {name: {"type": "string"}}, "additionalProperties": false});
    assert_eq!(found(&patterns("^a"), &patterns("^b")), ["/^a/: is not known any more"]);
    assert_eq!(found(&patterns("^a"), &patterns("^a")), Vec::<String>::new());
}

#[test]
fn alternatives_are_compared_with_the_nearest() {
    let one = |name: &str, more: Value, required: &[&str]| {
        let mut properties = json!({"kind": {"const": name}});
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        object(properties, required)
    };
    let (http, tcp) = (json!({"url": {"type": "string"}, "path": {}}), json!({"port": {}}));
    let old = json!({"oneOf": [one("http", http, &["kind"]), one("tcp", tcp.clone(), &["kind"])]});
    let new = json!({"oneOf": [
        one("tcp", tcp.clone(), &["kind"]),
        one("http", json!({"url": {"type": "string"}}), &["kind", "url"]),
    ]});
    assert_eq!(found(&old, &new), ["path: is not known any more", "url: is required now"]);
    assert_eq!(found(&old, &old), Vec::<String>::new());
    let fewer = json!({"oneOf": [one("tcp", tcp, &["kind"])]});
    assert!(!found(&old, &fewer).is_empty());
    assert_eq!(found(&fewer, &old), Vec::<String>::new());
}

#[test]
fn what_refers_to_itself_ends_and_what_is_too_much_is_told() {
    let tree = |value: &str| {
        json!({
            "$ref": "#/$defs/node",
            "$defs": {"node": object(json!({
                "value": {"type": value},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            }), &[])},
        })
    };
    assert_eq!(found(&tree("string"), &tree("string")), Vec::<String>::new());
    // The second place is where the schema begins anew.
    let told =
        ["children[].value", "value"].map(|at| format!("{at}: does not accept `string` any more"));
    assert_eq!(found(&tree("string"), &tree("null")), told);
    let endless = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
    assert_eq!(found(&endless, &endless), Vec::<String>::new());
    let many: Vec<Value> = (0..300).map(|n| object(json!({format!("p{n}"): {}}), &[])).collect();
    let many = json!({ "anyOf": many });
    let other = json!({"anyOf": (0..300).map(|n| object(json!({format!("q{n}"): {}}), &[])).collect::<Vec<_>>()});
    assert_eq!(found(&many, &other), [": has too many alternatives to be compared"]);
}
