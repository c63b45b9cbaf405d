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

    /// Describes an error that has no place, with its causes, as one of several problems.
    pub fn of(error: &impl Diagnose) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let message = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        Self { message, location: None, hints: error.hints() }
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

/// The longest unknown name for which a near one is looked for, in bytes: nobody mistypes more.
const MAX_NAME: usize = 200;
/// The most valid names that a hint lists.
const MAX_LISTED: usize = 50;

/// Returns the hints that help with an unknown name: the nearest valid one, and the list of all, of very many
/// the beginning.
pub fn name_hints<'a>(unknown: &str, valid: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut valid: Vec<&str> = valid.into_iter().collect();
    valid.sort_unstable();
    valid.dedup();
    let searched: &[&str] = if unknown.len() <= MAX_NAME { &valid } else { &[] };
    let unknown = unknown.to_lowercase();
    let length = unknown.chars().count();
    let nearest = searched
        .iter()
        .filter_map(|name| {
            let valid = name.to_lowercase();
            let characters = valid.chars().count();
            let allowed = 1 + characters / 4;
            if characters.abs_diff(length) > allowed {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&unknown, &valid);
            (distance <= allowed).then_some((distance, name))
        })
        .min_by_key(|(distance, _)| *distance);
    let mut hints = Vec::new();
    if let Some((_, name)) = nearest {
        hints.push(format!("did you mean `{name}`?"));
    }
    let more = valid.len().saturating_sub(MAX_LISTED);
    valid.truncate(MAX_LISTED);
    match (valid.is_empty(), more) {
        (true, _) => {}
        (_, 0) => hints.push(format!("valid names: {}", valid.join(", "))),
        (_, more) => hints.push(format!("valid names: {} and {more} more", valid.join(", "))),
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

    #[test]
    fn of_very_many_names_the_first_are_listed() {
        let names: Vec<String> = (0..60).map(|number| format!("name{number:02}")).collect();
        let hints = name_hints("nmae33", names.iter().map(String::as_str));
        assert_eq!(hints[0], "did you mean `name33`?");
        assert!(hints[1].ends_with(", name48, name49 and 10 more"), "{}", hints[1]);
    }

    #[test]
    fn a_very_long_name_is_like_no_other() {
        let long = "replicas".repeat(1 << 17);
        assert_eq!(name_hints(&long, ["replicas", &long]).len(), 1);
    }
}
