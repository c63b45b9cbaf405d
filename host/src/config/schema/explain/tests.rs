//! The words and places of complaints.

use std::sync::Arc;

use crate::config::Schema;
use crate::diagnostic::Problem;
use crate::source::SourceFile;
use serde_json::{Value, json};

fn check(schema: &Value, text: &str, prefix: &str) -> Vec<String> {
    let file: Arc<SourceFile> = SourceFile::new("app.yaml", text);
    let node = crate::yaml::read(&file).unwrap().remove(0);
    Schema::compile(schema).unwrap().check(&node, prefix).iter().map(render).collect()
}

fn render(problem: &Problem) -> String {
    let mut text = String::new();
    if let Some(at) = &problem.location {
        text.push_str(&format!("{}:{}+{}: ", at.line(), at.column(), at.width()));
    }
    text.push_str(&problem.message);
    for hint in &problem.hints {
        text.push_str(&format!(" [{hint}]"));
    }
    text
}

#[test]
fn of_very_many_mistakes_the_first_are_worded() {
    let names: serde_json::Map<String, Value> =
        (0..2_000).map(|number| (format!("name{number}"), json!({}))).collect();
    let text: String = (0..2_000).map(|number| format!("nmae{number}: 1\n")).collect();
    let problems = check(&json!({ "properties": names }), &text, "workload");
    assert_eq!(problems.len(), 50);
    assert!(problems.iter().all(|problem| problem.contains("did you mean `name")));
}

#[test]
fn each_rule_has_its_words() {
    let schema = json!({
        "type": "object",
        "properties": {
            "replicas": {"type": "integer", "minimum": 0, "maximum": 9},
            "type": {"enum": ["local", "cloud"]},
            "kind": {"const": "a"},
            "mode": {"type": "string", "pattern": "^[0-7]{3,4}$", "minLength": 1},
            "list": {"type": "array", "items": {"type": ["string", "null"]}, "minItems": 1, "uniqueItems": true},
            "size": {"enum": [1, 2]},
            "more": {"type": ["integer", "string"]},
            "half": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
        },
    });
    for (text, expected) in [
        (
            "replica: 2",
            "1:1+7: unknown field `replica` in `workload` [did you mean `replicas`?] [valid names: half, kind, list, mode, more, replicas, size, type]",
        ),
        ("replicas: two", "1:11+3: expected integer, found string \"two\""),
        ("replicas: 1.5", "1:11+3: expected integer, found number 1.5"),
        ("replicas:", "1:1+8: expected integer, found nothing"),
        ("replicas: ~", "1:11+1: expected integer, found nothing"),
        ("replicas: -1", "1:11+2: -1 is too small, the least is 0"),
        ("replicas: 10", "1:11+2: 10 is too large, the most is 9"),
        (
            "type: locl",
            "1:7+4: unknown value \"locl\" for `workload.type` [did you mean `local`?] [valid values: cloud, local]",
        ),
        (
            "kind: b",
            "1:7+1: unknown value \"b\" for `workload.kind` [did you mean `a`?] [valid values: a]",
        ),
        (
            "mode: 0644",
            "1:7+4: expected string, found integer 644 [quote it to make it a text: `\"0644\"`]",
        ),
        ("mode: '999'", "1:7+5: \"999\" does not match `^[0-7]{3,4}$`"),
        ("list: []", "1:7+1: the list cannot be empty"),
        ("list: {a: 1}", "1:7+1: expected list, found map"),
        ("list: [a, a]", "1:7+1: the items of the list must differ"),
        (
            "list: [x, 1]",
            "1:11+1: expected string, found integer 1 [quote it to make it a text: `\"1\"`]",
        ),
        ("size: 3", "1:7+1: expected 1 or 2, found integer 3"),
        ("more: [1]", "1:7+1: expected integer or string, found list"),
        ("half: 0", "1:7+1: 0 is not greater than 0"),
        ("half: 0.7", "1:7+3: 0.7 is not a multiple of 0.5"),
    ] {
        assert_eq!(check(&schema, text, "workload"), [expected], "{text}");
    }
}

#[test]
fn a_missing_field_points_at_the_key_of_its_object() {
    let schema = json!({"properties": {"containers": {
        "type": "object",
        "additionalProperties": {"properties": {"image": {"type": "string"}}, "required": ["image"]},
    }}});
    assert_eq!(
        check(&schema, "containers:\n  main:\n    imag: x\n", "workload"),
        [
            "2:3+4: missing field `image` in `workload.containers.main`",
            "3:5+4: unknown field `imag` in `workload.containers.main` [did you mean `image`?] [valid names: image]",
        ]
    );
}

#[test]
fn an_unknown_field_of_a_reference_does_not_blame_its_neighbours() {
    let schema = json!({
        "$ref": "#/$defs/x",
        "$defs": {"x": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"$ref": "#/$defs/x"}},
            "required": ["a"],
        }},
    });
    assert_eq!(
        check(&schema, "a: x\nb: y\n", "w"),
        ["1:4+1: expected integer, found string \"x\""]
    );
    assert_eq!(
        check(&schema, "a: 1\nc:\n  b: y\n  d: 1\n", "w"),
        [
            "2:1+1: missing field `a` in `w.c`",
            "4:3+1: unknown field `d` in `w.c` [did you mean `a`?] [valid names: a, b, c]",
        ]
    );
}

#[test]
fn alternatives_are_explained_by_the_one_that_was_meant() {
    let handler = |name: &str, field: &str| {
        json!({
            "type": "object",
            "properties": {name: {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}},
            "required": [name],
            "additionalProperties": false,
        })
    };
    let schema = json!({"properties": {"probe": {"oneOf": [
        handler("http", "url"), handler("tcp", "url"), handler("exec", "command"),
    ]}}});
    for (text, expected) in [
        (
            "probe: {http: {urll: x}}",
            vec![
                "1:9+4: missing field `url` in `w.probe.http`",
                "1:16+4: unknown field `urll` in `w.probe.http` [did you mean `url`?] [valid names: url]",
            ],
        ),
        ("probe: 3", vec!["1:8+1: expected map, found integer 3"]),
        ("probe: {}", vec!["1:1+5: `w.probe` needs one of `http`, `tcp`, `exec`"]),
    ] {
        assert_eq!(check(&schema, text, "w"), expected, "{text}");
    }
}

#[test]
fn a_discriminator_lists_its_values() {
    let schema = json!({"properties": {"db": {"oneOf": [
        {"type": "object", "properties": {"type": {"const": "local"}, "size": {"type": "integer"}}, "required": ["type"]},
        {"type": "object", "properties": {"type": {"const": "cloud"}, "class": {"type": "string"}}, "required": ["type"]},
    ]}}});
    for (text, expected) in [
        (
            "db: {type: clowd}",
            "1:12+5: unknown value \"clowd\" for `w.db.type` [did you mean `cloud`?] [valid values: cloud, local]",
        ),
        (
            "db: {type: cloud, class: 3}",
            "1:26+1: expected string, found integer 3 [quote it to make it a text: `\"3\"`]",
        ),
        (
            "db: {type: local, class: x}",
            "1:19+5: unknown field `class` in `w.db` [valid names: size, type]",
        ),
    ] {
        assert_eq!(check(&schema, text, "w"), [expected], "{text}");
    }
}

#[test]
fn a_value_or_a_map_names_both_types() {
    let schema =
        json!({"properties": {"max": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}});
    assert_eq!(check(&schema, "max: [1]", "w"), ["1:6+1: expected integer or string, found list"]);
}

/// The shapes that schemars derives for the types of a module.
#[test]
fn derived_schemas_are_explained() {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Config {
        /// Where it runs.
        r#type: Place,
        size: Option<u16>,
        probe: Option<Probe>,
        unavailable: Option<IntOrText>,
        ports: Option<Vec<Port>>,
    }
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only the schema is used")]
    enum Place {
        /// Here.
        Local,
        /// There.
        Aws,
    }
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Probe {
        #[serde(flatten)]
        handler: Handler,
        period: Option<u32>,
    }
    #[derive(schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only the schema is used")]
    enum Handler {
        Http { url: String },
        Exec { command: Vec<String> },
    }
    #[derive(schemars::JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only the schema is used")]
    enum IntOrText {
        Int(i32),
        Text(String),
    }
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only the schema is used")]
    struct Port {
        port: u16,
    }
    let schema = schemars::schema_for!(Config).to_value();
    for (text, expected) in [
        ("type: local\nprobe: {http: {url: x}, period: 3}", vec![]),
        ("type: local\nprobe: null\nsize: 3\nunavailable: 25%\nports: [{port: 1}]", vec![]),
        (
            "type: asw",
            vec![
                "1:7+3: unknown value \"asw\" for `w.type` [did you mean `aws`?] [valid values: aws, local]",
            ],
        ),
        ("{}", vec!["1:1+1: missing field `type` in `w`"]),
        ("type: local\nsize: 70000", vec!["2:7+5: 70000 is too large, the most is 65535"]),
        ("type: local\nsize: x", vec!["2:7+1: expected integer, found string \"x\""]),
        (
            "type: local\nsise: 1",
            vec![
                "2:1+4: unknown field `sise` in `w` [did you mean `size`?] [valid names: ports, probe, size, type, unavailable]",
            ],
        ),
        ("type: local\nunavailable: [1]", vec!["2:14+1: expected integer or string, found list"]),
        (
            "type: local\nprobe: {http: {urll: x}}",
            vec![
                "2:9+4: missing field `url` in `w.probe.http`",
                "2:16+4: unknown field `urll` in `w.probe.http` [did you mean `url`?] [valid names: url]",
            ],
        ),
        ("type: local\nprobe: {period: 1}", vec!["2:1+5: `w.probe` needs one of `http`, `exec`"]),
        (
            "type: local\nprobe: {http: {url: x}, exec: {command: [x]}}",
            vec!["2:1+5: `w.probe` takes only one of `http`, `exec`"],
        ),
        (
            "type: local\nprobe: {http: {url: x}, perod: 1}",
            vec![
                "2:25+5: unknown field `perod` in `w.probe` [did you mean `period`?] [valid names: exec, http, period]",
            ],
        ),
        (
            "type: local\nports: [{port: 1, publc: true}, 3]",
            vec![
                "2:19+5: unknown field `publc` in `w.ports[0]` [valid names: port]",
                "2:33+1: expected map, found integer 3",
            ],
        ),
    ] {
        assert_eq!(check(&schema, text, "w"), expected, "{text}");
    }
}

#[test]
fn fields_of_two_alternatives_at_once_are_a_problem() {
    let schema = json!({"properties": {"file": {
        "type": "object",
        "properties": {"mode": {"type": "string"}},
        "oneOf": [
            {"properties": {"content": {"type": "string"}}, "required": ["content"]},
            {"properties": {"contentFrom": {"type": "string"}}, "required": ["contentFrom"]},
        ],
    }}});
    assert_eq!(
        check(&schema, "file: {content: a, contentFrom: b}", "w"),
        ["1:1+4: `w.file` takes only one of `content`, `contentFrom`"]
    );
    assert_eq!(
        check(&schema, "file: {mode: a}", "w"),
        ["1:1+4: `w.file` needs one of `content`, `contentFrom`"]
    );
    assert_eq!(
        check(&schema, "file: {content: a, cont: b}", "w"),
        ["1:20+4: unknown field `cont` in `w.file` [valid names: content, contentFrom, mode]"]
    );
}

#[test]
fn secrets_are_never_shown() {
    let schema = json!({"properties": {"secrets": {"additionalProperties": {"properties": {
        "data": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^a", "enum": ["abc"]}},
    }}}}});
    let problems = check(&schema, "secrets: {db: {data: {a: hunter2, b: 12345}}}", "workload");
    assert_eq!(
        problems,
        [
            "1:26+7: the value does not match `^a`",
            "1:26+7: the value is none of those that are allowed",
            "1:38+5: expected \"abc\", found integer",
        ]
    );
}

#[test]
fn a_schema_that_is_none_is_refused() {
    for schema in [
        json!({"type": "objekt"}),
        json!({"$ref": "https://example.com/x.json"}),
        json!({"$ref": "#/$defs/missing"}),
        json!({"pattern": "("}),
    ] {
        assert!(Schema::compile(&schema).is_err(), "{schema}");
    }
}

#[test]
fn a_definition_that_refers_to_itself_does_not_hang() {
    for schema in [
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}),
        json!({"properties": {"x": {}}, "anyOf": [{"$ref": "#"}]}),
    ] {
        if let Ok(schema) = Schema::compile(&schema) {
            let node = crate::yaml::read(&SourceFile::new("f", "a: 1")).unwrap().remove(0);
            schema.check(&node, "w");
        }
    }
}
