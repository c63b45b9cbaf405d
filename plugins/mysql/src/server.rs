//! MySQL in a pod.

use kusion_databases::{Database, PASSWORD, Server, Storage};
use kusion_sdk::kubernetes;
use serde_json::Value;

pub(crate) const PORT: u16 = 3306;

/// The account that has every right.
pub(crate) const ROOT: &str = "root";

/// Schemas that belong to the server: an account of the app must have no rights there.
const SYSTEM: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

pub(crate) fn server(database: &Database, version: &str, username: &str, size: u32) -> Server {
    Server {
        image: format!("mysql:{version}"),
        args: Vec::new(),
        env: env(database, username),
        file: None,
        port: PORT,
        user: 999,
        data: "/var/lib/mysql",
        storage: Storage::Claim(size),
        writable: &["/tmp", "/var/run/mysqld"],
        // By TCP, where the server that makes the database does not listen yet. The account need not exist: that it is
        // refused says that the server serves.
        probe: ["mysqladmin", "ping", "--host=127.0.0.1", "--user=ping"].map(str::to_owned).into(),
        resources: [("cpu", "100m-"), ("memory", "512Mi-1Gi")],
    }
}

/// The image does not start without a password for `root`, and gives another account no rights
/// without a database.
fn env(database: &Database, username: &str) -> Vec<Value> {
    let secret = Server::secret_name(database);
    if username == ROOT {
        return vec![kubernetes::env_from_secret("MYSQL_ROOT_PASSWORD", &secret, PASSWORD)];
    }
    let mut schema = database.schema_name();
    if SYSTEM.contains(&schema.as_str()) {
        schema.push_str("_db");
    }
    vec![
        kubernetes::env("MYSQL_DATABASE", &schema),
        kubernetes::env_from_secret("MYSQL_PASSWORD", &secret, PASSWORD),
        kubernetes::env("MYSQL_RANDOM_ROOT_PASSWORD", "yes"),
        kubernetes::env("MYSQL_USER", username),
    ]
}
