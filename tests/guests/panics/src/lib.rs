//! A guest for tests: panics as its configuration says, through the SDK.

use kusion_sdk::{Module, Nothing, Output, Rejection, Request};
use schemars::JsonSchema;
use serde::Deserialize;

/// How to panic.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// With a message of its own.
    Message,
    /// By reading behind the end of a list.
    Index,
    /// By unwrapping nothing.
    Unwrap,
    /// By dividing by zero.
    Divide,
    /// After a line of the log that has nothing to do with it.
    AfterAnErrorLine,
}

/// What a test asks for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// How to panic.
    pub reason: Reason,
}

/// The module.
#[derive(Debug)]
pub struct Panics;

impl Module for Panics {
    const NAME: &'static str = "panics";
    const VERSION: &'static str = "0.1.0";
    const SUMMARY: &'static str = "Panics.";
    type Config = Config;
    type Platform = Nothing;

    #[expect(clippy::unwrap_used, reason = "this module exists to panic")]
    fn generate(request: Request<Config, Nothing>) -> Result<Output, Rejection> {
        // The length of a name is nothing the compiler can know.
        let nothing = request.scope.app.len().saturating_sub(1_000);
        let list = request.scope.app.as_bytes();
        match request.config.reason {
            Reason::Message => panic!("the app `{}` displeases me", request.scope.app),
            Reason::Index => Ok(Output::new().need(kusion_sdk::Need::file(list[9].to_string()))),
            Reason::Unwrap => {
                let found = request.scope.app.find("no such text").unwrap();
                Ok(Output::new().need(kusion_sdk::Need::file(found.to_string())))
            }
            Reason::Divide => {
                Ok(Output::new().need(kusion_sdk::Need::file((7 / nothing).to_string())))
            }
            Reason::AfterAnErrorLine => {
                kusion_sdk::log::error("the disk is round");
                panic!("and flat\nat the same time");
            }
        }
    }
}

kusion_sdk::export!(Panics);
