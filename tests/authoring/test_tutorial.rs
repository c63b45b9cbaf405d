//! docs/tutorial-module.md says what happens.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;
use kusion_tests::{AUTHORED, Authored, Sandbox, difference, kusion, repository};

use crate::registry::real::{Registry, Wants};

/// Where the page says that the registry is.
const REGISTRY: &str = "localhost:5000";

/// A shell that goes through the page.
struct Reader {
    sandbox: Sandbox,
    registry: Registry,
    folder: PathBuf,
}

impl Reader {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("");
        fs::create_dir_all(&folder).unwrap();
        Self { sandbox, registry: Registry::start(Wants::default()), folder }
    }

    /// Runs one command line and returns what it says.
    fn run(&mut self, line: &str) -> String {
        let line = line.replace(REGISTRY, &self.registry.address());
        let place = self.sandbox.path(".place");
        let script = format!("{line}\ncode=$?\npwd >'{}'\nexit $code", place.display());
        let path = option_env!("PATH").unwrap_or("/usr/bin:/bin");
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{script}")])
            .current_dir(&self.folder)
            .env("PATH", format!("{}:{path}", kusion().parent().unwrap().display()))
            .env("KUSION", repository())
            .env("KUSION_HOME", self.sandbox.home(""))
            .env("KUSION_CATALOG", kusion_tests::catalog())
            .env("NO_COLOR", "1")
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        self.folder = PathBuf::from(fs::read_to_string(&place).unwrap().trim_end());
        let said = String::from_utf8(output.stdout).unwrap();
        // What cargo tells of its progress depends on what it did before.
        let is_cargos = |line: &&str| {
            line.starts_with("   ")
                && line.trim().split(' ').next().is_some_and(|word| {
                    word.ends_with("ing") || matches!(word, "Finished" | "Downloaded" | "Compiled")
                })
        };
        let kept = said.split_inclusive('\n').filter(|line| !is_cargos(line));
        kept.collect::<String>().replace(&self.registry.address(), REGISTRY)
    }
}

/// Goes through the page and returns it as it should be.
fn page(text: &str, authored: Authored) -> String {
    let mut reader = Reader::new();
    let is_rust = authored.lang == "rust";
    let built = authored.folder();
    if is_rust {
        // What the module stands on was built for its own test.
        let target = built.join("target");
        let config = format!("[build]\ntarget-dir = \"{}\"\n", target.display());
        reader.sandbox.write(".cargo/config.toml", &config);
    } else {
        let component = fs::read(built.join("dist/cache.wasm")).unwrap();
        fs::create_dir_all(reader.sandbox.path("cache/dist")).unwrap();
        fs::write(reader.sandbox.path("cache/dist/cache.wasm"), component).unwrap();
    }
    let (mut page, mut in_console, mut as_it_is) = (String::new(), false, false);
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            "```console" => in_console = true,
            "```" if in_console => in_console = false,
            _ if !in_console => {}
            command => {
                let Some(command) = command.strip_prefix("$ ") else {
                    if as_it_is {
                        page.push_str(line);
                    }
                    continue;
                };
                // In the other languages these were run already, in a folder that is kept.
                let words = ["kusion mod init", "kusion mod build", "kusion mod inspect"];
                as_it_is = !is_rust && words.iter().any(|words| command.starts_with(words));
                page.push_str(line);
                if !as_it_is {
                    page.push_str(&without_digests(&reader.run(command)));
                }
                if command.starts_with("kusion mod init") && is_rust {
                    let lock = fs::read(repository().join("Cargo.lock")).unwrap();
                    fs::write(reader.sandbox.path("cache/Cargo.lock"), lock).unwrap();
                }
                continue;
            }
        }
        page.push_str(line);
    }
    page
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

/// Replaces sizes, which depend on the compiler too.
fn without_sizes(text: &str) -> String {
    let line = |line: &str| match line.split_once(" bytes") {
        Some((before, after)) => {
            format!("{}N bytes{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says whether they bless")]
fn blessing() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| !value.is_empty() && value != "0")
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
        let (written, said) = (without_sizes(&text), without_sizes(&page));
        assert!(
            written == said,
            "in {}:\n{}",
            authored.lang,
            difference(&written, &said).unwrap_or_default()
        );
    }
}
