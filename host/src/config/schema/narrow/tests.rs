use serde_json::{Value, json};

use super::narrowings;

/// Writes what is found, one a line.
pub(super) fn found(old: &Value, new: &Value) -> Vec<String> {
    let line = |one: super::Narrowing| format!("{}: {}", one.path, one.what);
    narrowings(old, new).into_iter().map(line).collect()
}

pub(super) fn object(properties: Value, required: &[&str]) -> Value {
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
        // Types that have few values, and their list.
        (json!({"type": "boolean"}), json!({"enum": [true, "auto", false]})),
        (
            json!({"type": ["boolean", "null"]}),
            json!({"anyOf": [{"const": null}, {"type": "boolean"}]}),
        ),
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
        (json!({"type": "boolean"}), json!({"enum": [true]}), ": does not accept `false` any more"),
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

pub(super) fn nothing() -> Vec<String> {
    Vec::new()
}

pub(super) fn told_not() -> Vec<String> {
    vec![": has a condition that it had not: `not`".to_owned()]
}

#[test]
fn values_that_are_listed_are_asked_about_one_by_one() {
    let lower = || json!({"type": "string", "pattern": "^[a-z]$"});
    for (old, new, expected) in [
        (json!({"enum": ["a", "B"]}), lower(), ": does not accept `B` any more"),
        (json!({"enum": [4, 6]}), json!({"multipleOf": 4}), ": does not accept `6` any more"),
        (
            json!({"enum": ["a", "b"]}),
            json!({"not": {"const": "b"}}),
            ": does not accept `b` any more",
        ),
        (
            json!({"const": {"a": 1}}),
            object(json!({"a": {"type": "string"}}), &[]),
            ": does not accept `{\"a\":1}` any more",
        ),
        (
            json!({"const": [1, 2]}),
            json!({"items": {"maximum": 1}}),
            ": does not accept `[1,2]` any more",
        ),
        (
            object(json!({"a": {"enum": ["x", "y"]}}), &[]),
            json!({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"pattern": "^x"}}}),
            "a: does not accept `y` any more",
        ),
        (
            json!({"const": "x"}),
            json!({"oneOf": [{"pattern": "^x"}, {"maxLength": 3}]}),
            ": does not accept `x` any more",
        ),
    ] {
        assert_eq!(found(&old, &new), [expected], "{old} -> {new}");
    }
    for (old, new) in [
        (json!({"enum": ["a", "b"]}), lower()),
        // What was listed and not accepted all the same is not missed.
        (json!({"enum": ["a", "B"], "pattern": "^[a-z]$"}), json!({"const": "a"})),
        (json!({"enum": [1, 2]}), json!({"enum": [1.0, 2.0]})),
        (json!({"const": 1.0}), json!({"type": "integer"})),
    ] {
        assert_eq!(found(&old, &new), nothing(), "{old} -> {new}");
    }
}

#[test]
fn a_name_is_subject_to_the_patterns_that_it_fits() {
    let patterns = |patterns: Value, properties: Value| json!({"patternProperties": patterns, "properties": properties, "additionalProperties": false});
    let text = || json!({"type": "string"});
    for (old, new, expected) in [
        (
            patterns(json!({"^a": text()}), json!({})),
            patterns(json!({"^a": text()}), json!({"abc": {"type": "integer"}})),
            "abc: is not known any more",
        ),
        (
            patterns(json!({}), json!({"abc": text()})),
            patterns(json!({"^a": {"maxLength": 1}}), json!({"abc": text()})),
            "abc: has at most 1 characters now",
        ),
        // A name that fits both.
        (
            patterns(json!({"^a": text()}), json!({})),
            patterns(json!({"^a": text(), "b$": {"maxLength": 1}}), json!({})),
            "/^a/ and /b$/: has at most 1 characters now",
        ),
        (
            json!({"properties": {"abc": text()}, "additionalProperties": {}}),
            json!({"patternProperties": {"^a": {}}, "additionalProperties": false}),
            ": accepts only the names that are listed now",
        ),
    ] {
        assert_eq!(found(&old, &new), [expected], "{old} -> {new}");
    }
    for (old, new) in [
        (
            patterns(json!({"^a": text()}), json!({})),
            patterns(json!({"^a": text()}), json!({"abc": text(), "b": {}})),
        ),
        (
            patterns(json!({"^a": text()}), json!({"ab": text()})),
            patterns(json!({"^a": text(), "^b": {"type": "integer"}}), json!({"ab": text()})),
        ),
        (
            patterns(json!({"^ab": text()}), json!({})),
            patterns(json!({"^a": {}, "^ab": {}}), json!({})),
        ),
    ] {
        assert_eq!(found(&old, &new), nothing(), "{old} -> {new}");
    }
}

#[test]
fn a_condition_is_what_it_refers_to() {
    let n = |most: u64| json!({"N": {"maxLength": most}});
    let refers = || json!({"$ref": "#/$defs/N"});
    for (keyword, condition) in [
        ("not", json!({"not": refers()})),
        ("contains", json!({"contains": {"items": refers()}})),
        ("if", json!({"if": refers(), "then": {"minLength": 1}})),
        ("if", json!({"if": {"type": "string"}, "then": refers()})),
        ("dependentSchemas", json!({"dependentSchemas": {"a": {"properties": {"b": refers()}}}})),
        ("unevaluatedItems", json!({"prefixItems": [true], "unevaluatedItems": refers()})),
    ] {
        let with = |definitions: Value| {
            let mut schema = condition.clone();
            schema["$defs"] = definitions;
            schema
        };
        let changed = || format!(": has the condition `{keyword}`, whose change cannot be judged");
        let expected = if keyword == "not" { told_not() } else { vec![changed()] };
        assert_eq!(found(&with(n(3)), &with(n(2))), expected, "{condition}");
        // Other words, and definitions of another name, are no change.
        let mut said = n(3);
        said["N"]["description"] = "a name".into();
        assert_eq!(found(&with(n(3)), &with(said)), nothing(), "{condition}");
        let renamed = json!({"N": {"$ref": "#/$defs/M"}, "M": {"maxLength": 3}});
        assert_eq!(found(&with(n(3)), &with(renamed)), nothing(), "{condition}");
    }
    // Keywords that mean something together are one condition.
    let contains = |least: u64| json!({"contains": {"const": 1}, "minContains": least});
    assert_eq!(
        found(&contains(1), &contains(2)),
        [": has the condition `contains`, whose change cannot be judged"]
    );
    // What the title of a schema is does not matter; what a property of that name is does.
    let titled = |title: Value| json!({"not": {"properties": {"title": title}, "title": "x"}});
    assert_eq!(found(&titled(json!({"const": 1})), &titled(json!({}))), told_not());
    let tree = |least: u64| {
        json!({"not": {"$ref": "#/$defs/t"}, "$defs": {"t": {
            "minProperties": least, "properties": {"next": {"$ref": "#/$defs/t"}},
        }}})
    };
    let mut same = tree(1);
    same["description"] = "the same".into();
    assert_eq!(found(&tree(1), &same), nothing());
    assert_eq!(found(&tree(1), &tree(2)), told_not());
}

#[test]
fn a_member_is_left_over_only_where_nothing_mentions_it() {
    let listed = |names: &[&str]| {
        let properties: serde_json::Map<_, _> =
            names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        json!({ "properties": properties })
    };
    // An open map within `allOf` is open, although it stands beside a list of properties.
    let open = json!({"allOf": [{"additionalProperties": {}}], "properties": {"a": {}}});
    assert_eq!(found(&open, &listed(&["a"])), [": accepts only the names that are listed now"]);
    assert_eq!(found(&listed(&["a"]), &open), nothing());
    // What stands beside a schema is left over to it.
    let both = json!({"allOf": [listed(&["a"]), listed(&["b"])]});
    let mut second = listed(&["b"]);
    second["unevaluatedProperties"] = false.into();
    assert_eq!(
        found(&both, &json!({"allOf": [listed(&["a"]), second]})),
        ["a: is not known any more"]
    );
    // Of alternatives several may apply, and then all their names are known.
    let any = |x: Value, y: Value| json!({"properties": {"k": {}}, "anyOf": [{"properties": x}, {"properties": y}]});
    let apart = any(json!({"x": {}, "y": false}), json!({"y": {}, "x": false}));
    let together = any(json!({"x": {}}), json!({"y": {}}));
    assert!(!found(&together, &apart).is_empty());
    assert_eq!(found(&apart, &together), nothing());
    assert_eq!(found(&together, &any(json!({"x": {}, "z": {}}), json!({"y": {}}))), nothing());
}

#[test]
fn what_a_condition_mentions_is_known_where_it_holds() {
    let schema = |names: &[&str], more: Value| {
        let properties: serde_json::Map<_, _> =
            names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        let mut schema = json!({ "properties": properties });
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schema
    };
    for condition in [
        json!({"if": {"required": ["a"]}, "then": {"properties": {"b": {}}}}),
        json!({"dependentSchemas": {"a": {"properties": {"b": {}}}}}),
    ] {
        let old = schema(&["a"], condition.clone());
        assert_eq!(found(&old, &schema(&["a"], json!({}))), ["b: is not known any more"]);
        assert_eq!(found(&old, &schema(&["a", "c"], condition.clone())), nothing(), "{condition}");
        assert_eq!(found(&old, &schema(&["a", "b"], json!({}))), nothing(), "{condition}");
    }
}

#[test]
fn bounds_and_counts_are_compared_exactly() {
    let most = |most: u64| json!({ "maximum": most });
    assert_eq!(
        found(&most(9_007_199_254_740_993), &most(9_007_199_254_740_992)),
        [": has the maximum 9007199254740992 instead of 9007199254740993 now"]
    );
    assert_eq!(
        found(&json!({"type": "string"}), &json!({"type": "string", "minLength": 2.0})),
        [": has at least 2 characters now"]
    );
    for length in [1e30, 1e300] {
        let long = json!({"type": "string", "minLength": length});
        assert_eq!(
            found(&json!({"type": "string"}), &long),
            [format!(": has at least {} characters now", u64::MAX)]
        );
    }
    assert_eq!(
        found(&json!({"multipleOf": 1e17}), &json!({"multipleOf": 3})),
        [": must be a multiple of 3 now"]
    );
}

#[test]
fn what_nobody_could_compare_is_told() {
    let chain = |most: u64| {
        let mut definitions: serde_json::Map<String, Value> = (0..200)
            .map(|n| (n.to_string(), json!({"$ref": format!("#/$defs/{}", n + 1)})))
            .collect();
        definitions.insert("200".to_owned(), json!({ "maximum": most }));
        json!({"$ref": "#/$defs/0", "$defs": definitions})
    };
    assert_eq!(found(&chain(2), &chain(1)), [": has the maximum 1 instead of 2 now"]);
    let endless = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
    assert_eq!(
        found(&json!({}), &endless),
        [": cannot be compared: its references lead back to where they came from"]
    );
    // What applies to one value grows with each step down.
    let growing = |most: u64| {
        let definitions: serde_json::Map<String, Value> = (0..200)
            .map(|n| {
                let (next, both) = (format!("#/$defs/{}", (n + 1) % 200), format!("#/$defs/{n}"));
                let named = json!({"a": {"allOf": [{"$ref": next}, {"$ref": both}]}});
                (n.to_string(), json!({"properties": named, "maxProperties": most}))
            })
            .collect();
        json!({"$ref": "#/$defs/0", "$defs": definitions})
    };
    assert!(!found(&growing(2), &growing(1)).is_empty());
}

#[test]
fn names_are_compared_as_texts() {
    let names = |names: Value| json!({"type": "object", "propertyNames": names});
    let listed = |values: &[&str]| names(json!({ "enum": values }));
    assert_eq!(found(&listed(&["a"]), &listed(&["a", "b"])), nothing());
    assert_eq!(
        found(&listed(&["a", "b"]), &listed(&["a"])),
        ["*: as a name does not accept `b` any more"]
    );
    assert_eq!(found(&names(json!({})), &names(json!({"type": "string"}))), nothing());
    assert_eq!(
        found(&json!({"type": "object"}), &names(json!({"type": "string", "maxLength": 3}))),
        ["*: as a name has at most 3 characters now"]
    );
}

#[test]
fn what_did_not_change_is_no_matter() {
    let many: Vec<Value> = (0..300).map(|n| object(json!({format!("p{n}"): {}}), &[])).collect();
    let with = |names: &[&str]| {
        let mut properties = json!({"many": {"anyOf": many}, "when": {"if": true, "then": {}}});
        for name in names {
            properties[*name] = json!({});
        }
        object(properties, &[])
    };
    assert_eq!(found(&with(&["a"]), &with(&["a", "b"])), nothing());
    assert_eq!(found(&with(&["a"]), &with(&["b"])), ["a: is not known any more"]);
}

#[test]
fn a_part_of_another_draft_is_not_compared() {
    let part = |most: u64| json!({"$schema": "http://json-schema.org/draft-07/schema#", "maxLength": most});
    let with = |part: Value| json!({"properties": {"a": part, "$schema": {"type": "string"}}});
    let told = [": has parts of another schema or `$schema`, which cannot be compared"];
    assert_eq!(found(&with(part(1)), &with(part(2))), told);
    assert_eq!(found(&with(json!({})), &with(part(2))), told);
    assert_eq!(found(&with(part(1)), &with(part(1))), nothing());
    let known = || json!({"$ref": "https://json-schema.org/draft/2020-12/schema"});
    assert_eq!(found(&with(json!({})), &with(known())), told);
    assert_eq!(found(&with(json!({})), &with(json!({"$ref": ""}))), told);
    assert_eq!(
        found(&object(json!({"a": known()}), &[]), &object(json!({"a": known(), "b": {}}), &[])),
        nothing()
    );
    let dialect = |uri: &str| json!({"$schema": uri, "type": "string"});
    assert_eq!(found(&dialect("x"), &dialect("y")), nothing());
}

#[test]
fn a_name_that_asks_for_another_is_told_where_it_was_known() {
    let names = |names: &[&str], dependent: Value| {
        let properties: serde_json::Map<_, _> =
            names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        json!({"properties": properties, "dependentRequired": dependent})
    };
    let both = |dependent: Value| names(&["cert", "key"], dependent);
    assert_eq!(
        found(&both(json!({})), &both(json!({"cert": ["key"]}))),
        ["key: is required beside `cert` now"]
    );
    assert_eq!(
        found(&both(json!({"cert": ["key"], "key": ["cert"]})), &both(json!({"cert": ["key"]}))),
        nothing()
    );
    // Nobody has written `cert` yet, or nobody could leave out `key`.
    assert_eq!(found(&names(&["key"], json!({})), &both(json!({"cert": ["key"]}))), nothing());
    let mut required = both(json!({}));
    required["required"] = json!(["key"]);
    let dependent = both(json!({"cert": ["key"]}));
    assert_eq!(found(&required, &dependent), nothing());
    assert_eq!(
        found(
            &json!({"type": "object"}),
            &json!({"type": "object", "dependentRequired": {"a": ["b"]}})
        ),
        ["b: is required beside `a` now"]
    );
}
