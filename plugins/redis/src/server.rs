//! Redis in a pod.

use kusion_databases::{Database, PASSWORD, SecretFile, Server, Storage};
use kusion_sdk::kubernetes;

use crate::config::Config;

const PORT: u16 = 6379;

/// Where the image keeps its data, and works.
const DATA: &str = "/data";

/// Beside nothing else of the image.
const CONFIG_FOLDER: &str = "/etc/redis";
const CONFIG_FILE: &str = "redis.conf";

pub(crate) fn server(database: &Database, config: &Config, size: u32) -> Server {
    let secret = Server::secret_name(database);
    let keeps = if config.persistent { "appendonly yes" } else { "appendonly no\nsave \"\"" };
    Server {
        image: format!("redis:{}", config.version),
        args: ["redis-server".to_owned(), format!("{CONFIG_FOLDER}/{CONFIG_FILE}")].into(),
        // For `redis-cli`. The server reads its password from a file: arguments are there for everybody to see.
        env: vec![kubernetes::env_from_secret("REDISCLI_AUTH", &secret, PASSWORD)],
        file: Some(SecretFile {
            folder: CONFIG_FOLDER,
            name: CONFIG_FILE,
            text: format!("dir {DATA}\nrequirepass {}\n{keeps}\n", database.password()),
        }),
        port: PORT,
        user: 999,
        data: DATA,
        storage: if config.persistent { Storage::Claim(size) } else { Storage::Pod },
        writable: &["/tmp"],
        // `redis-cli` ends well whatever it is told, also while the server still reads its data.
        probe: ["sh", "-c", "redis-cli ping | grep -q PONG"].map(str::to_owned).into(),
        resources: [("cpu", "50m-"), ("memory", "64Mi-256Mi")],
    }
}
