//! The JSON Schema of a module, and a configuration that is checked against it.

use std::path::Path;

use kusion::config::{ModuleKind, ModuleSchema, Schema, app_schema, surely_accepts};
use kusion::name::ModuleName;
use kusion::source::SourceFile;
use kusion::yaml;
use serde_json::Value;

use super::Target;
use super::place::check_error;
use crate::archive;

pub const TARGET: Target = Target { name: "schema", run, large, cases: 600 };

fn run(input: &[u8], _folder: &Path) {
    let files = archive::files(input);
    let text = |name| archive::file(&files, name).and_then(|text| std::str::from_utf8(text).ok());
    let Some(schema) = text("schema").and_then(|text| serde_json::from_str::<Value>(text).ok())
    else {
        return;
    };
    editor(&schema);
    let Ok(compiled) = Schema::compile(&schema) else { return };
    assert!(Schema::compile(compiled.closed()).is_ok(), "closing breaks the schema");
    let file = SourceFile::new("app.yaml", text("config").unwrap_or_default());
    for node in yaml::read(&file).iter().flatten() {
        for prefix in ["workload", "accessories.db"] {
            let problems = compiled.check(node, prefix);
            assert_eq!(problems, compiled.check(node, prefix));
            let sure = surely_accepts(&schema, &node.to_json());
            assert!(!sure || problems.is_empty(), "a quick yes to {problems:?}");
            assert!(problems.len() <= 50, "{} problems", problems.len());
            if let Some(first) = problems.first() {
                check_error(&yaml::YamlError::from(first.clone()));
            }
        }
    }
}

/// An editor gets the schemas of all modules in one.
fn editor(schema: &Value) {
    let module = ModuleSchema {
        name: ModuleName::parse("db").unwrap(),
        kind: ModuleKind::Accessory,
        summary: None,
        developer: schema.clone(),
    };
    assert!(app_schema(&[module]).is_object());
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let with = |schema: &Value, config: &str| {
        format!("==> schema\n{schema}\n==> config\n{config}\n").into_bytes()
    };
    let names: Vec<String> = (0..3_000).map(|n| format!("name{n}")).collect();
    let properties: Value = names
        .iter()
        .map(|name| (name.clone(), serde_json::json!({"type": "string"})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let keys: String = (0..3_000).map(|n| format!("nmae{n}: x\n")).collect();
    let object = serde_json::json!({"type": "object", "properties": properties});
    let mut double = serde_json::json!({"type": "string"});
    for _ in 0..25 {
        double = serde_json::json!({"anyOf": [double, {"type": "null"}], "properties": {"a": {}}});
    }
    let definitions: serde_json::Map<String, Value> = (0..31)
        .map(|n| {
            let next = serde_json::json!({"$ref": format!("#/$defs/d{}", n + 1)});
            (format!("d{n}"), serde_json::json!({"anyOf": [next, next, next]}))
        })
        .chain([("d31".to_owned(), serde_json::json!({"properties": {"a": {"type": "string"}}}))])
        .collect();
    let doubling = serde_json::json!({"$ref": "#/$defs/d0", "$defs": definitions});
    let in_properties =
        serde_json::json!({"properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": definitions});
    let pattern = |pattern: &str| serde_json::json!({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}});
    let long = format!("a: {}", "a".repeat(200_000));
    vec![
        ("unknown-keys", with(&object, &keys)),
        ("missing-keys", with(&serde_json::json!({"required": names}), "{}")),
        ("long-key", with(&object, &format!("{}: 1", "name".repeat(50_000)))),
        ("enum", with(&serde_json::json!({"properties": {"a": {"enum": names}}}), &long)),
        (
            "enum-of-long",
            with(&serde_json::json!({"properties": {"a": {"enum": ["x".repeat(100_000)]}}}), &long),
        ),
        ("nested", with(&double, "{a: 1}")),
        ("doubling", with(&doubling, "{b: 1}")),
        ("doubling-below", with(&in_properties, "x: {b: 1}")),
        ("alternation", with(&pattern("^(a|a)*$"), &long)),
        ("repeats", with(&pattern("^(((a{30}){30}){30}){30}$"), &long)),
        ("nested-plus", with(&pattern("^(a+)+$"), &format!("{long}b"))),
        ("lookahead", with(&pattern("^(?=(a+)+b)"), &long)),
        ("classes", with(&pattern("\\p{L}{1000}\\p{L}{1000}"), &long)),
        (
            "items",
            with(
                &serde_json::json!({"properties": {"a": {"items": {"type": "string"}, "uniqueItems": true}}}),
                &format!("a: [{}]", "1, ".repeat(20_000)),
            ),
        ),
        (
            "unique",
            with(
                &serde_json::json!({"properties": {"a": {"uniqueItems": true}}}),
                &format!(
                    "a: [{}]",
                    (0..20_000).map(|n| format!("{{x: {n}}}, ")).collect::<String>()
                ),
            ),
        ),
        (
            "many-anyof",
            with(
                &serde_json::json!({"properties": {"a": {"items": {"anyOf": names.iter().map(|name| serde_json::json!({"const": name})).collect::<Vec<_>>()}}}}),
                &format!("a: [{}]", "1, ".repeat(3_000)),
            ),
        ),
    ]
}
