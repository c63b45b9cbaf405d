//! The files of a user's folder: settings, key, vault, lease.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fs_err as fs;
use kusion::backend::{Backend, Holder, Key, LocalBackend};
use kusion::home::Home;
use kusion::secret::Vault;

use super::Target;
use super::place::check_error;
use crate::archive;

pub const TARGET: Target = Target { name: "home", run, large: super::none, cases: 200 };

fn run(input: &[u8], folder: &Path) {
    fs::remove_dir_all(folder).unwrap();
    fs::create_dir_all(folder).unwrap();
    for (name, content) in archive::files(input) {
        let sound = |part: &&[u8]| !part.is_empty() && *part != b"." && *part != b"..";
        let name = std::str::from_utf8(name).unwrap_or_default();
        if !name.split('/').all(|part| sound(&part.as_bytes()))
            || name.contains('\0')
            || name.len() > 200
        {
            continue;
        }
        let path = folder.join(name);
        let made =
            fs::create_dir_all(path.parent().unwrap()).and_then(|()| fs::write(&path, content));
        if made.is_ok() {
            fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    let home = Home::new(folder);
    settings(&home);
    if let Err(error) = home.key_file().load() {
        check_error(&error);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(records(&home, folder));
}

fn settings(home: &Home) {
    match home.settings() {
        Ok(settings) => {
            let before = settings.all();
            let _read = (
                settings.current_workspace(),
                settings.current_backend(),
                settings.keep_releases().is_ok(),
            );
            home.change_settings(|_| Ok(())).unwrap();
            assert_eq!(home.settings().unwrap().all(), before);
            let changed = home.change_settings(|settings| settings.set("workspace", "dev"));
            changed.unwrap();
            assert_eq!(home.settings().unwrap().get("workspace").unwrap(), "dev");
            let changed =
                home.change_settings(|settings| settings.set("backends.team.type", "local"));
            if let Err(error) = changed {
                check_error(&error);
            }
        }
        Err(error) => check_error(&error),
    }
    for name in [None, Some("default"), Some("team")] {
        if let Err(error) = home.backend(name) {
            check_error(&error);
        }
    }
}

async fn records(home: &Home, folder: &Path) {
    let backend: Box<dyn Backend> = Box::new(LocalBackend::new(folder));
    let key = Key::parse("secrets/shop/dev/dev.age").unwrap();
    if let Err(error) = Vault::open(backend.as_ref(), key, home.key_file()).await {
        check_error(&error);
    }
    let holder: Holder = serde_json::from_value(serde_json::json!({
        "who": "ada@here", "pid": 1, "since": "2026-01-02T03:04:05Z", "operation": "apply",
    }))
    .unwrap();
    // Whatever the lease file says, whoever has the lock gets the lease.
    let lease = backend.lease(&Key::parse("releases/shop/dev/dev").unwrap(), &holder).await;
    if let Err(error) = lease {
        check_error(&error);
    }
}
