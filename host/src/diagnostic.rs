//! What an error tells its reader beside the message: whose mistake it is, where, and what to do.
//!
//! The library decides these once per error type; whoever shows the error (the command line, another
//! tool) decides how it looks.

use crate::source::Location;

/// Says who can mend an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The user: a file, a name, an option.
    User,
    /// Somebody beside the user: a cluster, a registry, a backend, a disk.
    Environment,
    /// Nobody but us.
    Internal,
}

/// Something wrong at one place of what a user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, without place and advice.
    pub message: String,
    /// Where, if the place is known.
    pub location: Option<Location>,
    /// What the reader can do, each a sentence without full stop.
    pub hints: Vec<String>,
}

impl Problem {
    /// Describes a problem at a place.
    pub fn at(location: Location, message: impl Into<String>) -> Self {
        Self { message: message.into(), location: Some(location), hints: Vec::new() }
    }

    /// Describes a problem that has no place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), location: None, hints: Vec::new() }
    }

    /// Adds advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// An error that knows its reader.
pub trait Diagnose: std::error::Error {
    /// Returns who can mend this.
    fn kind(&self) -> Kind;

    /// Returns what the reader can do, each a sentence without full stop.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }

    /// Returns every place that is wrong; if there are any, they stand in for the message.
    fn problems(&self) -> &[Problem] {
        &[]
    }
}

/// Returns the hints that help with an unknown name: the nearest valid one, and the list of all.
pub fn name_hints<'a>(unknown: &str, valid: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut valid: Vec<&str> = valid.into_iter().collect();
    valid.sort_unstable();
    valid.dedup();
    let nearest = valid
        .iter()
        .map(|name| {
            (strsim::damerau_levenshtein(&unknown.to_lowercase(), &name.to_lowercase()), name)
        })
        .filter(|(distance, name)| *distance <= 1 + name.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance);
    let mut hints = Vec::new();
    if let Some((_, name)) = nearest {
        hints.push(format!("did you mean `{name}`?"));
    }
    if !valid.is_empty() {
        hints.push(format!("valid names: {}", valid.join(", ")));
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_named_before_the_list() {
        assert_eq!(
            name_hints("replica", ["replicas", "containers"]),
            ["did you mean `replicas`?", "valid names: containers, replicas"]
        );
    }

    #[test]
    fn a_name_far_from_all_others_gets_the_list_only() {
        assert_eq!(name_hints("zebra", ["replicas"]), ["valid names: replicas"]);
        assert!(name_hints("zebra", []).is_empty());
    }
}
