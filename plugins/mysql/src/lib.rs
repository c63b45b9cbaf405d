//! The `mysql` module: a MySQL database, and how the app finds it.
//!
//! The app gets three environment variables named after the accessory: `KUSION_DB_HOST_<NAME>`,
//! `KUSION_DB_USERNAME_<NAME>` and `KUSION_DB_PASSWORD_<NAME>`.

mod config;
mod server;

use kusion_databases::{
    ALICLOUD_REGION, AWS_REGION, Account, Engine, Managed, Platform, SQL_RESOURCE_TYPES, generate,
};
use kusion_sdk::{Module, Output, Rejection, Request};

pub use crate::config::Config;

/// What is known of MySQL.
const ENGINE: Engine = Engine {
    module: "mysql",
    version: "8.0",
    port: server::PORT,
    account: Account { longest: 32, more: "-.", ..ACCOUNT },
    server: server::server,
    aws: Managed { engine: "mysql", account: Account { longest: 16, ..ACCOUNT } },
    alicloud: Managed {
        engine: "MySQL",
        // The service keeps `root` for itself.
        account: Account { default: "kusion_default", longest: 32, is_lower_case: true, ..ACCOUNT },
    },
};

const ACCOUNT: Account = Account {
    default: server::ROOT,
    longest: 0,
    more: "",
    is_lower_case: false,
    reserved_prefix: None,
};

/// The `mysql` module.
#[derive(Debug)]
pub struct Mysql;

impl Module for Mysql {
    const NAME: &'static str = ENGINE.module;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app a MySQL database and the way to it.";
    const CONTEXT_KEYS: &'static [&'static str] = &[AWS_REGION, ALICLOUD_REGION];
    const RESOURCE_TYPES: &'static [&'static str] = SQL_RESOURCE_TYPES;

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let Config { type_, version } = &request.config;
        generate(&request, &ENGINE, *type_, version)
    }
}

kusion_sdk::export!(Mysql);

#[cfg(test)]
mod tests;
