//! The arguments: our own, and those of `cargo test`, which are understood as far as they make sense.

use std::path::PathBuf;

use crate::case::Case;
use crate::targets::{ALL, Target};

/// What to run.
#[derive(Debug, Default)]
pub struct Options {
    /// Parts of the names of targets; none stands for all.
    filters: Vec<String>,
    /// Whether a filter must be the whole name.
    exact: bool,
    /// How long to go on; without it, the short run.
    pub seconds: Option<u64>,
    /// The seed; without it, a fixed one in the short run and a new one in the long.
    pub seed: Option<u64>,
    /// One case only.
    pub case: Option<Case>,
    /// List the targets instead.
    pub list: bool,
}

impl Options {
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("`{argument}` needs a value"));
            match argument.as_str() {
                "--target" => {
                    options.filters.push(value()?.clone());
                    options.exact = true;
                }
                "--seconds" => options.seconds = Some(number(value()?)?),
                "--seed" => options.seed = Some(number(value()?)?),
                "--input" => {
                    let path = PathBuf::from(value()?);
                    let path = path
                        .canonicalize()
                        .map_err(|error| format!("{}: {error}", path.display()))?;
                    options.case = Some(Case::File(path));
                }
                "--case" => {
                    let text = value()?;
                    let case = Case::parse(text).ok_or(format!("`{text}` is not a case"))?;
                    options.case = Some(case);
                }
                "--list" => options.list = true,
                "--exact" => options.exact = true,
                // These belong to the test runner of the standard library.
                "--test-threads" | "--format" | "--skip" | "--color" => drop(value()?),
                flag if flag.starts_with('-') => {}
                filter => options.filters.push(filter.trim_start_matches("fuzz::").to_owned()),
            }
        }
        if options.case.is_some() && options.targets().len() != 1 {
            return Err("a single case needs `--target` with the name of one target".to_owned());
        }
        Ok(options)
    }

    /// Returns the targets to run.
    pub fn targets(&self) -> Vec<&'static Target> {
        let chosen = |target: &&Target| {
            self.filters.is_empty()
                || self.filters.iter().any(|filter| {
                    target.name == filter || !self.exact && target.name.contains(filter.as_str())
                })
        };
        ALL.iter().filter(chosen).collect()
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}
