//! A server that speaks the documented API of Vault's secrets engine KV, as far as reading goes.
//!
//! `kv` is mounted in version 2, `old` in version 1.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::registry::double::{Asked, Double, Reply};

/// The token that may read everything.
pub(super) const TOKEN: &str = "hvs.planted-vault-token";

/// What the server keeps.
#[derive(Default)]
pub(super) struct Kept {
    /// The versions of a secret, by path; one that was deleted is `Null`.
    pub(super) kv: BTreeMap<String, Vec<Value>>,
    pub(super) old: BTreeMap<String, Value>,
    pub(super) namespace: Option<String>,
    pub(super) sealed: bool,
    /// What is answered to the next requests instead.
    pub(super) instead: Vec<Reply>,
}

/// Such a server. It stops when it is dropped.
pub(super) struct Vault {
    pub(super) double: Double,
    kept: Arc<Mutex<Kept>>,
}

impl Vault {
    pub(super) fn start() -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let behind = Arc::clone(&kept);
        let double = Double::start(move |asked, _| answer(&mut behind.lock().unwrap(), asked));
        Self { double, kept }
    }

    /// Returns its address.
    pub(super) fn server(&self) -> String {
        format!("http://{}", self.double.address())
    }

    /// Changes what it keeps.
    pub(super) fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.lock().unwrap());
    }

    /// Writes a new version of a secret.
    pub(super) fn put(&self, path: &str, values: Value) {
        self.change(|kept| kept.kv.entry(path.to_owned()).or_default().push(values));
    }
}

fn answer(kept: &mut Kept, asked: &Asked) -> Reply {
    if !kept.instead.is_empty() {
        return kept.instead.remove(0);
    }
    let header = |name: &str| asked.headers.get(name).map(String::as_str);
    if kept.sealed {
        return errors(503, &["Vault is sealed"]);
    }
    if asked.method != "GET" || header("x-vault-request") != Some("true") {
        return errors(405, &["unsupported operation"]);
    }
    if header("x-vault-token") != Some(TOKEN) {
        return errors(403, &["permission denied"]);
    }
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let (mount, path) = path.trim_start_matches("/v1/").split_once('/').unwrap_or((path, ""));
    if header("x-vault-namespace") != kept.namespace.as_deref() || !["kv", "old"].contains(&mount) {
        let said = format!("no handler for route \"{mount}/{path}\". route entry not found.");
        return errors(404, &[&said]);
    }
    if mount == "old" {
        return match kept.old.get(path) {
            Some(values) => found(json!({"data": values, "lease_duration": 2_764_800})),
            None => errors(404, &[]),
        };
    }
    let Some(name) = path.strip_prefix("data/") else {
        let warning = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use.";
        let body = json!({"errors": [], "warnings": [warning]});
        return Reply::new(404, body.to_string());
    };
    let Some(versions) = kept.kv.get(name) else { return errors(404, &[]) };
    let version = query.strip_prefix("version=").and_then(|version| version.parse().ok());
    let version = version.unwrap_or(versions.len());
    let Some(values) = version.checked_sub(1).and_then(|at| versions.get(at)) else {
        return errors(404, &[]);
    };
    let deleted = if values.is_null() { "2026-01-01T00:00:00Z" } else { "" };
    let metadata = json!({
        "created_time": "2025-01-01T00:00:00Z", "custom_metadata": null, "deletion_time": deleted,
        "destroyed": false, "version": version,
    });
    let body = json!({"request_id": "1", "data": {"data": values, "metadata": metadata}, "warnings": null});
    if values.is_null() { Reply::new(404, body.to_string()) } else { found(body) }
}

fn found(body: Value) -> Reply {
    Reply::new(200, body.to_string()).header("Content-Type", "application/json")
}

pub(super) fn errors(status: u16, errors: &[&str]) -> Reply {
    Reply::new(status, json!({ "errors": errors }).to_string())
}
