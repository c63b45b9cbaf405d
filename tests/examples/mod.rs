//! Each folder of `examples/` is a project whose README says what happens.

mod test_cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use fs_err as fs;
use kusion_tests::{Reader, Sandbox, blessing, catalog, difference, repository, retell, tells};
use serde::Deserialize;

/// What the examples show, all together.
const SHOWN: [&str; 9] = [
    "autoscaler",
    "job",
    "k8s_manifest",
    "monitoring",
    "mysql",
    "network",
    "postgres",
    "service",
    "volume",
];

/// What came of going through the README of an example.
struct Walk {
    readme: PathBuf,
    /// The page as it is.
    written: String,
    /// The page as it should be. What tells the same in other words, or leaves out what it may, stays.
    told: String,
    lock: Lock,
}

/// The part of kusion.lock that says which modules a project uses.
#[derive(Deserialize)]
struct Lock {
    workspaces: BTreeMap<String, BTreeMap<String, Pin>>,
}

#[derive(Deserialize)]
struct Pin {
    source: String,
}

fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("examples")).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders.retain(|path| path.is_dir());
    folders
}

/// Goes through the README of an example in a copy of it.
fn walk(example: &Path) -> Walk {
    let name = example.file_name().unwrap().to_str().unwrap();
    let readme = example.join("README.md");
    let written = fs::read_to_string(&readme).unwrap();
    let sandbox = Sandbox::new();
    sandbox.copy_from(example, name);
    // What somebody left who tried the example where it is; both are in .gitignore.
    let _nothing_left = fs::remove_dir_all(sandbox.path(name).join("manifests"));
    let _nothing_left = fs::remove_file(sandbox.path(name).join("kusion.lock"));

    let mut reader = Reader::new(sandbox, name);
    let mut commands = 0;
    let told = retell(&written, |command, written| {
        commands += 1;
        let (code, said) = reader.run(command);
        let is_shown = written.contains("error: ");
        assert!(code == Some(0) || is_shown, "{name}: `{command}` ends with {code:?}:\n{said}");
        if tells(written, &said) { written.to_owned() } else { said }
    });
    assert!(commands > 0, "examples/{name}/README.md shows no command");
    let lock = reader.sandbox().read(&format!("{name}/kusion.lock"));
    Walk { readme, written, told, lock: serde_saphyr::from_str(&lock).unwrap() }
}

fn walks() -> &'static [Walk] {
    static WALKS: OnceLock<Vec<Walk>> = OnceLock::new();
    WALKS.get_or_init(|| examples().iter().map(|example| walk(example)).collect())
}

#[test]
fn every_example_says_what_happens() {
    let mut differences = Vec::new();
    for Walk { readme, written, told, .. } in walks() {
        if blessing() {
            fs::write(readme, told).unwrap();
        } else if let Some(difference) = difference(written, told) {
            let title = readme.strip_prefix(repository()).unwrap().display();
            differences.push(format!("{title}\n{difference}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_examples_show_these_modules_and_all_are_of_the_catalog() {
    let mut shown = BTreeSet::new();
    for Walk { readme, lock, .. } in walks() {
        for (module, pin) in lock.workspaces.values().flatten() {
            let title = readme.display();
            assert_eq!(pin.source, "catalog", "{title}: {module}");
            assert!(catalog().join(format!("{module}.wasm")).is_file(), "{title}: {module}");
            shown.insert(module.as_str());
        }
    }
    assert_eq!(shown, BTreeSet::from(SHOWN));
}

#[test]
fn the_first_page_shows_the_shop_as_it_is() {
    let page = fs::read_to_string(repository().join("README.md")).unwrap();
    let app = fs::read_to_string(repository().join("examples/shop/app.yaml")).unwrap();
    assert!(page.contains(&format!("```yaml\n{app}```\n")), "{app}");
}
