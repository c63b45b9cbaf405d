//! docs/tutorial-module.md says what happens.

use std::path::PathBuf;
use std::process::Command;

use fs_err as fs;
use kusion_tests::{AUTHORED, Authored, Sandbox, blessing, difference, kusion, repository};

use crate::registry::real::{Registry, Wants};

/// How lines begin that say what an apply has made.
const MADE: &str = "  created ";
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
                page.push_str(line);
                let (is_init, is_build) =
                    (command.starts_with("kusion mod init"), command == "kusion mod build");
                // Elsewhere other files are made, and what takes long to build was built already.
                as_it_is = !is_rust && (is_init || is_build);
                let command = match command {
                    "kusion mod test" if !is_rust => "kusion mod test dist/cache.wasm".to_owned(),
                    _ => command.replace("--lang rust", &format!("--lang {}", authored.lang)),
                };
                if is_rust || !is_build {
                    let said = reader.run(&command);
                    if !as_it_is {
                        page.push_str(&without_digests(&said));
                    }
                }
                if is_init {
                    let made = reader.sandbox.path("cache");
                    let kept = if is_rust { "Cargo.lock" } else { "dist/cache.wasm" };
                    fs::create_dir_all(made.join("dist")).unwrap();
                    fs::copy(built.join(kept), made.join(kept)).unwrap();
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

/// Replaces what differs from run to run: sizes and fuel, which depend on the language and its compiler, and an order.
fn without_numbers(text: &str) -> String {
    let line = |line: &str| {
        let mut line = line.to_owned();
        for unit in [" bytes", " fuel"] {
            if let Some((before, after)) = line.split_once(unit) {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
                line = format!("{before}N{unit}{after}");
            }
        }
        line
    };
    let mut lines: Vec<String> = text.lines().map(line).collect();
    // What can be made at the same time is told in the order in which it comes about.
    lines
        .chunk_by_mut(|a, b| a.starts_with(MADE) && b.starts_with(MADE))
        .for_each(|chunk| chunk.sort());
    lines.join("\n")
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
