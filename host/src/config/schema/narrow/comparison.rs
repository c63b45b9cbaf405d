//! Two schemas demand by demand, and what is left to choose one by one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::condition::Sameness;
use super::facets::Facets;
use super::listed::{Document, Patterns, address};
use super::{Narrowing, bounds, cut, shown};

/// How many comparisons are made before two schemas are called too different.
const MAX_STEPS: usize = 20_000;
/// How deep values are followed before two schemas are called too different.
const MAX_DEPTH: usize = 100;
/// Said of what needs more than that.
const TOO_MANY: &str = "has too many alternatives to be compared";
/// The most values that one message lists.
const MAX_LISTED: usize = 8;

/// A comparison of two documents while it is made.
pub(super) struct Comparison<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    /// What is being compared: a schema that refers to itself is compared once.
    open: Vec<(BTreeSet<usize>, BTreeSet<usize>)>,
    steps: usize,
    given_up: Option<&'static str>,
    pub(super) old_document: Document<'a>,
    pub(super) new_document: Document<'a>,
    pub(super) sameness: Sameness<'a>,
    pub(super) patterns: Patterns,
}

/// Schemas that all apply to one value, the former and the new ones.
#[derive(Clone, Copy)]
pub(super) struct Place<'p, 'a> {
    pub(super) old: &'p [&'a Value],
    pub(super) new: &'p [&'a Value],
    pub(super) path: &'p str,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            open: Vec::new(),
            steps: 0,
            given_up: None,
            old_document: Document::new(old),
            new_document: Document::new(new),
            sameness: Sameness::new(old, new),
            patterns: Patterns::default(),
        }
    }

    /// Compares the documents. What cannot be compared is the only thing that is told then.
    pub(super) fn run(&mut self) -> Vec<Narrowing> {
        let place = Place { old: &[self.old], new: &[self.new], path: "" };
        let found = self.compare(place);
        match self.given_up {
            Some(why) => vec![Narrowing::at("", why)],
            None => found,
        }
    }

    /// Returns whether it was given up.
    pub(super) fn is_over(&self) -> bool {
        self.given_up.is_some()
    }

    /// Counts some work.
    pub(super) fn step(&mut self, work: usize) {
        self.steps += work;
        if self.steps > MAX_STEPS {
            self.give_up(TOO_MANY);
        }
    }

    fn give_up(&mut self, why: &'static str) {
        self.given_up.get_or_insert(why);
    }

    /// Compares schemas that all apply with others that do.
    pub(super) fn compare(&mut self, place: Place<'_, 'a>) -> Vec<Narrowing> {
        let (old, new) = (distinct(place.old), distinct(place.new));
        let both = (addresses(&old), addresses(&new));
        self.step(1);
        if self.open.len() > MAX_DEPTH {
            self.give_up(TOO_MANY);
        }
        if self.is_over() || self.open.contains(&both) || self.is_unchanged(&old, &new) {
            return Vec::new();
        }
        self.open.push(both);
        let place = Place { old: &old, new: &new, path: place.path };
        let (old, new) = (Facets::of(&old, self.old), Facets::of(&new, self.new));
        let found = self.alternatives(&old, &new, place);
        self.open.pop();
        found
    }

    /// Compares each alternative of the one with the alternative of the other that comes nearest.
    pub(super) fn alternatives(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        place: Place<'_, 'a>,
    ) -> Vec<Narrowing> {
        let path = place.path;
        // Hundreds of schemas at one place cost as much as hundreds of places.
        self.step(1 + (old.size + new.size) / 100);
        if old.is_too_wide() || new.is_too_wide() {
            self.give_up(TOO_MANY);
        }
        if old.is_foreign || new.is_foreign {
            self.give_up("has parts of another schema or `$schema`, which cannot be compared");
        }
        if self.is_over() || old.is_never() {
            return Vec::new();
        }
        if new.is_never() {
            let what =
                if path.is_empty() { "accepts nothing any more" } else { "is not known any more" };
            return vec![Narrowing::at(path, what)];
        }
        if let Some(values) = &old.values {
            return self.listed(values, place);
        }
        if let Some(branches) = old.choices() {
            return branches.iter().flat_map(|old| self.alternatives(old, new, place)).collect();
        }
        let Some(branches) = new.choices() else { return self.demands(old, new, place) };
        // Of another type, or with a demand at the place itself, another alternative is meant.
        let cost = |new: &Facets<'_>, found: &[Narrowing]| -> usize {
            let far = if new.types.is_disjoint(&old.types) { 10_000 } else { 0 };
            let one = |one: &Narrowing| if one.path == path { 100 } else { 1 };
            found.iter().map(one).sum::<usize>() + far
        };
        let mut nearest: Option<(usize, Vec<Narrowing>)> = None;
        for new in &branches {
            let found = self.alternatives(old, new, place);
            if found.is_empty() {
                return found;
            }
            let cost = cost(new, &found);
            if nearest.as_ref().is_none_or(|(least, _)| cost < *least) {
                nearest = Some((cost, found));
            }
        }
        if let Some(pieces) = old.pieces() {
            return pieces.iter().flat_map(|old| self.alternatives(old, new, place)).collect();
        }
        match nearest {
            Some((_, found)) => found,
            None => vec![Narrowing::at(path, "has no alternative any more")],
        }
    }

    /// Asks about each value that is listed.
    fn listed(&mut self, values: &[&'a Value], place: Place<'_, 'a>) -> Vec<Narrowing> {
        let mut found = Vec::new();
        for value in values {
            if self.new_document.accepts(place.new, value) != Some(true)
                && self.old_document.accepts(place.old, value) != Some(false)
            {
                let what = format!("does not accept `{}` any more", shown(value));
                found.push(Narrowing::at(place.path, what));
            }
        }
        found
    }

    /// Compares what is demanded, where nothing is left to choose.
    fn demands(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        place: Place<'_, 'a>,
    ) -> Vec<Narrowing> {
        let path = place.path;
        if new.values.is_some()
            && let Some(values) = old.few_values()
        {
            return self.listed(&values, place);
        }
        let mut found: Vec<Narrowing> = Vec::new();
        let mut tell = |what: String| found.push(Narrowing::at(path, what));
        let lost: Vec<&str> = old.types.difference(&new.types).copied().collect();
        if !lost.is_empty() {
            tell(bounds::lost_types(old, new, &lost));
        }
        if let Some(values) = &new.values {
            let listed: Vec<String> =
                values.iter().take(MAX_LISTED).map(|value| format!("`{}`", shown(value))).collect();
            let more = if values.len() > MAX_LISTED { ", …" } else { "" };
            tell(format!("accepts only {}{more} now", listed.join(", ")));
            return found;
        }
        let is_both = |name: &str| old.types.contains(name) && new.types.contains(name);
        if is_both("integer") || is_both("fraction") {
            bounds::numbers(old, new, &mut tell);
        }
        bounds::counts(old, new, &mut tell);
        if is_both("string") {
            for pattern in new.patterns.difference(&old.patterns) {
                tell(format!("must fit the pattern `{}` now", cut(pattern)));
            }
        }
        bounds::formats(old, new, &mut tell);
        if is_both("array") && new.unique && !old.unique {
            tell("must not hold an item twice now".to_owned());
        }
        for condition in &new.conditions {
            let keyword = condition.keyword;
            if old.conditions.iter().any(|old| self.sameness.is_same(old, condition)) {
                continue;
            }
            if old.conditions.iter().any(|old| old.keyword == keyword) {
                tell(format!("has the condition `{keyword}`, whose change cannot be judged"));
            } else {
                tell(format!("has a condition that it had not: `{keyword}`"));
            }
        }
        if is_both("object") {
            found.extend(self.members(old, new, path));
        }
        if is_both("array") {
            let places = old.places().max(new.places());
            for place in 0..=places {
                let name = if place < places { place.to_string() } else { String::new() };
                let (old, new) = (old.item(place), new.item(place));
                let path = format!("{path}[{name}]");
                found.extend(self.compare(Place { old: &old, new: &new, path: &path }));
            }
        }
        if found.is_empty() {
            found = self.exclusions(old, new, place);
        }
        found
    }

    /// Returns whether schemas say what they said before.
    pub(super) fn is_unchanged(&mut self, old: &[&'a Value], new: &[&'a Value]) -> bool {
        let mut both = old.iter().zip(new);
        old.len() == new.len() && both.all(|(old, new)| self.sameness.is_same_schema(old, new))
    }
}

/// Returns schemas without those that stand there twice.
fn distinct<'a>(schemas: &[&'a Value]) -> Vec<&'a Value> {
    let mut seen = BTreeSet::new();
    schemas.iter().copied().filter(|schema| seen.insert(address(schema))).collect()
}

fn addresses(schemas: &[&Value]) -> BTreeSet<usize> {
    schemas.iter().map(|schema| address(schema)).collect()
}
