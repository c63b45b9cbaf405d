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
    /// Rows of the README's table.
    commands: &'static str,
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

    /// Returns the command that fetches what the module stands on, if there is one.
    pub(crate) fn install(self) -> Option<&'static str> {
        match self {
            Self::Rust | Self::Go => None,
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
        let dependency = self.dependency(sdk.as_deref());
        let replaced = [
            ("{{name}}", name.as_str()),
            ("{{sdk}}", &dependency),
            ("{{needs}}", &needs),
            ("{{commands}}", words.commands),
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

    /// Returns how the manifest names the SDK.
    fn dependency(self, folder: Option<&str>) -> String {
        match (self, folder) {
            (Self::Rust, Some(path)) => format!("{{ path = {} }}", quoted(path)),
            (Self::Rust, None) => quoted("0.1"),
            (Self::Javascript, Some(path)) => format!("file:{path}"),
            (Self::Javascript, None) => "^0.1.0".to_owned(),
            (Self::Python, Some(path)) => path.to_owned(),
            (Self::Python, None) => "kusion-sdk>=0.1,<0.2".to_owned(),
            (Self::Go, Some(path)) => format!("\nreplace kusionstack.io/kusion-sdk => {path}"),
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
                commands: "| `cargo test` | calls the module without WebAssembly |",
                setup: "      - run: rustup target add wasm32-unknown-unknown",
                test: "cargo test",
            },
            Self::Javascript => Words {
                name: "JavaScript",
                sdk: ("javascript", "package.json"),
                published: "npm",
                needs: "[Node.js](https://nodejs.org) 20.10 or newer",
                commands: "| `npm install` | fetches the SDK and what makes a component; once |\n\
                           | `npm test` | calls the module without WebAssembly |",
                setup: "      - uses: actions/setup-node@v5\n        with: {node-version: 22}\n      - run: npm ci",
                test: "npm test",
            },
            Self::Python => Words {
                name: "Python",
                sdk: ("python", "pyproject.toml"),
                published: "PyPI",
                needs: "[Python](https://www.python.org) 3.10 or newer",
                commands: "| `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt` | fetches the SDK \
                           and what makes a component; once |\n\
                           | `PYTHONPATH=src .venv/bin/python -m unittest discover tests` | calls the module without \
                           WebAssembly |",
                setup: "      - uses: actions/setup-python@v6\n        with: {python-version: \"3.13\"}\n      - run: \
                        python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
                test: "PYTHONPATH=src .venv/bin/python -m unittest discover tests",
            },
            Self::Go => Words {
                name: "Go",
                sdk: ("go", "go.mod"),
                published: "the Go module proxy (run `go mod tidy` once)",
                needs: "[Go](https://go.dev/dl) 1.24 or newer",
                commands: "| `go test` | calls the module without WebAssembly |",
                setup: "      - uses: actions/setup-go@v6\n        with: {go-version: stable}",
                test: "go test",
            },
        }
    }
}

/// A JSON text is a TOML text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_in_braces_is_filled_in_and_no_file_is_written_twice() {
        let name = ModuleName::parse("cache").unwrap();
        for lang in Lang::value_variants() {
            for sdk in [None, Some(Path::new("../sdk"))] {
                let files = lang.files(&name, sdk);
                for (path, text) in &files {
                    // JavaScript writes types in two braces, with a space behind them.
                    let is_place = |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase());
                    assert!(!text.split("{{").skip(1).any(is_place), "{path}: {text}");
                    assert!(text.ends_with('\n'), "{path}");
                }
                let mut paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
                paths.sort_unstable();
                paths.dedup();
                assert_eq!(paths.len(), files.len());
            }
        }
    }
}
