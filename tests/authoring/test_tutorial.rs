//! docs/tutorial-module.md says what happens.

use fs_err as fs;
use kusion_tests::{
    AUTHORED, Authored, Reader, Sandbox, blessing, difference, in_one_order, repository, retell,
};

use crate::registry::real::{Registry, Wants};

/// Where the page says that the registry is.
const REGISTRY: &str = "localhost:5000";

/// Runs one command line and returns what it says, with the registry where the page says that it is.
fn run(reader: &mut Reader, registry: &Registry, line: &str) -> String {
    let (_, said) = reader.run(&line.replace(REGISTRY, &registry.address()));
    // What cargo tells of its progress depends on what it did before.
    let is_cargos = |line: &&str| {
        line.starts_with("   ")
            && line.trim().split(' ').next().is_some_and(|word| {
                word.ends_with("ing") || matches!(word, "Finished" | "Downloaded" | "Compiled")
            })
    };
    let kept = said.split_inclusive('\n').filter(|line| !is_cargos(line));
    kept.collect::<String>().replace(&registry.address(), REGISTRY)
}

/// Goes through the page and returns it as it should be.
fn page(text: &str, authored: Authored) -> String {
    let mut reader = Reader::new(Sandbox::new(), "");
    let registry = Registry::start(Wants::default());
    let is_rust = authored.lang == "rust";
    let built = authored.folder();
    if is_rust {
        // What the module stands on was built for its own test.
        let target = built.join("target");
        let config = format!("[build]\ntarget-dir = \"{}\"\n", target.display());
        reader.sandbox().write(".cargo/config.toml", &config);
    }
    retell(text, |command, written| {
        let (is_init, is_build) =
            (command.starts_with("kusion mod init"), command == "kusion mod build");
        if is_build && !is_rust {
            // What takes long to build was built already.
            return written.to_owned();
        }
        let command = match command {
            "kusion mod test" if !is_rust => "kusion mod test dist/cache.wasm".to_owned(),
            _ => command.replace("--lang rust", &format!("--lang {}", authored.lang)),
        };
        let said = run(&mut reader, &registry, &command);
        if is_init {
            let made = reader.sandbox().path("cache");
            let kept = if is_rust { "Cargo.lock" } else { "dist/cache.wasm" };
            fs::create_dir_all(made.join("dist")).unwrap();
            fs::copy(built.join(kept), made.join(kept)).unwrap();
        }
        // Elsewhere other files are made.
        if is_init && !is_rust { written.to_owned() } else { without_digests(&said) }
    })
}

/// Shortens digests, which depend on the compiler.
fn without_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        result.push_str("sha256:…");
        result.push_str(part.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    }
    result
}

/// Replaces what differs from run to run: sizes and fuel, which depend on the language and its compiler, and an order.
fn without_numbers(text: &str) -> String {
    let line = |line: &str| {
        let mut line = line.to_owned();
        for unit in [" bytes", " fuel", " rejected"] {
            if let Some((before, after)) = line.split_once(unit) {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
                line = format!("{before}N{unit}{after}");
            }
        }
        line
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    in_one_order(&lines.join("\n"))
}

#[test]
fn the_tutorial_says_what_happens_in_every_language() {
    let path = repository().join("docs/tutorial-module.md");
    let text = fs::read_to_string(&path).unwrap();
    for authored in AUTHORED {
        let page = page(&text, authored);
        if blessing() && authored.lang == "rust" {
            fs::write(&path, page).unwrap();
            return;
        }
        let (written, said) = (without_numbers(&text), without_numbers(&page));
        assert!(
            written == said,
            "in {}:\n{}",
            authored.lang,
            difference(&written, &said).unwrap_or_default()
        );
    }
}
