//! What `-v`, `--log-format` and `KUSION_LOG` ask for: the library's spans and events, on standard error.
//!
//! The library only emits; nothing is set up, and nothing costs time, unless the user asks.

mod fields;
mod layer;
mod line;

use clap::ValueEnum;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::context::World;
use crate::error::CliError;

pub(crate) use line::Line;

use layer::Log;

/// The environment variable that says what is logged.
pub(crate) const VARIABLE: &str = "KUSION_LOG";

/// How lines on standard error look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, messages and errors included.
    Json,
}

/// Begins to log what the flag or, without it, the variable asks for.
///
/// # Errors
///
/// The variable cannot be understood.
pub(crate) fn start(world: &World, verbosity: u8) -> Result<(), CliError> {
    let Some(filter) = filter(world, verbosity)? else { return Ok(()) };
    let layer = Log::new(world.stderr().clone()).with_filter(filter);
    // This is called once, so there is no other subscriber.
    let _first =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer));
    Ok(())
}

fn filter(world: &World, verbosity: u8) -> Result<Option<Targets>, CliError> {
    let level = match verbosity {
        0 => {
            return world
                .log_filter()
                .map(|text| parse(&text).ok_or_else(|| unclear(&text)))
                .transpose();
        }
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    Ok(Some(Targets::new().with_target(env!("CARGO_CRATE_NAME"), level)))
}

/// Reads directives: levels, and levels of targets. A word that is neither would be taken as the name of a
/// target and hide a slip of the pen.
fn parse(text: &str) -> Option<Targets> {
    let directives = text.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let mut targets = Targets::new();
    for directive in directives {
        targets = match directive.split_once('=') {
            None => targets.with_default(level(directive)?),
            Some(("", _)) => return None,
            Some((target, name)) => targets.with_target(target.trim(), level(name.trim())?),
        };
    }
    Some(targets)
}

fn level(name: &str) -> Option<LevelFilter> {
    let word = name.chars().all(|character| character.is_ascii_alphabetic());
    if word && !name.is_empty() { name.parse().ok() } else { None }
}

fn unclear(text: &str) -> CliError {
    CliError::usage(format!("cannot understand the environment variable {VARIABLE}: `{text}`")).hint(
        "give a level (off, error, warn, info, debug or trace), or levels of targets: `kusion::engine=debug,info`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_levels_and_levels_of_targets() {
        let targets = parse("kusion::engine=debug, info").unwrap();
        assert!(targets.would_enable("kusion::engine::call", &tracing::Level::DEBUG));
        assert!(!targets.would_enable("kusion::ops", &tracing::Level::DEBUG));
        assert!(targets.would_enable("kusion::ops", &tracing::Level::INFO));
        assert!(parse("OFF").is_some() && parse("").is_some());
        for wrong in ["debgu", "kusion", "kusion=loud", "=debug", "kusion::engine=", "7", "a=b=c"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
