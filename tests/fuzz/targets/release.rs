//! The records and journals of releases, as a stack's folder holds them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use kusion::backend::{Holder, LocalBackend};
use kusion::name::{ProjectName, StackName, WorkspaceName};
use kusion::release::{ReleaseStore, StackKey};

use super::Target;
use super::place::check_error;
use crate::archive;

pub const TARGET: Target = Target { name: "release", run, large, cases: 300 };

fn run(input: &[u8], folder: &Path) {
    let records = folder.join("releases/shop/dev/dev");
    drop(fs::remove_dir_all(folder.join("releases")));
    fs::create_dir_all(&records).unwrap();
    for (name, content) in archive::files(input) {
        let Ok(name @ ("1.yaml" | "1.journal" | "2.yaml" | "2.journal")) =
            std::str::from_utf8(name)
        else {
            continue;
        };
        let path = records.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(read(&store(folder)));
}

fn store(folder: &Path) -> ReleaseStore {
    let stack = StackKey {
        project: ProjectName::parse("shop").unwrap(),
        workspace: WorkspaceName::parse("dev").unwrap(),
        stack: StackName::parse("dev").unwrap(),
    };
    ReleaseStore::new(Arc::new(LocalBackend::new(folder)), stack)
}

async fn read(store: &ReleaseStore) {
    for revision in store.revisions().await.unwrap() {
        if let Err(error) = store.get(revision).await {
            check_error(&error);
        }
    }
    let before = match store.latest_state().await {
        Ok(latest) => latest,
        Err(error) => return check_error(&error),
    };
    let holder: Holder = serde_json::from_value(serde_json::json!({
        "who": "ada@here", "pid": 1, "since": "2026-01-02T03:04:05Z", "operation": "apply",
    }))
    .unwrap();
    let lease = store.lease(&holder).await.unwrap();
    // What a reader sees before the recovery is what the recovery puts on record.
    match store.recover(lease.as_ref()).await {
        Ok(_) => {
            let after = store.latest_state().await.unwrap();
            assert_eq!(after.state, before.state);
            assert_eq!(after.revision, before.revision);
            assert!(store.recover(lease.as_ref()).await.unwrap().is_none());
            assert_eq!(store.latest_state().await.unwrap(), after);
        }
        Err(error) => check_error(&error),
    }
}

fn large() -> Vec<(&'static str, Vec<u8>)> {
    let head = "==> 1.yaml\nformatVersion: 1\nproject: shop\nworkspace: dev\nstack: dev\nrevision: 1\noperation: apply\nphase: succeeded\ncreateTime: 2026-01-02T03:04:05Z\nmodifiedTime: 2026-01-02T03:04:05Z\nactor: ada@here\nkusionVersion: 0.1.0\ntarget: manifests\n";
    let resources: String = (0..5_000)
        .map(|n| format!("  - id: v1:ConfigMap:shop:c{n}\n    type: Kubernetes\n    attributes: {{apiVersion: v1, kind: ConfigMap}}\n"))
        .collect();
    vec![
        (
            "record",
            format!("{head}spec:\n  resources:\n{resources}state:\n  resources:\n{resources}")
                .into_bytes(),
        ),
        (
            "journal",
            format!("{head}==> 1.journal\n{}", "0123456789abcdef 0 {}\n".repeat(50_000))
                .into_bytes(),
        ),
        ("journal-line", format!("{head}==> 1.journal\n{}", "[".repeat(1 << 20)).into_bytes()),
    ]
}
