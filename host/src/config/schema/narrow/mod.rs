//! What a schema accepts no more than an earlier one did.
//!
//! Whether one schema accepts all that another one does cannot be decided in general. Here two schemas are compared
//! demand by demand: whatever is reported is a demand that is new or stricter, with the place where it stands, and
//! what says the same in other words may be reported too. So a change that is not reported is safe.
//!
//! That holds as long as the former schema is taken for wider, and the new one for narrower, wherever something is not
//! known.

mod alternatives;
mod apart;
mod bounds;
mod by_name;
mod comparison;
mod condition;
mod facets;
mod listed;
mod members;
mod number;

use serde_json::Value;

use super::check::closed;
use super::cost;
use comparison::Comparison;

/// The most characters that a message shows of a value.
const MAX_SHOWN: usize = 60;

/// Something that was accepted and is not any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Narrowing {
    /// Where, as in `containers.*.ports[].name`; empty for the whole.
    pub path: String,
    /// What is different, as in `is required now`.
    pub what: String,
}

/// Lists what `new` accepts no more than `old` does, sorted by place. Objects are closed as everywhere: one that lists
/// its properties accepts no others.
pub fn narrowings(old: &Value, new: &Value) -> Vec<Narrowing> {
    let (old, new) = (closed(old), closed(new));
    if old == new {
        return Vec::new();
    }
    for schema in [&old, &new] {
        if let Err(error) = cost::survey(schema) {
            return vec![Narrowing::at("", format!("cannot be compared: {error}"))];
        }
    }
    let mut found = Comparison::new(&old, &new).run();
    found.sort();
    found.dedup();
    found
}

impl Narrowing {
    fn at(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), what: what.into() }
    }
}

fn shown(value: &Value) -> String {
    cut(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn cut(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
