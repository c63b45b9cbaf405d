//! The `redis` module: a Redis server with a password, and how the app finds it.
//!
//! The app gets four environment variables named after the accessory: `KUSION_REDIS_HOST_<NAME>`,
//! `KUSION_REDIS_PORT_<NAME>`, `KUSION_REDIS_PASSWORD_<NAME>` and `KUSION_REDIS_URL_<NAME>`.

mod config;
mod server;

use kusion_databases::{Database, PodSettings, Server, is_image_tag};
use kusion_sdk::{Module, Output, Pointer, Problems, Rejection, Request};

pub use crate::config::{Config, Platform, RedisType};

/// The `redis` module.
#[derive(Debug)]
pub struct Redis;

impl Module for Redis {
    const NAME: &'static str = "redis";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app a Redis server and the way to it.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:Secret", "v1:PersistentVolumeClaim", "v1:Service", "apps/v1:Deployment"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let (config, platform) = (&request.config, &request.platform);
        let mut problems = Problems::default();
        if !is_image_tag(&config.version) {
            problems.add(
                Pointer::config().key("version"),
                "must be a version of the `redis` image, as in \"8.0\"",
            );
        }
        if platform.size == 0 {
            problems.add(Pointer::platform().key("size"), "must be at least 1");
        }
        let database = Database::new(&request, Self::NAME, platform.database_name.as_deref());
        let settings = PodSettings {
            security: platform.pod_security,
            service_account_token: platform.automount_service_account_token,
            resources: &platform.resources,
        };
        let server = server::server(&database, config, platform.size);
        let objects = server.objects(&database, &settings, &mut problems);
        problems.finish()?;

        let host = Server::host(&database);
        let port = server.port.to_string();
        let password = database.password();
        let connection = database.connection_secret(&[
            ("hostAddress", &host),
            ("port", &port),
            ("password", password),
            ("url", &format!("redis://:{password}@{host}:{port}/0")),
        ]);
        Ok(Output::new()
            .secret(database.password_secret())
            .resources(objects)
            .resource(connection)
            .patch(database.variables(&[
                ("KUSION_REDIS_HOST", "hostAddress"),
                ("KUSION_REDIS_PORT", "port"),
                ("KUSION_REDIS_PASSWORD", "password"),
                ("KUSION_REDIS_URL", "url"),
            ])))
    }
}

kusion_sdk::export!(Redis);

#[cfg(test)]
mod tests;
