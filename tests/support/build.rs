//! Builds what the tests run, once per process, so that `cargo test` alone is enough.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Returns the root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Returns the folder in which cargo put this test.
pub(crate) fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    test.ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Returns the program `kusion`, built.
///
/// # Panics
///
/// It cannot be built; the test that asked for it fails.
pub fn kusion() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let status =
            cargo().args(["build", "--quiet", "--package", "kusion", "--bin", "kusion"]).status();
        assert!(status.is_ok_and(|status| status.success()), "`kusion` does not build");
        profile_folder().join("kusion")
    })
}

/// Starts cargo in the repository, to build with what this test was built from.
///
/// What cargo tells this test about its package would make it build `ring`, and all that stands on it, anew: the build
/// script of `ring` is run again when such a variable changes.
pub fn cargo() -> Command {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    for (name, _) in std::env::vars_os() {
        let about = name.to_str().unwrap_or_default();
        if about.starts_with("CARGO_PKG_") || about.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(repository());
    cargo
}

/// Returns a folder with the first-party modules, built.
///
/// # Panics
///
/// One cannot be built; the test that asked for it fails.
pub fn catalog() -> &'static Path {
    static CATALOG: OnceLock<PathBuf> = OnceLock::new();
    CATALOG.get_or_init(|| {
        let folder = profile_folder().join("tests-catalog");
        let plugins = std::fs::read_dir(repository().join("plugins"));
        let mut modules: Vec<PathBuf> =
            plugins.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        modules.sort();
        assert!(!modules.is_empty(), "there are no modules");
        modules.iter().for_each(|module| build_module(module, &folder));
        folder
    })
}

/// Returns the component of a guest below `tests/guests`, built.
///
/// # Panics
///
/// It cannot be built; the test that asked for it fails.
pub fn guest(name: &str) -> PathBuf {
    let folder = profile_folder().join("tests-guests");
    build_module(&repository().join("tests/guests").join(name), &folder);
    folder.join(format!("{name}.wasm"))
}

/// Returns the folder of compiled modules that all tests share.
pub(crate) fn code_cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| profile_folder().join("tests-code-cache"))
}

fn build_module(package: &Path, folder: &Path) {
    // Cargo would wait for its own lock anyway; waiting here keeps its messages out of the tests' output.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let built = Command::new(kusion())
        .args(["mod", "build"])
        .arg(package)
        .arg("--output-dir")
        .arg(folder)
        .output();
    match built {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("cannot start `kusion`: {error}"),
    }
}
