//! The reader and the writer of YAML.

use std::path::Path;

use kusion::source::SourceFile;
use kusion::yaml;
use serde_json::Value;

use super::Target;
use super::place::check_error;

pub const TARGET: Target = Target { name: "yaml", run, large, cases: 1_000 };

fn run(input: &[u8], _folder: &Path) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let file = SourceFile::new("a.yaml", text);
    match yaml::read(&file) {
        Ok(documents) => {
            for document in &documents {
                let value = document.to_json();
                let written = yaml::to_string(&value).unwrap();
                assert_eq!(
                    yaml::parse_value(&written).as_ref(),
                    Ok(&value),
                    "written as:\n{written}"
                );
                let again = yaml::read(&SourceFile::new("b.yaml", written.as_str())).unwrap();
                assert_eq!(again.first().map(|node| node.to_json()), Some(value), "{written}");
            }
        }
        Err(error) => check_error(&error),
    }
    // JSON is YAML, but for keys that occur twice and numbers that no machine has.
    if let (Ok(json), Ok(yaml)) = (serde_json::from_str::<Value>(text), yaml::parse_value(text)) {
        assert_eq!(yaml, yaml::canonical(json));
    }
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let keys: String = (0..60_000).map(|n| format!("key{n}: {n}\n")).collect();
    let merges: String =
        format!("a: &a {{{}}}\n", (0..2_000).map(|n| format!("k{n}: 1, ")).collect::<String>())
            + &(0..100).map(|n| format!("m{n}: {{<<: *a}}\n")).collect::<String>();
    let bomb: String = "a0: &a0 x\n".to_owned()
        + &(1..40)
            .map(|n| format!("a{n}: &a{n} [{}]\n", format!("*a{}, ", n - 1).repeat(9)))
            .collect::<String>();
    vec![
        ("keys", keys.into_bytes()),
        ("merges", merges.into_bytes()),
        ("bomb", bomb.into_bytes()),
        ("documents", "--- a\n".repeat(100_000).into_bytes()),
        ("duplicates", "a: 1\n".repeat(100_000).into_bytes()),
        ("brackets", "[".repeat(1 << 20).into_bytes()),
        ("maps", "{a: ".repeat(1 << 18).into_bytes()),
        (
            "indents",
            (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>().into_bytes(),
        ),
        ("dashes", "- ".repeat(1 << 18).into_bytes()),
        ("questions", "? ".repeat(1 << 18).into_bytes()),
        ("quote", format!("\"{}", "a\n".repeat(1 << 19)).into_bytes()),
        ("plain", "a ".repeat(1 << 20).into_bytes()),
        ("plain-lines", "a\n".repeat(1 << 19).into_bytes()),
        ("anchors", "- &a a\n".repeat(100_000).into_bytes()),
        ("aliases", format!("- &a a\n{}", "- *a\n".repeat(100_000)).into_bytes()),
        ("comments", "#\n".repeat(1 << 19).into_bytes()),
        ("tags", "- !!x a\n".repeat(100_000).into_bytes()),
        ("block", format!("a: |\n{}", "  x\n".repeat(1 << 18)).into_bytes()),
        ("blocks", "- |\n  x\n  y\n".repeat(60_000).into_bytes()),
        ("spaces", " ".repeat(1 << 20).into_bytes()),
        ("flow-lines", format!("[{}]", "a,\n".repeat(1 << 18)).into_bytes()),
        ("json", format!("[{}1]", "{\"a\": [1, \"b\"]}, ".repeat(40_000)).into_bytes()),
        ("one-line", format!("a: [{}]", "'x', ".repeat(200_000)).into_bytes()),
        ("colons", ": ".repeat(1 << 17).into_bytes()),
        ("ideographs", format!("[{}]", "漢: 字, ".repeat(1 << 16)).into_bytes()),
    ]
}
