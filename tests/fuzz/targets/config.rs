//! project.yaml, stack.yaml, and app.yaml with an overlay.

use std::path::Path;

use fs_err as fs;
use kusion::config::Stack;

use super::Target;
use super::place::check_error;
use crate::archive;

pub const TARGET: Target = Target { name: "config", run, large, cases: 600 };

/// The files of a stack, as an archive names them, and where they belong.
const FILES: [(&str, &str); 4] = [
    ("project.yaml", "project.yaml"),
    ("app.yaml", "app.yaml"),
    ("dev/stack.yaml", "dev/stack.yaml"),
    ("dev/app.yaml", "dev/app.yaml"),
];

fn run(input: &[u8], folder: &Path) {
    let files = archive::files(input);
    fs::create_dir_all(folder.join("dev")).unwrap();
    for (name, path) in FILES {
        let path = folder.join(path);
        match archive::file(&files, name) {
            Some(content) => fs::write(path, content).unwrap(),
            None => drop(fs::remove_file(path)),
        }
    }
    let dev = folder.join("dev");
    match Stack::load(&dev) {
        Ok(stack) => {
            let again = Stack::load(&dev).unwrap();
            assert_eq!(format!("{stack:?}"), format!("{again:?}"));
            for app in stack.apps() {
                for component in app.workload().into_iter().chain(app.accessories().values()) {
                    let value = component.config().to_json();
                    assert!(value.is_object(), "{value}");
                }
            }
        }
        Err(error) => {
            let again = Stack::load(&dev).unwrap_err();
            assert_eq!(format!("{error:?}"), format!("{again:?}"));
            check_error(&error);
        }
    }
    drop(Stack::load_header(&dev));
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let with = |app: &str, overlay: &str| {
        format!(
            "==> project.yaml\nname: shop\n==> dev/stack.yaml\nname: dev\n==> app.yaml\n{app}\n==> dev/app.yaml\n{overlay}\n"
        )
        .into_bytes()
    };
    let apps = |value: &str| -> String {
        "apps:\n".to_owned()
            + &(0..10_000).map(|n| format!("  a{n}: {value}\n")).collect::<String>()
    };
    let documents: String =
        (0..10_000).map(|n| format!("---\nname: a{n}\nworkload: {{module: service}}\n")).collect();
    let accessories: String = (0..20_000).map(|n| format!("  a{n}: {{x: 1}}\n")).collect();
    let accessories = format!("workload: {{module: service}}\naccessories:\n{accessories}");
    let labels: String = (0..40_000).map(|n| format!("  a{n}: b\n")).collect();
    let secrets: String =
        (0..20_000).map(|n| format!("    s{n}: {{type: opaque, data: {{k: v}}}}\n")).collect();
    let secrets = format!("workload:\n  module: service\n  secrets:\n{secrets}");
    let workload = "workload: {module: service}";
    vec![
        ("apps", with(&apps("{workload: {module: service}}"), &apps("{labels: {a: b}}"))),
        ("documents", with(&documents, &documents)),
        ("accessories", with(&accessories, &accessories)),
        ("labels", with(&format!("{workload}\nlabels:\n{labels}"), &format!("labels:\n{labels}"))),
        (
            "removed",
            with(
                &format!("{workload}\nlabels:\n{labels}"),
                &format!("labels:\n{}", labels.replace(": b", ": null")),
            ),
        ),
        ("secrets", with(&secrets, &secrets)),
        ("unknown-keys", with(&labels.replace("  a", "a"), workload)),
        ("unknown-key", with(&format!("{workload}\n{}: 1\n", "accessorie".repeat(50_000)), "")),
        ("bad-labels", with(&format!("{workload}\nlabels:\n{}", labels.replace(": b", ": 1")), "")),
        ("bad-names", with(workload, &apps("{name: other}"))),
        ("long-name", with(&format!("{workload}\nname: {}", "é".repeat(400_000)), "")),
        (
            "long-overlay",
            with(&format!("{workload}\nname: shop"), &format!("name: {}", "x".repeat(400_000))),
        ),
        ("blanks", with(&labels.replace(": b", ":"), workload)),
        (
            "long-line",
            with(
                &format!(
                    "workload: {{module: service, {}}}",
                    "secrets: {a: {b: c}}, ".repeat(4_000)
                ),
                "",
            ),
        ),
        (
            "secrets-one-line",
            with(
                &format!(
                    "workload: {{module: service, secrets: {{{}}}}}",
                    (0..20_000)
                        .map(|n| format!("s{n}: {{type: opaque, data: {{k: v}}}}, "))
                        .collect::<String>()
                ),
                "",
            ),
        ),
        (
            "secret-lines",
            with(
                &format!(
                    "workload:\n  secrets:\n    a: {{type: opaque, data: {{k: \"{}\"}}}}",
                    "x\n\n".repeat(100_000)
                ),
                "",
            ),
        ),
        (
            "secret-aliases",
            with(
                &format!(
                    "x: &x \"{}\"\nsecrets:\n  a:\n    data: [{}]",
                    "x\n\n".repeat(2_000),
                    "*x, ".repeat(2_000)
                ),
                "",
            ),
        ),
        ("unreadable", with(&format!("secrets: {{\n{}", "a: b:\n".repeat(100_000)), "")),
    ]
}
