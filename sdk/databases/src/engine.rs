//! A kind of SQL server: what is known of it, and the answer to a request for one.

use kusion_sdk::{Output, Pointer, Problems, Rejection, Request};
use serde_json::Value;

use crate::account::Account;
use crate::database::Database;
use crate::managed::Order;
use crate::platform::{Cloud, DatabaseType, Platform};
use crate::server::{PodSettings, Server};
use crate::{alicloud, aws, version};

/// The types of resources that [`generate`] makes.
pub const SQL_RESOURCE_TYPES: &[&str] = &[
    "v1:Secret",
    "v1:PersistentVolumeClaim",
    "v1:Service",
    "apps/v1:Deployment",
    "aws_security_group",
    "aws_db_instance",
    "alicloud_db_instance",
    "alicloud_db_connection",
    "alicloud_rds_account",
];

/// The storage of a database in pods, unless the platform says otherwise, in GiB.
const LOCAL_SIZE: u32 = 10;

/// A kind of SQL server.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// The module, and the image.
    pub module: &'static str,
    /// A version, as an example.
    pub version: &'static str,
    /// The port that it listens on, wherever it runs.
    pub port: u16,
    /// The accounts of a server in pods.
    pub account: Account,
    /// Makes the server in pods: of the database, its version, its account and its storage in GiB.
    pub server: fn(&Database, &str, &str, u32) -> Server,
    /// What Amazon Web Services says to it.
    pub aws: Managed,
    /// What Alibaba Cloud says to it.
    pub alicloud: Managed,
}

/// What a cloud says to a kind of SQL server.
#[derive(Debug, Clone, Copy)]
pub struct Managed {
    /// Its name.
    pub engine: &'static str,
    /// Its accounts.
    pub account: Account,
}

/// Answers a request for a database.
///
/// # Errors
/// What the developer or the platform team wrote cannot be served.
pub fn generate<C>(
    request: &Request<C, Platform>,
    engine: &Engine,
    type_: DatabaseType,
    version: &str,
) -> Result<Output, Rejection> {
    let platform = &request.platform;
    let database = Database::new(request, engine.module, platform.database_name.as_deref());
    let mut problems = Problems::default();
    if !version::is_image_tag(version) {
        let (image, example) = (engine.module, engine.version);
        problems.add(
            Pointer::config().key("version"),
            format!("must be a version of the `{image}` image, as in \"{example}\""),
        );
    }
    let output = match type_ {
        DatabaseType::Local => local(&database, engine, platform, version, &mut problems),
        DatabaseType::Cloud => {
            cloud(&database, engine, platform, &request.context, version, &mut problems)
        }
    };
    problems.finish()?;
    Ok(output.patch(database.variables(&[
        ("KUSION_DB_HOST", "hostAddress"),
        ("KUSION_DB_USERNAME", "username"),
        ("KUSION_DB_PASSWORD", "password"),
    ])))
}

fn local(
    database: &Database,
    engine: &Engine,
    platform: &Platform,
    version: &str,
    problems: &mut Problems,
) -> Output {
    let size = platform.size.unwrap_or(LOCAL_SIZE);
    if size == 0 {
        problems.add(Pointer::platform().key("size"), "must be at least 1");
    }
    let username = account(&engine.account, platform, problems);
    let settings = PodSettings {
        security: platform.pod_security,
        service_account_token: platform.automount_service_account_token,
        resources: &platform.resources,
    };
    let server = (engine.server)(database, version, username, size);
    let objects = server.objects(database, &settings, problems);
    let connection = database.connection_secret(&[
        ("hostAddress", &Server::host(database)),
        ("username", username),
        ("password", database.password()),
    ]);
    Output::new().secret(database.password_secret()).resources(objects).resource(connection)
}

fn cloud(
    database: &Database,
    engine: &Engine,
    platform: &Platform,
    context: &Value,
    version: &str,
    problems: &mut Problems,
) -> Output {
    let Some(cloud) = platform.cloud else {
        let at = Pointer::platform().key("cloud");
        problems.add(
            at,
            "the platform must set `cloud` (`aws` or `alicloud`) for databases of type `cloud`",
        );
        return Output::new();
    };
    let managed = match cloud {
        Cloud::Aws => &engine.aws,
        Cloud::Alicloud => &engine.alicloud,
    };
    let username = account(&managed.account, platform, problems);
    let order =
        Order { database, port: engine.port, engine: managed.engine, platform, version, username };
    let output = Output::new().secret(database.password_secret());
    match cloud {
        Cloud::Aws => output.resources(aws::resources(&order, context, problems)),
        Cloud::Alicloud => output.resources(alicloud::resources(&order, context, problems)),
    }
}

fn account<'a>(account: &Account, platform: &'a Platform, problems: &mut Problems) -> &'a str {
    let name = platform.username.as_deref().unwrap_or(account.default);
    if let Some(problem) = account.problem(name) {
        problems.add(Pointer::platform().key("username"), problem);
    }
    name
}
