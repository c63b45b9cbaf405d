//! The workspace file.

use std::path::Path;

use kusion::config::Workspace;
use kusion::name::{ModuleName, ProjectName, WorkspaceName};
use kusion::source::SourceFile;

use super::Target;
use super::place::check_error;

pub const TARGET: Target = Target { name: "workspace", run, large, cases: 600 };

fn run(input: &[u8], _folder: &Path) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let base = Path::new("/srv/platform");
    let parse = |text: &str, base| {
        Workspace::parse(
            WorkspaceName::parse("dev").unwrap(),
            &SourceFile::new("dev.yaml", text),
            base,
        )
    };
    for base in [None, Some(base)] {
        match parse(text, base) {
            Ok(workspace) => {
                check(&workspace);
                let stored = workspace.absolutise();
                let again =
                    parse(&stored, None).unwrap_or_else(|error| panic!("{error:?}\n{stored}"));
                assert_eq!(
                    format!("{:?}", origins(&workspace)),
                    format!("{:?}", origins(&again)),
                    "{stored}"
                );
                assert_eq!(again.absolutise(), stored);
            }
            Err(error) => check_error(&error),
        }
    }
}

fn check(workspace: &Workspace) {
    for project in ["shop", "web", "a"] {
        let project = ProjectName::parse(project).unwrap();
        for module in workspace.module_names() {
            drop(workspace.platform(module, &project).unwrap());
        }
    }
    if let Some(store) = workspace.secret_store() {
        drop(format!("{} {:?}", store.provider(), store.settings()));
    }
}

fn origins(workspace: &Workspace) -> Vec<(&ModuleName, &kusion::config::ModuleOrigin)> {
    workspace.modules().iter().map(|(name, module)| (name, module.origin())).collect()
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let modules = |value: &str| -> Vec<u8> {
        ("modules:\n".to_owned()
            + &(0..10_000).map(|n| format!("  m{n}: {value}\n")).collect::<String>())
            .into_bytes()
    };
    let patchers: String =
        (0..5_000).map(|n| format!("      p{n}: {{projectSelector: [x{n}], a: 1}}\n")).collect();
    let selector: String = (0..20_000).map(|n| format!("x{n}, ")).collect();
    vec![
        ("modules", modules("{path: a/b.wasm}")),
        ("blank-modules", modules("")),
        ("bad-modules", modules("{path: 1}")),
        (
            "one-line",
            format!(
                "modules: {{{}}}",
                (0..10_000).map(|n| format!("m{n}: {{path: a}}, ")).collect::<String>()
            )
            .into_bytes(),
        ),
        ("patchers", format!("modules:\n  m:\n    configs:\n{patchers}").into_bytes()),
        (
            "selector",
            format!(
                "modules:\n  m:\n    configs:\n      p: {{a: 1, projectSelector: [{selector}]}}\n"
            )
            .into_bytes(),
        ),
        (
            "secrets",
            format!("targets: {{kubernetes: {{directory: x, secrets: {}}}}}", "om".repeat(100_000))
                .into_bytes(),
        ),
        (
            "context",
            ("context:\n".to_owned()
                + &(0..40_000).map(|n| format!("  c{n}: x\n")).collect::<String>())
                .into_bytes(),
        ),
    ]
}
