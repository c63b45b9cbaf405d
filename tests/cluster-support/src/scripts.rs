//! Where the scripts and what they make are, and how they are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the folder of the scripts.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("cluster")
}

/// Returns the folder below which clusters run; the scripts find it by the same rule.
#[expect(
    clippy::disallowed_methods,
    reason = "tests follow Cargo's own variable, as the scripts do"
)]
pub(crate) fn runs() -> PathBuf {
    let home = std::env::var_os("CLUSTER_HOME").map(PathBuf::from).unwrap_or_else(|| {
        std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| folder().join("../../target"), PathBuf::from)
            .join("cluster")
    });
    home.join("run")
}

/// Runs `up.sh` for a cluster in `run` that lives while `lock` is locked.
///
/// # Panics
///
/// If it cannot start; the message holds the last lines of its logs.
pub(crate) fn up(run: &Path, lock: &Path) {
    let output = Command::new(folder().join("up.sh"))
        .arg("--run")
        .arg(run)
        .arg("--while-locked")
        .arg(lock)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run tests/cluster/up.sh: {error}"));
    assert!(
        output.status.success(),
        "no cluster; `make test` and `make cluster` build what it needs\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns whether there is a keeper of the cluster in `run`; its number may belong to another process by now.
pub(crate) fn is_running(run: &Path) -> bool {
    let keeper = fs_err::read_to_string(run.join("keeper.pid")).unwrap_or_default();
    fs_err::read_link(format!("/proc/{}/cwd", keeper.trim())).is_ok_and(|folder| folder == run)
}
