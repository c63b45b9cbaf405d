//! The module that `kusion mod init` makes, in each language: fetched, tested in its own language, and built.
//!
//! Everything lies below cargo's own folder and is kept. What takes long (packages of npm and PyPI, a JavaScript engine
//! or a Python interpreter with the module in it) is done again only if something changed that it is made of.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use kusion::digest::Digest;

use crate::build::{code_cache, profile_folder};
use crate::{kusion, repository};

/// A language, as `kusion mod init --lang` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authored {
    /// The language.
    pub lang: &'static str,
    /// The SDK's folder below `sdk`.
    sdk: &'static str,
    /// What is fetched first.
    install: &'static [&'static str],
    /// The module's own tests.
    test: &'static [&'static str],
    /// The SDK's own tests, in its folder.
    sdk_test: &'static [&'static str],
    /// What tools put into the folder, which is kept from build to build.
    kept: &'static [&'static str],
}

/// All languages.
pub const AUTHORED: [Authored; 4] = [
    Authored {
        lang: "rust",
        sdk: "",
        install: &[],
        test: &["cargo", "test", "--quiet"],
        sdk_test: &[],
        kept: &["Cargo.lock", "target"],
    },
    Authored {
        lang: "go",
        sdk: "go",
        install: &[],
        test: &["go", "test"],
        // What is only in a component is not compiled by its tests.
        sdk_test: &["sh", "-c", "go test && GOOS=wasip1 GOARCH=wasm go vet"],
        kept: &[],
    },
    Authored {
        lang: "python",
        sdk: "python",
        install: &[
            "sh",
            "-c",
            "test -x .venv/bin/python || python3 -m venv .venv; .venv/bin/pip install --quiet --force-reinstall \
             --requirement requirements.txt",
        ],
        test: &["env", "PYTHONPATH=src", ".venv/bin/python", "-m", "unittest", "discover", "tests"],
        sdk_test: &["env", "PYTHONPATH=src", "python3", "-m", "unittest", "discover", "tests"],
        kept: &[".venv"],
    },
    Authored {
        lang: "javascript",
        sdk: "javascript",
        install: &["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"],
        test: &["node", "--test"],
        sdk_test: &["node", "--test"],
        // npm takes an SDK of the same version for the one that it has installed.
        kept: &[],
    },
];

impl Authored {
    /// Returns the folder of the module, with its component in `dist/cache.wasm`.
    ///
    /// # Panics
    ///
    /// The module cannot be made, its tests fail, or it cannot be built.
    pub fn folder(self) -> PathBuf {
        let root = profile_folder().join("tests-authored").join(self.lang);
        must(fs::create_dir_all(&root));
        let lock = must(File::create(root.join("lock")));
        must(lock.lock());
        // At one depth, because the module names the SDK by a relative path.
        let (folder, fresh) = (root.join("kept/cache"), root.join("new"));
        let _none = fs::remove_dir_all(&fresh);
        let sdk = repository().join("sdk");
        let init = ["mod", "init", "cache", "--lang", self.lang, "--target"];
        run(&root, Command::new(kusion()).args(init).arg(&fresh).arg("--sdk").arg(&sdk));
        let fresh = fresh.join("cache");
        // The SDK for Rust is a package of the house, which cargo itself knows how to follow.
        let mut parts = files(&fresh);
        if !self.sdk.is_empty() {
            parts.extend(files(&sdk.join(self.sdk)));
        }
        let stamp = root.join("stamp");
        let key = Digest::of(&parts.concat()).to_string();
        let is_current = fs::read_to_string(&stamp).is_ok_and(|old| old == key)
            && folder.join("dist/cache.wasm").is_file();
        if is_current && !self.sdk.is_empty() {
            return folder;
        }
        let _none = fs::remove_file(&stamp);
        self.replace(&folder, &fresh);
        for command in [self.install, self.test] {
            self.tool(&folder, command);
        }
        if !self.sdk_test.is_empty() {
            self.tool(&sdk.join(self.sdk), self.sdk_test);
        }
        run(&folder, build(&root).arg("build"));
        must(fs::write(&stamp, key));
        folder
    }

    /// Puts new files in the place of old ones, beside what tools have put there.
    fn replace(self, folder: &Path, fresh: &Path) {
        must(fs::create_dir_all(folder));
        for entry in must(fs::read_dir(folder)).flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.kept.contains(&name.as_str()) {
                continue;
            }
            let path = entry.path();
            must(if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) });
        }
        for entry in must(fs::read_dir(fresh)).flatten() {
            must(fs::rename(entry.path(), folder.join(entry.file_name())));
        }
        if self.lang == "rust" && !folder.join("Cargo.lock").exists() {
            // The versions that the house uses are on this machine already.
            must(fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")));
        }
    }

    fn tool(self, folder: &Path, command: &[&str]) {
        let Some((program, arguments)) = command.split_first() else { return };
        let mut command = Command::new(program);
        // Python leaves what it compiled beside the sources otherwise, and that is in a component's snapshot.
        command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        if self.lang == "rust" {
            // The test's own cargo has said where it builds.
            command.env("CARGO_TARGET_DIR", folder.join("target"));
        }
        run(folder, &mut command);
    }
}

/// A run of `kusion mod` that shares compiled modules with all other tests.
fn build(root: &Path) -> Command {
    let home = root.join("home");
    must(fs::create_dir_all(&home));
    must(fs::create_dir_all(code_cache()));
    if !home.join("cache").exists() {
        must(fs::os::unix::fs::symlink(code_cache(), home.join("cache")));
    }
    let mut command = Command::new(kusion());
    command.arg("mod").env("KUSION_HOME", home).env_remove("CARGO_TARGET_DIR");
    command
}

/// Returns the names and contents of all files below a folder, sorted by name.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in must(fs::read_dir(&folder)).flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    let content = |path: PathBuf| {
        let mut bytes = path.display().to_string().into_bytes();
        bytes.extend(must(fs::read(path)));
        bytes
    };
    found.into_iter().map(content).collect()
}

fn run(folder: &Path, command: &mut Command) {
    match command.current_dir(folder).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "{command:?} in {}:\n{}{}",
            folder.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("cannot start {command:?}: {error}"),
    }
}

fn must<T>(result: std::io::Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
