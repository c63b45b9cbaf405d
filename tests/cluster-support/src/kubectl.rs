//! The `kubectl` that was built with the control plane, as a witness that is not ours.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a `kubectl` said.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it ended with exit code 0.
    pub ok: bool,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Returns itself, if it succeeded.
    ///
    /// # Panics
    ///
    /// With its standard error, if it did not.
    #[must_use]
    #[track_caller]
    pub fn expect_ok(self) -> Self {
        assert!(self.ok, "kubectl: {}", self.stderr);
        self
    }

    /// Returns its standard output as JSON, for commands with `--output=json`.
    ///
    /// # Panics
    ///
    /// If it failed, or wrote something else.
    #[must_use]
    #[track_caller]
    pub fn json(self) -> Value {
        let outcome = self.expect_ok();
        serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
    }
}

/// Runs the `kubectl` of the cluster in `run`, with nothing of the user's settings.
pub(crate) fn kubectl(run: &Path, kubeconfig: &Path, args: &[&str], stdin: &str) -> Outcome {
    let mut child = Command::new(run.join("bin/kubectl"))
        .args(args)
        .env_clear()
        .env("HOME", run)
        .env("KUBECONFIG", kubeconfig)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run kubectl: {error}"));
    // It may end without reading, and says why in its exit code.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(stdin.as_bytes()));
    let output =
        child.wait_with_output().unwrap_or_else(|error| panic!("cannot wait for kubectl: {error}"));
    Outcome {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
