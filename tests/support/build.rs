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

/// The variable by which a test that is run by another one finds the modules that that one has built.
pub const CATALOG: &str = "KUSION_TESTS_CATALOG";

/// Returns a folder with the first-party modules, built.
///
/// # Panics
///
/// One cannot be built; the test that asked for it fails.
#[expect(clippy::disallowed_methods, reason = "a test says to another one what it has built")]
pub fn catalog() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(built) = std::env::var_os(CATALOG) {
            return PathBuf::from(built);
        }
        let folder = profile_folder().join("tests-catalog");
        let plugins = std::fs::read_dir(repository().join("plugins"));
        let mut modules: Vec<PathBuf> =
            plugins.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        modules.sort();
        assert!(!modules.is_empty(), "there are no modules");
        build_modules(&modules, &folder);
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
    build_modules(&[repository().join("tests/guests").join(name)], &folder);
    folder.join(format!("{name}.wasm"))
}

/// Returns the folder of compiled modules that all tests share.
pub(crate) fn code_cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| profile_folder().join("tests-code-cache"))
}

fn build_modules(packages: &[PathBuf], folder: &Path) {
    // Cargo would wait for its own lock anyway; waiting here keeps its messages out of the tests' output.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let built = Command::new(kusion())
        .args(["mod", "build"])
        .args(packages)
        .arg("--output-dir")
        .arg(folder)
        .output();
    match built {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("cannot start `kusion`: {error}"),
    }
}
