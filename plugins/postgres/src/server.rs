//! PostgreSQL in a pod.

use kusion_databases::{Database, PASSWORD, Server, Storage};
use kusion_sdk::kubernetes;

pub(crate) const PORT: u16 = 5432;

/// The user of the image on Debian.
const DEBIAN_USER: u32 = 999;

/// The user of the image on Alpine.
const ALPINE_USER: u32 = 70;

pub(crate) fn server(database: &Database, version: &str, username: &str, size: u32) -> Server {
    let secret = Server::secret_name(database);
    let schema = database.schema_name();
    Server {
        image: format!("postgres:{version}"),
        args: Vec::new(),
        env: vec![
            // A new volume is not empty where its file system keeps `lost+found`, and the image makes a database in an
            // empty folder only. It is the same in all versions, which have different defaults.
            kubernetes::env("PGDATA", "/var/lib/postgresql/data/pgdata"),
            kubernetes::env("POSTGRES_DB", &schema),
            kubernetes::env_from_secret("POSTGRES_PASSWORD", &secret, PASSWORD),
            kubernetes::env("POSTGRES_USER", username),
        ],
        file: None,
        port: PORT,
        user: if version.contains("alpine") { ALPINE_USER } else { DEBIAN_USER },
        data: "/var/lib/postgresql/data",
        storage: Storage::Claim(size),
        writable: &["/tmp", "/var/run/postgresql"],
        // By TCP, where the server that makes the database does not listen yet.
        probe: vec![
            "pg_isready".to_owned(),
            "--host=127.0.0.1".to_owned(),
            format!("--username={username}"),
            format!("--dbname={schema}"),
        ],
        resources: [("cpu", "100m-"), ("memory", "256Mi-1Gi")],
    }
}
