//! The `mysql` module: a MySQL database, and how the app finds it.
//!
//! The app gets three environment variables named after the accessory: `KUSION_DB_HOST_<NAME>`,
//! `KUSION_DB_USERNAME_<NAME>` and `KUSION_DB_PASSWORD_<NAME>`.

mod config;
mod local;

use kusion_sdk::{Module, Output, Pointer, Problems, Rejection, Request};

pub use crate::config::{Cloud, Config, DatabaseType, Platform};

/// The `mysql` module.
#[derive(Debug)]
pub struct Mysql;

impl Module for Mysql {
    const NAME: &'static str = "mysql";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Gives an app a MySQL database and the way to it.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["v1:Secret", "v1:PersistentVolumeClaim", "v1:Service", "apps/v1:Deployment"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        if request.config.type_ == DatabaseType::Cloud {
            return Err(Rejection::unsupported(
                "mysql of type `cloud` is not available in this version: only `local`",
            ));
        }
        let mut problems = Problems::default();
        if !is_image_tag(&request.config.version) {
            problems.add(
                Pointer::config().key("version"),
                "must be a version of the `mysql` image, as in \"8.0\"",
            );
        }
        if request.platform.size == 0 {
            problems.add(Pointer::platform().key("size"), "must be at least 1");
        }
        if request.platform.username.is_empty() {
            problems.add(Pointer::platform().key("username"), "must not be empty");
        }
        problems.finish()?;
        Ok(local::database(&request))
    }
}

fn is_image_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'-'))
}

kusion_sdk::export!(Mysql);

#[cfg(test)]
mod tests;
