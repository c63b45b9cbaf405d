//! The modules that `kusion mod init` makes: one, in every language.
//!
//! The files lie beside this one, as they will look but for a few places in braces. What they answer is the same in
//! every language, byte for byte; the end-to-end tests hold them to it.

use std::path::Path;

use clap::ValueEnum;
use kusion::name::ModuleName;

/// A language of a new module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// Rust.
    Rust,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// Go.
    Go,
}

/// The SDK as Python names it; its template's pyproject.toml does too.
const PYTHON_SDK: &str = "kusion-sdk>=0.1,<0.2";

/// A file: where it goes, and what is in it.
type Template = (&'static str, &'static str);

macro_rules! templates {
    ($($path:literal = $file:literal),* $(,)?) => {
        &[$(($path, include_str!($file))),*]
    };
}

/// In each list the first file is the one that makes the folder a package.
const RUST: &[Template] = templates![
    "Cargo.toml" = "rust/Cargo.toml.in",
    ".gitignore" = "rust/gitignore.in",
    "src/config.rs" = "rust/src/config.rs.in",
    "src/lib.rs" = "rust/src/lib.rs.in",
    "src/tests.rs" = "rust/src/tests.rs.in",
];
const JAVASCRIPT: &[Template] = templates![
    "package.json" = "javascript/package.json.in",
    ".gitignore" = "javascript/gitignore.in",
    "src/config.js" = "javascript/src/config.js.in",
    "src/index.js" = "javascript/src/index.js.in",
    "test/index.test.js" = "javascript/test/index.test.js.in",
];
const PYTHON: &[Template] = templates![
    "pyproject.toml" = "python/pyproject.toml.in",
    ".gitignore" = "python/gitignore.in",
    "requirements.txt" = "python/requirements.txt.in",
    "src/app.py" = "python/src/app.py.in",
    "src/config.py" = "python/src/config.py.in",
    "tests/test_app.py" = "python/tests/test_app.py.in",
];
const GO: &[Template] = templates![
    "go.mod" = "go/go.mod.in",
    ".gitignore" = "go/gitignore.in",
    "config.go" = "go/config.go.in",
    "main.go" = "go/main.go.in",
    "main_test.go" = "go/main_test.go.in",
];
const EVERY: &[Template] = templates![
    ".github/workflows/module.yaml" = "every/module.yaml.in",
    "README.md" = "every/README.md.in",
    "tests/golden/defaults/app.yaml" = "every/golden/defaults.app.yaml.in",
    "tests/golden/defaults/expected.yaml" = "every/golden/defaults.expected.yaml",
    "tests/golden/settings/app.yaml" = "every/golden/settings.app.yaml.in",
    "tests/golden/settings/expected.yaml" = "every/golden/settings.expected.yaml",
    "tests/golden/settings/workspace.yaml" = "every/golden/settings.workspace.yaml.in",
    "tests/golden/too-large/app.yaml" = "every/golden/too-large.app.yaml.in",
    "tests/golden/too-large/error.txt" = "every/golden/too-large.error.txt.in",
];

/// The texts that differ from language to language.
struct Words {
    /// How people write the language's name.
    name: &'static str,
    /// The SDK's folder below the folder `sdk` of a clone, and a file that is in it.
    sdk: (&'static str, &'static str),
    /// Where the SDK is published.
    published: &'static str,
    /// What must be there.
    needs: &'static str,
    /// Where the module says what is published with it.
    notes: &'static str,
    /// A step of CI that installs the language.
    setup: &'static str,
    /// The command line that tests the module without WebAssembly.
    test: &'static str,
}

impl Lang {
    /// Returns how people write the language's name.
    pub(crate) fn name(self) -> &'static str {
        self.words().name
    }

    /// Returns the SDK's folder below the folder `sdk` of a clone, and a file by which it is known.
    pub(crate) fn sdk(self) -> (&'static str, &'static str) {
        self.words().sdk
    }

    /// Returns the command that fetches what the module stands on, if there is one. `is_local` says that the SDK is a
    /// folder.
    pub(crate) fn install(self, is_local: bool) -> Option<&'static str> {
        match self {
            Self::Rust => None,
            Self::Go => (!is_local).then_some("go mod tidy"),
            Self::Javascript => Some("npm install"),
            Self::Python => {
                Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt")
            }
        }
    }

    /// Returns the files of a new module, the one that makes the folder a package first. `sdk` is the folder of the
    /// SDK, if it is not to come from where it is published.
    pub(crate) fn files(
        self,
        name: &ModuleName,
        sdk: Option<&Path>,
    ) -> Vec<(&'static str, String)> {
        let own = match self {
            Self::Rust => RUST,
            Self::Javascript => JAVASCRIPT,
            Self::Python => PYTHON,
            Self::Go => GO,
        };
        let words = self.words();
        let sdk = sdk.map(|path| path.display().to_string());
        let needs = match &sdk {
            Some(path) => {
                format!("You need {}. The SDK is taken from the folder `{path}`.", words.needs)
            }
            None => format!(
                "You need {}. The SDK is `kusion-sdk` on {}. As long as it is not published there, `kusion mod init \
                 --sdk DIR` takes it from the folder `sdk` of a clone of kusion.",
                words.needs, words.published
            ),
        };
        let install = self.install(sdk.is_some());
        let fetch = "fetches what the module stands on; once";
        let install = install.map(|line| format!("| `{line}` | {fetch} |\n")).unwrap_or_default();
        let test = words.test;
        let commands = format!("{install}| `{test}` | calls the module without WebAssembly |");
        let dependency = self.dependency(sdk.as_deref());
        let requirement = sdk.as_deref().map_or_else(|| PYTHON_SDK.to_owned(), requirement);
        let replaced = [
            ("{{name}}", name.as_str()),
            ("{{workload}}", workload(name)),
            ("{{sdk}}", &dependency),
            ("{{requirement}}", &requirement),
            ("{{needs}}", &needs),
            ("{{notes}}", words.notes),
            ("{{commands}}", &commands),
            ("{{setup}}", words.setup),
            ("{{test}}", words.test),
        ];
        let render = |text: &str| {
            replaced.iter().fold(text.to_owned(), |text, (place, word)| text.replace(place, word))
        };
        let mut files: Vec<_> =
            own.iter().chain(EVERY).map(|(path, text)| (*path, render(text))).collect();
        if self == Self::Javascript && sdk.is_some() {
            // Otherwise npm would put what the SDK stands on into the SDK's own folder.
            files.push((".npmrc", "install-links=true\n".to_owned()));
        }
        files
    }

    /// Returns how the manifest names the SDK, in the manifest's own notation.
    fn dependency(self, folder: Option<&str>) -> String {
        match (self, folder) {
            (Self::Rust, Some(path)) => format!("{{ path = {} }}", quoted(path)),
            (Self::Rust, None) => quoted("0.1"),
            (Self::Javascript, Some(path)) => quoted(&format!("file:{path}")),
            (Self::Javascript, None) => quoted("^0.1.0"),
            (Self::Python, Some(path)) => {
                format!("\n[tool.uv.sources]\nkusion-sdk = {{ path = {} }}\n", quoted(path))
            }
            (Self::Python, None) => String::new(),
            (Self::Go, Some(path)) => {
                let path = if path.chars().all(is_plain) { path.to_owned() } else { quoted(path) };
                format!("\n\nreplace kusionstack.io/kusion-sdk => {path}")
            }
            (Self::Go, None) => String::new(),
        }
    }

    fn words(self) -> Words {
        match self {
            Self::Rust => Words {
                name: "Rust",
                sdk: ("", "Cargo.toml"),
                published: "crates.io",
                needs: "[Rust](https://rustup.rs) 1.95 or newer with the target `wasm32-unknown-unknown` (`rustup \
                        target add wasm32-unknown-unknown`)",
                notes: "What `license`, `repository`, `homepage` and `authors` of Cargo.toml say is published with the \
                        module.",
                setup: "      - run: rustup target add wasm32-unknown-unknown",
                test: "cargo test",
            },
            Self::Javascript => Words {
                name: "JavaScript",
                sdk: ("javascript", "package.json"),
                published: "npm",
                needs: "[Node.js](https://nodejs.org) 20.10 or newer",
                notes: "What `license`, `repository`, `homepage` and `author` of package.json say is published with \
                        the module.",
                setup: "      - uses: actions/setup-node@v5\n        with: {node-version: 22}\n      - run: npm ci",
                test: "npm test",
            },
            Self::Python => Words {
                name: "Python",
                sdk: ("python", "pyproject.toml"),
                published: "PyPI",
                needs: "[Python](https://www.python.org) 3.10 or newer",
                notes: "`uv sync` fetches the same. What `license`, and `Repository` and `Homepage` below \
                        `[project.urls]`, say in pyproject.toml is published with the module.",
                setup: "      - uses: actions/setup-python@v6\n        with: {python-version: \"3.13\"}\n      - run: \
                        python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
                test: "PYTHONPATH=src .venv/bin/python -m unittest discover tests",
            },
            Self::Go => Words {
                name: "Go",
                sdk: ("go", "go.mod"),
                published: "the Go module proxy",
                needs: "[Go](https://go.dev/dl) 1.24 or newer",
                notes: "go.mod has no place for a licence or a source: `kusion mod push . \
                        oci://registry.example.com/team --annotation org.opencontainers.image.licenses=Apache-2.0` \
                        publishes them with the module.",
                setup: "      - uses: actions/setup-go@v6\n        with: {go-version: stable}",
                test: "go test",
            },
        }
    }
}

/// A JSON text is also a text of TOML and of go.mod.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns whether a character of a path means itself wherever it stands.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_')
}

/// Returns the line of a requirements.txt, which knows no quotes, but addresses.
fn requirement(path: &str) -> String {
    if path.chars().all(is_plain) {
        return path.to_owned();
    }
    let encoded = path.bytes().map(|byte| match char::from(byte) {
        c if is_plain(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!("file:{}", encoded.collect::<String>())
}

/// Returns the module that the cases name as their app's workload. One that is called like the new module would be taken
/// for a use of it.
fn workload(name: &ModuleName) -> &'static str {
    if name.as_str() == "service" { "job" } else { "service" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "../it's \"my\" 1% sdk";

    fn files(lang: Lang, name: &str, sdk: Option<&str>) -> Vec<(&'static str, String)> {
        lang.files(&ModuleName::parse(name).unwrap(), sdk.map(Path::new))
    }

    fn file(lang: Lang, path: &str, sdk: Option<&str>) -> String {
        files(lang, "cache", sdk).into_iter().find(|(name, _)| *name == path).unwrap().1
    }

    #[test]
    fn every_place_in_braces_is_filled_in_and_no_file_is_written_twice() {
        for lang in Lang::value_variants() {
            for sdk in [None, Some("../sdk"), Some(ODD)] {
                let files = files(*lang, "cache", sdk);
                for (path, text) in &files {
                    // JavaScript writes types in two braces, with a space behind them.
                    let is_place = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
                    assert!(!text.split("{{").skip(1).any(is_place), "{path}: {text}");
                    assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
                }
                let mut paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
                paths.sort_unstable();
                paths.dedup();
                assert_eq!(paths.len(), files.len());
            }
        }
    }

    #[test]
    fn the_folder_of_an_sdk_is_quoted_as_each_manifest_wants_it() {
        let quoted = r#""../it's \"my\" 1% sdk""#;
        let npm = r#""file:../it's \"my\" 1% sdk""#;
        for (lang, path, plain, odd) in [
            (
                Lang::Rust,
                "Cargo.toml",
                "kusion-sdk = { path = \"../sdk\" }\n",
                format!("kusion-sdk = {{ path = {quoted} }}\n"),
            ),
            (
                Lang::Javascript,
                "package.json",
                "\"kusion-sdk\": \"file:../sdk\"\n",
                format!("\"kusion-sdk\": {npm}\n"),
            ),
            (
                Lang::Python,
                "pyproject.toml",
                "\n[tool.uv.sources]\nkusion-sdk = { path = \"../sdk\" }\n",
                format!("\n[tool.uv.sources]\nkusion-sdk = {{ path = {quoted} }}\n"),
            ),
            (
                Lang::Python,
                "requirements.txt",
                "../sdk\n",
                "file:../it%27s%20%22my%22%201%25%20sdk\n".to_owned(),
            ),
            (
                Lang::Go,
                "go.mod",
                "\n\nreplace kusionstack.io/kusion-sdk => ../sdk\n",
                format!("\n\nreplace kusionstack.io/kusion-sdk => {quoted}\n"),
            ),
        ] {
            for (sdk, line) in [("../sdk", plain), (ODD, odd.as_str())] {
                let text = file(lang, path, Some(sdk));
                assert!(text.contains(line), "{path}: {text}");
            }
        }
        let text = file(Lang::Javascript, "package.json", Some(ODD));
        let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(manifest["devDependencies"]["kusion-sdk"], format!("file:{ODD}"));
    }

    #[test]
    fn what_is_published_is_named_by_its_version_and_fetched() {
        let requirement = file(Lang::Python, "requirements.txt", None);
        let dependencies = format!("dependencies = [\"{}\"]\n", requirement.trim_end());
        assert!(file(Lang::Python, "pyproject.toml", None).contains(&dependencies));
        assert!(file(Lang::Go, "go.mod", None).ends_with("kusion-sdk v0.1.0\n"));
        assert_eq!(Lang::Go.install(false), Some("go mod tidy"));
        assert_eq!(Lang::Go.install(true), None);
    }

    #[test]
    fn the_cases_of_a_module_called_service_have_another_workload() {
        for (name, workload) in [("cache", "service"), ("job", "service"), ("service", "job")] {
            let files = files(Lang::Rust, name, None);
            let apps = files.iter().filter(|(path, _)| path.ends_with("/app.yaml"));
            let expected = format!("workload:\n  module: {workload}\n");
            assert_eq!(apps.filter(|(_, text)| text.contains(&expected)).count(), 3);
        }
    }
}
