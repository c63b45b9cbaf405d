//! What the guest says about itself.
//!
//! `describe` has no argument, so a test chooses by writing over [`MODE`] in the component's bytes.

use crate::harm;
use crate::wit::Description;

/// The mark that a test looks for, then 16 bytes for what it chooses.
static MODE: [u8; 32] = *b"HOW-TO-DESCRIBE:well            ";

pub(crate) fn description() -> Description {
    // The compiler must not believe what stands in the source.
    // SAFETY: a reference is valid for reads.
    let bytes = unsafe { std::ptr::read_volatile(&raw const MODE) };
    let text = String::from_utf8_lossy(&bytes);
    let mode = text.split(':').nth(1).unwrap_or_default().trim_end();
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
        _ => {}
    }
    description
}
