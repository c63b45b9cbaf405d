//! Members of objects by their names: those that are mentioned, those that fit patterns, and all others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::comparison::{Comparison, Place, addresses};
use super::facets::Facets;
use super::members::Name;
use super::{Narrowing, cut};

/// The most combinations of conditions that mention one member.
const MAX_EXCUSED: usize = 256;

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
        found.extend(self.fitting_members(old, new, &patterns, path));
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
        let mut told: Vec<BTreeSet<&str>> = Vec::new();
        let mut sets: Vec<BTreeSet<&str>> = vec![BTreeSet::new()];
        while !sets.is_empty() && !self.is_over() {
            let mut larger = Vec::new();
            for set in &sets {
                let last = set.last().copied();
                let more =
                    patterns.iter().filter(|pattern| last.is_none_or(|last| **pattern > last));
                let more = more.filter(|pattern| !set.iter().any(|one| are_apart(one, pattern)));
                larger.extend(more.map(|pattern| {
                    self.step(1);
                    set.iter().copied().chain([*pattern]).collect::<BTreeSet<&str>>()
                }));
                if self.is_over() {
                    break;
                }
            }
            for set in &larger {
                // What one of the patterns loses is told once.
                if told.iter().any(|one| one.is_subset(set)) {
                    continue;
                }
                let names: Vec<String> = set.iter().map(|pattern| format!("/{pattern}/")).collect();
                let name = Name { text: None, patterns: set.clone() };
                let lost = self.member(old, new, &name, &below(path, &names.join(" and ")));
                if !lost.is_empty() {
                    told.push(set.clone());
                }
                found.extend(lost);
            }
            sets = larger;
        }
        found
    }

    /// Compares what is demanded of a member. Whether it is left over, conditions decide that mention it: whichever of
    /// them do, those of the new schema that are the same do too.
    fn member(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        name: &Name<'_>,
        path: &str,
    ) -> Vec<Narrowing> {
        let mut excused: Vec<(BTreeSet<usize>, BTreeSet<usize>)> = Vec::new();
        excused.push((BTreeSet::new(), BTreeSet::new()));
        for condition in &old.conditions {
            if condition.inside.is_empty() || !condition.named(self.old).may_be(name) {
                continue;
            }
            if excused.len() >= MAX_EXCUSED {
                self.give_up();
                return Vec::new();
            }
            let same = new.conditions.iter().filter(|new| self.sameness.is_same(condition, new));
            let same: BTreeSet<usize> = same.flat_map(|same| same.inside.clone()).collect();
            let with = |(old, new): &(BTreeSet<usize>, BTreeSet<usize>)| {
                (
                    old.iter().chain(&condition.inside).copied().collect(),
                    new.union(&same).copied().collect(),
                )
            };
            let more: Vec<_> = excused.iter().map(with).collect();
            excused.extend(more);
        }
        let mut found = Vec::new();
        let mut compared = Vec::new();
        for (excused_old, excused_new) in &excused {
            let (old, new) = (old.member(name, excused_old), new.member(name, excused_new));
            let both = (addresses(&old), addresses(&new));
            if !compared.contains(&both) {
                compared.push(both);
                found.extend(self.compare(Place { old: &old, new: &new, path }));
            }
        }
        found
    }

    /// Returns the patterns that fit a name.
    fn fitting<'n>(
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
