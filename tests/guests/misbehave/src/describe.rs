//! What the guest says about itself.
//!
//! `describe` has no argument, so a test chooses by writing over [`MODE`] in the component's bytes.

use crate::harm;
use crate::wit::Description;

/// The mark that a test looks for, then 16 bytes for what it chooses.
static MODE: [u8; 32] = *b"HOW-TO-DESCRIBE:well            ";

/// Returns what the test chose.
pub(crate) fn mode() -> String {
    // The compiler must not believe what stands in the source.
    // SAFETY: a reference is valid for reads.
    let bytes = unsafe { std::ptr::read_volatile(&raw const MODE) };
    let text = String::from_utf8_lossy(&bytes);
    text.split(':').nth(1).unwrap_or_default().trim_end().to_owned()
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn description() -> Description {
    let mode = mode();
    let mode = mode.as_str();
    harm::harm(mode);
    let mut description = Description {
        name: "misbehave".to_owned(),
        version: "0.1.0".to_owned(),
        kind: "accessory".to_owned(),
        summary: "Does harm.".to_owned(),
        context_keys: Vec::new(),
        developer_schema: r#"{"type": "object", "additionalProperties": true}"#.to_owned(),
        platform_schema: r#"{"type": "object"}"#.to_owned(),
        resource_types: Vec::new(),
        extensions: "{}".to_owned(),
    };
    match mode {
        "workload" => description.kind = "workload".to_owned(),
        "kind" => description.kind = "decoration".to_owned(),
        "no-name" => description.name.clear(),
        "no-version" => description.version.clear(),
        "no-kind" => description.kind.clear(),
        "schema-no-json" => description.developer_schema = "{type: object}".to_owned(),
        "schema-empty" => description.platform_schema.clear(),
        "schema-invalid" => description.developer_schema = r#"{"type": "objekt"}"#.to_owned(),
        "schema-number" => description.developer_schema = "42".to_owned(),
        "schema-remote" => {
            description.developer_schema = r#"{"$ref": "http://localhost/schema.json"}"#.to_owned();
        }
        "schema-file" => {
            description.developer_schema = r#"{"$ref": "file:///etc/hostname"}"#.to_owned();
        }
        "schema-endless" => {
            description.developer_schema = r##"{"$ref": "#"}"##.to_owned();
        }
        "schema-laughs" => description.developer_schema = laughs(),
        "schema-row" => description.developer_schema = row(),
        "schema-harm" => {
            description.developer_schema = r#"{
                "type": "object",
                "properties": {"do": {"enum": ["nothing", "trap"]}, "more": {"type": "string"}},
                "required": ["do"]
            }"#
            .to_owned();
        }
        "schema-pattern" => {
            description.developer_schema =
                r#"{"properties": {"do": {"pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}}}"#.to_owned();
        }
        "schema-huge-re" => {
            description.developer_schema =
                r#"{"properties": {"do": {"pattern": "((\\w{100}){100}){100}"}}}"#.to_owned();
        }
        "schema-flood" => {
            description.developer_schema = format!(r#"{{"enum": [{}0]}}"#, "0,".repeat(2_000_000));
        }
        "long-name" => description.name = "x".repeat(1 << 20),
        "odd-kind" => description.kind = "acc\u{1b}[2Jessory".to_owned(),
        "greedy" | "greedy-workload" => {
            description.context_keys = GREED.iter().map(|key| (*key).to_owned()).collect();
            description.platform_schema =
                r#"{"type": "object", "additionalProperties": true}"#.to_owned();
            if mode == "greedy-workload" {
                description.kind = "workload".to_owned();
            }
        }
        _ => {}
    }
    description
}

/// Everything that a context may hold.
const GREED: [&str; 10] = [
    "REGION",
    "KUBECONFIG_CONTENT",
    "KUBECONFIG_PATH",
    "AWS_SECRET_ACCESS_KEY",
    "providers",
    "list",
    "secretStore",
    "store",
    "db_password",
    "",
];

/// A schema that multiplies tenfold with each of its definitions.
fn laughs() -> String {
    let level = |number: usize| {
        let next = format!(r##"{{"$ref": "#/$defs/{}"}}"##, number + 1);
        format!(r#""{number}": {{"allOf": [{}]}}"#, vec![next; 10].join(", "))
    };
    let levels: Vec<String> = (0..12).map(level).collect();
    format!(r##"{{"$ref": "#/$defs/0", "$defs": {{{}, "12": true}}}}"##, levels.join(", "))
}

/// A schema that leads from one definition to the next, and so on.
fn row() -> String {
    let next = |number: usize| format!(r##""{number}": {{"$ref": "#/$defs/{}"}}"##, number + 1);
    let all: Vec<String> = (0..10_000).map(next).collect();
    format!(r##"{{"$ref": "#/$defs/0", "$defs": {{{}, "10000": true}}}}"##, all.join(", "))
}
