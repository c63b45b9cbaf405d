//! What a schema accepts no more than an earlier one did.
//!
//! Whether one schema accepts all that another one does cannot be decided in general. Here two schemas are compared
//! demand by demand: whatever is reported is a demand that is new or stricter, with the place where it stands, and
//! what says the same in other words may be reported too. So a change that is not reported is safe, but for
//! `oneOf`, which is read as `anyOf`, and `format`, which nobody checks.

mod facets;

use serde_json::Value;

use super::close::close;
use facets::{Bound, COUNTS, Facets, TYPES, type_of};

/// How many comparisons are made before two schemas are called too different.
const MAX_STEPS: usize = 20_000;
/// The most values that one message lists, and the most characters of one.
const MAX_LISTED: usize = 8;
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
    let (old, new) = (close(old), close(new));
    let mut comparison = Comparison { old: &old, new: &new, open: Vec::new(), steps: 0 };
    let mut found = comparison.compare(&[&old], &[&new], "");
    if comparison.steps > MAX_STEPS {
        found = vec![Narrowing::at("", "has too many alternatives to be compared")];
    }
    found.sort();
    found.dedup();
    found
}

impl Narrowing {
    fn at(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), what: what.into() }
    }
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    /// What is being compared: a schema that refers to itself is compared once.
    open: Vec<(Vec<usize>, Vec<usize>)>,
    steps: usize,
}

impl<'a> Comparison<'a> {
    /// Compares schemas that all apply with others that do.
    fn compare(&mut self, old: &[&'a Value], new: &[&'a Value], path: &str) -> Vec<Narrowing> {
        let place = |schemas: &[&'a Value]| -> Vec<usize> {
            schemas.iter().map(|schema| std::ptr::from_ref(*schema).addr()).collect()
        };
        let both = (place(old), place(new));
        if self.open.contains(&both) {
            return Vec::new();
        }
        self.open.push(both);
        let (old, new) = (Facets::of(old, self.old), Facets::of(new, self.new));
        let found = self.alternatives(&old, &new, path);
        self.open.pop();
        found
    }

    /// Compares each alternative of the one with the alternative of the other that comes nearest.
    fn alternatives(&mut self, old: &Facets<'a>, new: &Facets<'a>, path: &str) -> Vec<Narrowing> {
        self.steps += 1;
        if self.steps > MAX_STEPS || old.is_never() {
            return Vec::new();
        }
        if new.is_never() {
            let what =
                if path.is_empty() { "accepts nothing any more" } else { "is not known any more" };
            return vec![Narrowing::at(path, what)];
        }
        if let Some(branches) = old.chosen() {
            return branches.iter().flat_map(|old| self.alternatives(old, new, path)).collect();
        }
        let Some(branches) = new.chosen() else { return self.demands(old, new, path) };
        // Of another type, or with a demand at the place itself, another alternative is meant.
        let cost = |new: &Facets<'_>, found: &[Narrowing]| -> usize {
            let far = if new.types.is_disjoint(&old.types) { 10_000 } else { 0 };
            let one = |one: &Narrowing| if one.path == path { 100 } else { 1 };
            found.iter().map(one).sum::<usize>() + far
        };
        let mut nearest: Option<(usize, Vec<Narrowing>)> = None;
        for new in &branches {
            let found = self.alternatives(old, new, path);
            if found.is_empty() {
                return found;
            }
            let cost = cost(new, &found);
            if nearest.as_ref().is_none_or(|(least, _)| cost < *least) {
                nearest = Some((cost, found));
            }
        }
        if let Some(pieces) = old.pieces() {
            return pieces.iter().flat_map(|old| self.alternatives(old, new, path)).collect();
        }
        match nearest {
            Some((_, found)) => found,
            None => vec![Narrowing::at(path, "has no alternative any more")],
        }
    }

    /// Compares what is demanded, where nothing is left to choose.
    fn demands(&mut self, old: &Facets<'a>, new: &Facets<'a>, path: &str) -> Vec<Narrowing> {
        let mut found: Vec<Narrowing> = Vec::new();
        let mut tell = |what: String| found.push(Narrowing::at(path, what));
        if let Some(values) = &old.values {
            for value in values.iter().filter(|value| !accepts(new, value)) {
                tell(format!("does not accept `{}` any more", shown(value)));
            }
            return found;
        }
        let lost: Vec<&str> = old.types.difference(&new.types).copied().collect();
        if !lost.is_empty() {
            tell(lost_types(old, new, &lost));
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
            numbers(old, new, &mut tell);
        }
        counts(old, new, &mut tell);
        if is_both("string") {
            for pattern in new.patterns.difference(&old.patterns) {
                tell(format!("must fit the pattern `{}` now", cut(pattern)));
            }
        }
        if is_both("array") && new.unique && !old.unique {
            tell("must not hold an item twice now".to_owned());
        }
        for (keyword, values) in &new.opaque {
            if values
                .iter()
                .any(|value| !old.opaque.get(keyword).is_some_and(|olds| olds.contains(value)))
            {
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
                let item = format!("{path}[{name}]");
                found.extend(self.compare(&old.item(place), &new.item(place), &item));
            }
        }
        found
    }

    fn members(&mut self, old: &Facets<'a>, new: &Facets<'a>, path: &str) -> Vec<Narrowing> {
        let below = |name: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
        };
        let mut found: Vec<Narrowing> = new
            .required
            .difference(&old.required)
            .map(|name| Narrowing::at(&below(name), "is required now"))
            .collect();
        for name in old.names().union(&new.names()) {
            found.extend(self.compare(&old.member(name), &new.member(name), &below(name)));
        }
        for pattern in old.name_patterns().union(&new.name_patterns()) {
            let name = below(&format!("/{pattern}/"));
            found.extend(self.compare(&old.matching(pattern), &new.matching(pattern), &name));
        }
        let (rest_old, rest_new) = (old.other_members(), new.other_members());
        let is_closed = Facets::of(&rest_new, self.new).is_never();
        if is_closed && !Facets::of(&rest_old, self.old).is_never() {
            found.push(Narrowing::at(path, "accepts only the names that are listed now"));
        } else {
            found.extend(self.compare(&rest_old, &rest_new, &below("*")));
        }
        found
    }
}

/// Returns whether a value that is listed is accepted, as far as its type, its size and other lists say.
fn accepts(new: &Facets<'_>, value: &Value) -> bool {
    let is_listed = new.values.as_ref().is_none_or(|values| values.contains(&value));
    let is_bounded = value.as_f64().is_none_or(|number| {
        new.least.is_none_or(|least| least.admits_from_below(number))
            && new.most.is_none_or(|most| most.admits_from_above(number))
    });
    let has_length = value.as_str().is_none_or(|text| {
        let length = text.chars().count() as u64;
        new.counts.get("minLength").is_none_or(|least| length >= *least)
            && new.counts.get("maxLength").is_none_or(|most| length <= *most)
    });
    is_listed && is_bounded && has_length && new.types.contains(type_of(value))
}

fn lost_types(old: &Facets<'_>, new: &Facets<'_>, lost: &[&str]) -> String {
    if lost == ["fraction"] && new.types.contains("integer") {
        return "accepts only whole numbers now".to_owned();
    }
    // Of a number it is enough to say one half.
    let names = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<&str> = names.collect();
        let name = |name: &&str| match *name {
            "fraction" => Some("`number`".to_owned()),
            "integer" if names.contains(&"fraction") => None,
            other => Some(format!("`{other}`")),
        };
        names.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    };
    if old.types.len() == TYPES.len() {
        return format!("accepts only {} now", names(&mut new.types.iter().copied()));
    }
    format!("does not accept {} any more", names(&mut lost.iter().copied()))
}

fn numbers(old: &Facets<'_>, new: &Facets<'_>, tell: &mut impl FnMut(String)) {
    let bound =
        |bound: Bound| format!("{}{}", if bound.exclusive { "beyond " } else { "" }, bound.value);
    // A bound that admits the former one, or is it, is no tighter.
    let is_kept = |before: Bound, admits: bool, value: f64| {
        admits || (before.exclusive && before.value == value)
    };
    let below = |before: Bound, least: Bound| {
        is_kept(before, least.admits_from_below(before.value), least.value)
    };
    let above = |before: Bound, most: Bound| {
        is_kept(before, most.admits_from_above(before.value), most.value)
    };
    if let Some(least) = new.least
        && !old.least.is_some_and(|before| below(before, least))
    {
        let was = old.least.map(|least| format!(" instead of {}", bound(least)));
        tell(format!("has the minimum {}{} now", bound(least), was.unwrap_or_default()));
    }
    if let Some(most) = new.most
        && !old.most.is_some_and(|before| above(before, most))
    {
        let was = old.most.map(|most| format!(" instead of {}", bound(most)));
        tell(format!("has the maximum {}{} now", bound(most), was.unwrap_or_default()));
    }
    for multiple in &new.multiples {
        if !old.multiples.iter().any(|old| (old / multiple).fract() == 0.0) {
            tell(format!("must be a multiple of {multiple} now"));
        }
    }
}

fn counts(old: &Facets<'_>, new: &Facets<'_>, tell: &mut impl FnMut(String)) {
    for (keyword, of, unit) in COUNTS {
        let Some(count) = new.counts.get(keyword) else { continue };
        let is_least = keyword.starts_with("min");
        let before = old.counts.get(keyword);
        let is_tighter = match before {
            Some(before) if is_least => count > before,
            Some(before) => count < before,
            None => !is_least || *count > 0,
        };
        if is_tighter && old.types.contains(of) && new.types.contains(of) {
            let was = before.map(|before| format!(" instead of {before}")).unwrap_or_default();
            let bound = if is_least { "least" } else { "most" };
            tell(format!("has at {bound} {count}{was} {unit} now"));
        }
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
mod tests;
