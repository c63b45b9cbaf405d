//! Members of objects by their names: those that are mentioned, those that fit patterns, and all others.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::comparison::{Comparison, Place};
use super::facets::Facets;
use super::members::Name;
use super::{Narrowing, cut};

impl<'a> Comparison<'a> {
    /// Compares what is demanded of the members of an object.
    pub(super) fn members(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        path: &str,
    ) -> Vec<Narrowing> {
        let mut found: Vec<Narrowing> = new
            .required
            .difference(&old.required)
            .map(|name| Narrowing::at(&below(path, name), "is required now"))
            .collect();
        let patterns: BTreeSet<&str> =
            old.name_patterns().union(&new.name_patterns()).copied().collect();
        for text in old.names().union(&new.names()) {
            let path = below(path, text);
            match self.fitting(&patterns, text) {
                Ok(patterns) => {
                    let name = Name { text: Some(text), patterns };
                    found.extend(self.member(old, new, &name, &path));
                }
                Err(pattern) => {
                    let what = format!("has the pattern `{}`, which cannot be read", cut(pattern));
                    found.push(Narrowing::at(&path, what));
                }
            }
        }
        found.extend(self.dependent(old, new, &patterns, path));
        found.extend(self.fitting_members(old, new, &patterns, path));
        found.extend(self.names(old, new, path));
        let rest = Name { text: None, patterns: BTreeSet::new() };
        let is_closed = |facets: &Facets<'a>, root: &'a Value| {
            Facets::of(&facets.member(&rest, &BTreeSet::new()), root).is_never()
        };
        if is_closed(new, self.new) && !is_closed(old, self.old) {
            found.push(Narrowing::at(path, "accepts only the names that are listed now"));
        } else {
            found.extend(self.member(old, new, &rest, &below(path, "*")));
        }
        found
    }

    /// Compares which names ask for others. It matters only for names that were accepted.
    fn dependent(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        patterns: &BTreeSet<&'a str>,
        path: &str,
    ) -> Vec<Narrowing> {
        let mut found = Vec::new();
        for (text, needed) in new.dependent.difference(&old.dependent) {
            let was_known = self.fitting(patterns, text).map_or(true, |patterns| {
                let name = Name { text: Some(text), patterns };
                !Facets::of(&old.member(&name, &old.excused(&name)), self.old).is_never()
            });
            if was_known && !old.required.contains(needed) {
                let what = format!("is required beside `{text}` now");
                found.push(Narrowing::at(&below(path, needed), what));
            }
        }
        found
    }

    /// Compares members of names that are mentioned nowhere and fit patterns: each, and several at once as far as
    /// there may be a name that fits them.
    fn fitting_members(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        patterns: &BTreeSet<&'a str>,
        path: &str,
    ) -> Vec<Narrowing> {
        let mut found = Vec::new();
        let mut sets: VecDeque<BTreeSet<&str>> = VecDeque::from([BTreeSet::new()]);
        while let Some(set) = sets.pop_front() {
            if self.is_over() {
                break;
            }
            if !set.is_empty() {
                let names: Vec<String> = set.iter().map(|pattern| format!("/{pattern}/")).collect();
                let name = Name { text: None, patterns: set.clone() };
                let lost = self.member(old, new, &name, &below(path, &names.join(" and ")));
                if !lost.is_empty() {
                    // What one of the patterns loses is told once.
                    found.extend(lost);
                    continue;
                }
            }
            let last = set.last().copied();
            let more = patterns.iter().filter(|pattern| last.is_none_or(|last| **pattern > last));
            let more = more.filter(|pattern| !set.iter().any(|one| are_apart(one, pattern)));
            for pattern in more {
                self.step(1);
                sets.push_back(set.iter().copied().chain([*pattern]).collect());
            }
        }
        found
    }

    /// Compares what is demanded of a member. Whether it is left over, conditions decide that mention it: none of them
    /// holds, or any of them, and with it the new one that is the same.
    fn member(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        name: &Name<'_>,
        path: &str,
    ) -> Vec<Narrowing> {
        let none = BTreeSet::new();
        let mut found = self.compare(Place {
            old: &old.member(name, &none),
            new: &new.member(name, &none),
            path,
        });
        let mut excused: Option<BTreeSet<usize>> = None;
        for condition in old.excusing(name) {
            let same = new.conditions.iter().filter(|new| self.sameness.is_same(condition, new));
            let same: BTreeSet<usize> = same.flat_map(|same| same.inside.clone()).collect();
            excused = Some(excused.map_or(same.clone(), |all| &all & &same));
        }
        if let Some(excused) = excused {
            let (old, new) = (old.member(name, &old.excused(name)), new.member(name, &excused));
            found.extend(self.compare(Place { old: &old, new: &new, path }));
        }
        found
    }

    /// Compares what is demanded of all names.
    fn names(&mut self, old: &Facets<'a>, new: &Facets<'a>, path: &str) -> Vec<Narrowing> {
        if new.naming.is_empty() || self.is_unchanged(&old.naming, &new.naming) {
            return Vec::new();
        }
        let place = Place { old: &old.naming, new: &new.naming, path: &below(path, "*") };
        let mut old = Facets::of(place.old, self.old);
        let mut new = Facets::of(place.new, self.new);
        old.keep_only("string");
        new.keep_only("string");
        let mut found = self.alternatives(&old, &new, place);
        for one in &mut found {
            one.what = format!("as a name {}", one.what);
        }
        found
    }

    /// Returns the patterns that fit a name.
    pub(super) fn fitting<'n>(
        &mut self,
        patterns: &BTreeSet<&'n str>,
        name: &str,
    ) -> Result<BTreeSet<&'n str>, &'n str> {
        let mut found = BTreeSet::new();
        for pattern in patterns {
            if self.patterns.fit(pattern, name).ok_or(*pattern)? {
                found.insert(*pattern);
            }
        }
        Ok(found)
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Returns whether it is certain that no name fits both patterns: they say how it begins, and say different things.
fn are_apart(one: &str, other: &str) -> bool {
    let (one, other) = (beginning(one), beginning(other));
    one.bytes().zip(other.bytes()).any(|(one, other)| one != other)
}

/// Returns how each name begins that fits a pattern, as far as that is easily seen.
fn beginning(pattern: &str) -> &str {
    let Some(rest) = pattern.strip_prefix('^').filter(|_| !pattern.contains('|')) else {
        return "";
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
    let (plain, rest) = rest.split_at(end);
    // What is repeated may be absent.
    let sure = if rest.starts_with(['?', '*', '+', '{']) { end.saturating_sub(1) } else { end };
    plain.get(..sure).unwrap_or_default()
}
