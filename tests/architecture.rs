//! The rules of the house: who may import whom. `ARCHITECTURE.md` shows the same table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use kusion_tests::repository;

/// Rooms that every room may import.
const BASE: &[&str] = &["name", "digest", "diagnostic", "source", "files"];

/// The rooms above the base, from the ground up, and what each may import beside the base.
const ROOMS: &[(&str, &[&str])] = &[
    ("yaml", &[]),
    ("http", &[]),
    ("config", &["yaml"]),
    ("module", &["http", "yaml"]),
    ("sample", &[]),
    ("spec", &[]),
    ("engine", &["spec"]),
    ("plan", &["spec"]),
    ("backend", &[]),
    ("secret", &["spec", "backend", "http"]),
    ("runtime", &["spec", "secret", "yaml"]),
    ("apply", &["spec", "plan", "runtime", "secret"]),
    ("release", &["spec", "backend", "yaml"]),
    ("home", &["config", "backend", "release", "secret", "yaml"]),
    (
        "ops",
        &[
            "apply", "backend", "config", "engine", "http", "module", "plan", "release", "runtime",
            "sample", "secret", "spec",
        ],
    ),
];

/// What the rooms of the base may import.
const BASE_ROOMS: &[(&str, &[&str])] =
    &[("name", &[]), ("digest", &[]), ("source", &[]), ("files", &[]), ("diagnostic", &["source"])];

/// Crates that have a room, or a folder of one: whoever wants to replace one finds it in one place.
const VENDORS: &[(&str, &str)] = &[
    ("wasmtime", "engine"),
    ("wasmtime_wasi", "engine"),
    ("wasmparser", "engine"),
    ("wit_component", "module"),
    ("wit_parser", "module"),
    ("wasm_encoder", "module"),
    ("hyper", "http"),
    ("hyper_rustls", "http"),
    ("hyper_util", "http"),
    ("rustls", "http"),
    ("rustls_platform_verifier", "http"),
    ("http_body_util", "http"),
    ("http", "http"),
    ("http", "module/registry"),
    ("http", "secret/store"),
    ("docker_credential", "module/registry"),
    ("base64", "module/registry"),
    ("base64", "module/signing"),
    ("base64", "module/verify"),
    ("pem", "module"),
    ("toml", "module/build"),
    ("ring", "module"),
    ("scrypt", "module/signing"),
    ("crypto_secretbox", "module/signing"),
    ("sigstore_verify", "module/verify"),
    ("jsonschema", "config"),
    ("schemars", "config"),
    ("granit_parser", "yaml"),
    ("serde_saphyr", "yaml"),
    ("age", "secret"),
    ("getrandom", "secret"),
    ("json_patch", "spec"),
    ("regex_syntax", "sample"),
    ("kube", "runtime/kubernetes/cluster/wire"),
    ("k8s_openapi", "runtime/kubernetes/cluster/wire"),
    ("http", "runtime/kubernetes/cluster/wire"),
    ("http_body_util", "runtime/kubernetes/cluster/wire"),
    ("base64", "runtime/kubernetes/cluster"),
    ("cel", "runtime/kubernetes/health.rs"),
    ("clap", "bin"),
    ("clap_complete", "bin"),
    ("indicatif", "bin"),
    ("similar", "bin"),
    ("console", "bin"),
    ("tracing_subscriber", "bin"),
];

/// The folders of the cluster runtime, from the ground up: each may import those before it.
const CLUSTER: (&str, &[&str]) = (
    "runtime/kubernetes/cluster",
    &["wire", "objects", "refusals", "look", "ready", "stack", "change"],
);

/// What only the binary may do.
const ONLY_IN_BIN: &[&str] = &[
    "println!",
    "eprintln!",
    "print!",
    "eprint!",
    "dbg!",
    "std::env",
    "std::process::exit",
    "std::io::stdin",
];

/// One file of `host/src`, without comments and tests.
struct Source {
    room: String,
    path: PathBuf,
    code: String,
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        if source.room == "bin" || source.room == "lib" {
            continue;
        }
        let Some(allowed) = allowed(&source.room) else {
            wrong.insert(format!(
                "{}: room `{}` is not in the table",
                source.path.display(),
                source.room
            ));
            continue;
        };
        for room in imported(&source.code) {
            if room != source.room && !allowed.contains(room.as_str()) {
                wrong.insert(format!(
                    "{}: `{}` may not import `{room}`",
                    source.path.display(),
                    source.room
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn the_table_has_no_circle_and_no_idle_entry() {
    let names: Vec<&str> = BASE_ROOMS.iter().chain(ROOMS).map(|(room, _)| *room).collect();
    for (index, (room, allowed)) in BASE_ROOMS.iter().chain(ROOMS).enumerate() {
        let below = names.get(..index).unwrap_or_default();
        let upward: Vec<_> = allowed.iter().filter(|other| !below.contains(other)).collect();
        assert!(upward.is_empty(), "`{room}` imports {upward:?}, which is not below it");
    }
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        used.entry(source.room).or_default().extend(imported(&source.code));
    }
    for (room, allowed) in ROOMS {
        let used = used.get(*room).cloned().unwrap_or_default();
        let idle: Vec<_> = allowed.iter().filter(|other| !used.contains(**other)).collect();
        assert!(idle.is_empty(), "`{room}` does not use {idle:?}: take it out of the table");
    }
}

#[test]
fn folders_of_the_cluster_runtime_stand_on_each_other() {
    let (room, folders) = CLUSTER;
    let mut wrong = BTreeSet::new();
    for source in sources() {
        let Ok(path) = source.path.strip_prefix(room) else { continue };
        let position = |name: &str| folders.iter().position(|folder| *folder == name);
        let inside = path.parent().and_then(Path::to_str).filter(|folder| !folder.is_empty());
        let Some(folder) = inside else { continue };
        let Some(own) = position(folder) else {
            wrong.insert(format!("{}: folder `{folder}` is not in the list", path.display()));
            continue;
        };
        let named = source.code.split("kubernetes::cluster::").skip(1);
        let named = named.filter_map(|rest| rest.split("::").next());
        for above in named.filter(|name| position(name).is_some_and(|other| other > own)) {
            wrong.insert(format!("{}: `{folder}` may not import `{above}`", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn the_page_shows_the_table() {
    let page = fs::read_to_string(repository().join("ARCHITECTURE.md")).unwrap();
    for (room, allowed) in ROOMS {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{room}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{room}`"));
        let cell = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        let named: BTreeSet<&str> = cell.split('`').skip(1).step_by(2).collect();
        let expected: BTreeSet<&str> = allowed.iter().copied().collect();
        let shown = if cell.contains("all but") {
            let all = ROOMS.iter().map(|(name, _)| *name).filter(|name| name != room);
            all.filter(|name| !named.contains(name)).collect()
        } else if allowed.is_empty() {
            // The cell is empty, so that the last one of the row is what the room is for.
            BTreeSet::new()
        } else {
            named
        };
        assert_eq!(shown, expected, "the row of `{room}` in ARCHITECTURE.md");
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = BTreeSet::new();
    for source in sources() {
        for (vendor, room) in VENDORS {
            let lives = |(name, room): &(&str, &str)| {
                name == vendor && (source.room == *room || source.path.starts_with(room))
            };
            let at_home = VENDORS.iter().any(lives);
            if !at_home && names(&source.code, vendor) {
                wrong.insert(format!("{}: `{vendor}` is for `{room}`", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn the_library_does_not_print_exit_or_read_the_environment() {
    let mut wrong = BTreeSet::new();
    for source in sources().into_iter().filter(|source| source.room != "bin") {
        for forbidden in ONLY_IN_BIN {
            if contains_word(&source.code, forbidden) {
                wrong.insert(format!("{}: `{forbidden}`", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

/// Somebody may read the log who may not read the configuration.
#[test]
fn the_library_traces_names_and_numbers_and_no_whole_values() {
    let mut wrong = BTreeSet::new();
    for source in sources().into_iter().filter(|source| source.room != "bin") {
        for attribute in source.code.split("tracing::instrument(").skip(1) {
            if !attribute.split(")]").next().unwrap_or_default().contains("skip_all") {
                wrong.insert(format!("{}: a span of all arguments", source.path.display()));
            }
        }
        for sigil in ["= ?", "(?", ", ?", "{ ?"] {
            if source.code.contains(sigil) {
                wrong.insert(format!("{}: `{sigil}` in an event", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", lines(&wrong));
}

#[test]
fn packages_depend_as_the_house_says() {
    let dependencies = |manifest: &str| -> BTreeSet<String> {
        let text = fs::read_to_string(repository().join(manifest)).unwrap();
        let own = |line: &str| {
            let name = line.split([' ', '.', '=']).next().unwrap_or_default();
            name.starts_with("kusion").then(|| name.to_owned())
        };
        let sections = text.split("\n[").filter(|section| section.contains("dependencies]"));
        sections.flat_map(|section| section.lines().filter_map(own)).collect()
    };
    assert_eq!(dependencies("host/Cargo.toml"), BTreeSet::new());
    assert_eq!(dependencies("sdk/Cargo.toml"), BTreeSet::new());
    for entry in fs::read_dir(repository().join("plugins")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let mut own = dependencies(&format!("plugins/{name}/Cargo.toml"));
        // What modules of databases share stands on the SDK as they do.
        own.remove("kusion-databases");
        assert_eq!(own, BTreeSet::from(["kusion-sdk".to_owned()]), "{name}");
    }
}

#[test]
fn no_built_module_is_kept() {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "*.wasm"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "");
}

#[test]
fn code_is_told_from_comments_and_tests() {
    let text = "use crate::plan::Plan; // crate::apply\n/// crate::ops\nuse crate::{\n    name::Name, spec::{Spec, Id},\n};\n#[cfg(test)]\nmod tests {\n    use crate::home::Home;\n}\npub fn f() -> crate::yaml::Node { \"// crate::config\" }\n";
    let code = code(text);
    let expected = ["name", "plan", "spec", "yaml"].map(str::to_owned);
    assert_eq!(imported(&code), BTreeSet::from(expected));
    assert!(names("use age::Encryptor;", "age") && !names("use storage::Page;", "age"));
    assert!(names("let x = age::x25519();", "age") && !names("message::age", "age"));
}

fn allowed(room: &str) -> Option<BTreeSet<&'static str>> {
    if let Some((_, allowed)) = BASE_ROOMS.iter().find(|(name, _)| *name == room) {
        return Some(allowed.iter().copied().collect());
    }
    let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room)?;
    Some(BASE.iter().chain(*allowed).copied().collect())
}

fn sources() -> Vec<Source> {
    let root = repository().join("host/src");
    let mut sources = Vec::new();
    collect(&root, &root, &mut sources);
    assert!(sources.len() > 100, "only {} files in {}", sources.len(), root.display());
    sources
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_tests =
            ["tests", "tests.rs", "properties.rs"].iter().any(|tests| path.ends_with(tests));
        if path.is_dir() && !is_tests {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests {
            let relative = path.strip_prefix(root).unwrap().to_owned();
            let first =
                relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let room = first.trim_end_matches(".rs").to_owned();
            let code = code(&fs::read_to_string(&path).unwrap());
            sources.push(Source { room, path: relative, code });
        }
    }
}

/// Returns a file without its comments, texts and test modules.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut test_module: Option<String> = None;
    let mut after_cfg_test = false;
    for line in text.lines() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        if let Some(closing) = &test_module {
            if line == closing {
                test_module = None;
            }
            continue;
        }
        if after_cfg_test && line.ends_with('{') {
            test_module = Some(format!("{indent}}}"));
            after_cfg_test = false;
            continue;
        }
        after_cfg_test = line.trim() == "#[cfg(test)]";
        let line = line.split("//").next().unwrap_or_default();
        let outside_texts: Vec<&str> = line.split('"').step_by(2).collect();
        code.push_str(&outside_texts.concat());
        code.push('\n');
    }
    code
}

/// Returns the rooms that code names by `crate::`.
fn imported(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        if code.get(..at).is_some_and(|before| before.ends_with(is_name_part)) {
            continue;
        }
        let rest = code.get(at + path.len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(list) => rooms.extend(first_names(list)),
            None => rooms.extend(rest.split(|c| !is_name_part(c)).next().map(str::to_owned)),
        }
    }
    rooms
}

/// Returns the first part of each path in a list `{a::b, c::{d, e}}`, the opening brace of which is gone.
fn first_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut name = String::new();
    let mut complete = false;
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                complete = false;
            }
            _ if depth > 0 || complete => {}
            character if is_name_part(character) => name.push(character),
            ':' => complete = true,
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

/// Says whether code names a crate at the beginning of a path.
fn names(code: &str, vendor: &str) -> bool {
    code.match_indices(&format!("{vendor}::")).any(|(at, _)| {
        code.get(..at)
            .is_some_and(|before| !before.ends_with(|c: char| is_name_part(c) || c == ':'))
    })
}

/// Says whether code contains a text that is not the end of a longer name.
fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| code.get(..at).is_some_and(|before| !before.ends_with(is_name_part)))
}

fn is_name_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn lines(items: &BTreeSet<String>) -> String {
    items.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}
