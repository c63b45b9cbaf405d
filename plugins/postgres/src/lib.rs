//! The `postgres` module: a PostgreSQL database, and how the app finds it.
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

/// What is known of PostgreSQL.
const ENGINE: Engine = Engine {
    module: "postgres",
    version: "17",
    port: server::PORT,
    account: Account { more: "-.", ..ACCOUNT },
    server: server::server,
    aws: Managed { engine: "postgres", account: ACCOUNT },
    alicloud: Managed { engine: "PostgreSQL", account: Account { is_lower_case: true, ..ACCOUNT } },
};

/// The server keeps names that begin with `pg_` for roles of its own.
const ACCOUNT: Account = Account {
    default: "kusion_default",
    longest: 63,
    more: "",
    is_lower_case: false,
    reserved_prefix: Some("pg_"),
};

/// The `postgres` module.
#[derive(Debug)]
pub struct Postgres;

impl Module for Postgres {
    const NAME: &'static str = ENGINE.module;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app a PostgreSQL database and the way to it.";
    const CONTEXT_KEYS: &'static [&'static str] = &[AWS_REGION, ALICLOUD_REGION];
    const RESOURCE_TYPES: &'static [&'static str] = SQL_RESOURCE_TYPES;

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        let Config { type_, version } = &request.config;
        generate(&request, &ENGINE, *type_, version)
    }
}

kusion_sdk::export!(Postgres);

#[cfg(test)]
mod tests;
