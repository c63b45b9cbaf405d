//! `docs/catalog.md` says what the modules of the catalog say about themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use fs_err as fs;
use kusion::config::{Input, list_inputs};
use kusion_tests::{Sandbox, blessing, catalog, difference, repository};
use serde_json::Value;

const PAGE: &str = "docs/catalog.md";
const BEGIN: &str = "<!-- From here on the page is written from the modules, by its test. -->\n";

/// Returns what a module says about itself.
fn description(sandbox: &Sandbox, module: &str) -> Value {
    let component = catalog().join(format!("{module}.wasm"));
    let shown = sandbox.run("", &["mod", "inspect", component.to_str().unwrap(), "-o", "json"]);
    shown.success().json()["description"].take()
}

/// Lists the variables that the cases of a module add to an app's containers.
fn variables(package: &Path) -> BTreeSet<String> {
    let mut variables = BTreeSet::new();
    for case in fs::read_dir(package.join("tests/golden")).unwrap().flatten() {
        let Ok(text) = fs::read_to_string(case.path().join("expected.yaml")) else { continue };
        let mut suffix = String::new();
        let mut is_env = false;
        for line in text.lines() {
            if let Some(accessory) = line.strip_prefix("- accessory: ") {
                suffix = format!("_{}", accessory.to_uppercase().replace('-', "_"));
            }
            let indent = line.len() - line.trim_start().len();
            match line.trim_start() {
                "- env:" if indent == 2 => is_env = true,
                _ if indent <= 2 => is_env = false,
                entry if is_env && indent == 4 => {
                    let name = entry.strip_prefix("- name: ");
                    variables.extend(name.map(|name| match name.strip_suffix(&suffix) {
                        Some(name) if !suffix.is_empty() => format!("{name}_<ACCESSORY>"),
                        _ => name.to_owned(),
                    }));
                }
                _ => {}
            }
        }
    }
    variables
}

/// Keeps a text in the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) }
}

fn inputs(page: &mut String, title: &str, schema: &Value) {
    let listed = list_inputs(schema);
    assert!(!listed.has_more, "the table of {title} is not whole");
    let _ = writeln!(page, "**{title}**\n");
    if listed.inputs.is_empty() {
        page.push_str("Nothing.\n\n");
        return;
    }
    page.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
    for Input { name, type_, default, meaning } in listed.inputs {
        let default = if default == "required" { default } else { code(&default) };
        let _ = writeln!(page, "| `{name}` | {} | {default} | {} |", cell(&type_), cell(&meaning));
    }
    page.push('\n');
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn expected() -> String {
    let sandbox = Sandbox::new();
    sandbox.write("project.yaml", "");
    let mut page = String::new();
    let mut modules: Vec<String> = fs::read_dir(repository().join("plugins"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    modules.sort();
    let descriptions: Vec<Value> =
        modules.iter().map(|module| description(&sandbox, module)).collect();
    page.push_str("| module | kind | what it is for |\n|---|---|---|\n");
    for (module, description) in modules.iter().zip(&descriptions) {
        let (kind, summary) = (&description["kind"], &description["summary"]);
        let _ = writeln!(
            page,
            "| [`{module}`](#{module}) | {} | {} |",
            kind.as_str().unwrap(),
            cell(summary.as_str().unwrap())
        );
    }
    page.push('\n');
    for (module, description) in modules.iter().zip(&descriptions) {
        let package = repository().join("plugins").join(module);
        let summary = description["summary"].as_str().unwrap();
        let _ = writeln!(page, "## {module}\n\n{summary} [More](../plugins/{module}/README.md).\n");
        let types = description["resourceTypes"].as_array().unwrap();
        let types = listed(types.iter().map(|name| name.as_str().unwrap().to_owned()));
        let _ = writeln!(page, "Resources: {types}.\n");
        let variables = variables(&package);
        if !variables.is_empty() {
            let _ = writeln!(page, "Variables of the app: {}.\n", listed(variables.into_iter()));
        }
        inputs(&mut page, "What a developer writes", &description["developerSchema"]);
        inputs(&mut page, "What the platform team writes", &description["platformSchema"]);
    }
    format!("{}\n", page.trim_end())
}

#[test]
fn the_page_says_what_the_modules_say() {
    let path = repository().join(PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (before, _) = page.split_once(BEGIN).unwrap();
    let expected = format!("{before}{BEGIN}\n{}", expected());
    if blessing() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(
        page == expected,
        "{PAGE} is not what the modules say; `BLESS=1 cargo test --package kusion-tests catalog_doc` writes it:\n{}",
        difference(&expected, &page).unwrap_or_default()
    );
}
