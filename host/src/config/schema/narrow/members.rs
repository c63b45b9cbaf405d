//! Which schemas a member of an object must satisfy, by its name.
//!
//! `additionalProperties` is for names that the schema itself does not mention; `unevaluatedProperties` for those that
//! no schema inside it mentions that applies to the same object.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::close::{reference, same_position};
use super::condition::Condition;
use super::facets::Facets;

/// How deep references are followed at one position; a schema that is deeper is not compared at all.
const MAX_DEPTH: usize = 256;

/// What one schema says about the members of an object.
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    named: Option<&'a Map<String, Value>>,
    patterns: Option<&'a Map<String, Value>>,
    others: Option<&'a Value>,
    /// The schemas around it that decide about members left over.
    inside: Vec<usize>,
}

/// What is demanded of members that no schema inside mentions.
#[derive(Debug, Clone)]
pub(super) struct Leftover<'a> {
    pub(super) demand: &'a Value,
    /// The schemas around it that decide about members left over, of which it leaves none.
    pub(super) inside: Vec<usize>,
}

/// A name, or all names that fit some patterns, no others, and are mentioned nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name<'n> {
    pub(super) text: Option<&'n str>,
    pub(super) patterns: BTreeSet<&'n str>,
}

/// Names that a schema mentions, in any branch, of members of the value that it applies to.
#[derive(Debug, Default)]
pub(super) struct Named<'a> {
    pub(super) texts: BTreeSet<&'a str>,
    /// Whether it mentions names in other ways too.
    is_open: bool,
}

impl<'a> Members<'a> {
    /// Returns what a schema says about members; nothing if it says nothing.
    pub(super) fn of(object: &'a Map<String, Value>, inside: &[usize]) -> Option<Self> {
        let map = |keyword: &str| object.get(keyword).and_then(Value::as_object);
        let named = map("properties");
        let patterns = map("patternProperties");
        let others = object.get("additionalProperties");
        let says = named.is_some() || patterns.is_some() || others.is_some();
        says.then(|| Self { named, patterns, others, inside: inside.to_vec() })
    }

    /// Returns what is demanded of a member; it is left over where that is nothing.
    fn demands(&self, name: &Name<'_>) -> Vec<&'a Value> {
        let named = self.named.and_then(|named| named.get(name.text?));
        let fitting = self.patterns.into_iter().flatten();
        let fitting = fitting.filter(|(pattern, _)| name.patterns.contains(pattern.as_str()));
        let mut found: Vec<&'a Value> =
            named.into_iter().chain(fitting.map(|(_, demand)| demand)).collect();
        if found.is_empty() {
            found.extend(self.others);
        }
        found
    }
}

impl<'a> Named<'a> {
    /// Collects the names that a schema mentions.
    pub(super) fn by(schema: &'a Value, root: &'a Value) -> Self {
        let mut named = Self::default();
        named.collect(schema, root, 0);
        named
    }

    fn collect(&mut self, schema: &'a Value, root: &'a Value, depth: usize) {
        let Some(object) = schema.as_object() else { return };
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            self.texts.extend(properties.keys().map(String::as_str));
        }
        let others = ["patternProperties", "additionalProperties", "unevaluatedProperties"];
        self.is_open |= others.iter().any(|keyword| object.contains_key(*keyword));
        if depth >= MAX_DEPTH {
            self.is_open = true;
            return;
        }
        let target = reference(object, root);
        self.is_open |= object.contains_key("$ref") && target.is_none();
        for part in same_position(object).chain(target) {
            self.collect(part, root, depth + 1);
        }
    }

    /// Adds the names of another schema.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.texts.extend(other.texts);
        self.is_open |= other.is_open;
        self
    }

    /// Returns whether it mentions no member at all.
    pub(super) fn is_nothing(&self) -> bool {
        self.texts.is_empty() && !self.is_open
    }

    /// Returns whether it may mention a member.
    pub(super) fn may_be(&self, name: &Name<'_>) -> bool {
        self.is_open || name.text.is_some_and(|text| self.texts.contains(text))
    }
}

impl<'a> Facets<'a> {
    /// Lists the names of members that are mentioned.
    pub(super) fn names(&self) -> BTreeSet<&'a str> {
        let named = self.members.iter().filter_map(|members| members.named);
        let named = named.flat_map(Map::keys).map(String::as_str);
        let conditions = self.conditions.iter().filter(|condition| !condition.inside.is_empty());
        named.chain(conditions.flat_map(|condition| condition.named(self.root).texts)).collect()
    }

    /// Lists the patterns of names of members.
    pub(super) fn name_patterns(&self) -> BTreeSet<&'a str> {
        let patterns = self.members.iter().filter_map(|members| members.patterns);
        patterns.flat_map(Map::keys).map(String::as_str).collect()
    }

    /// Lists the conditions that may mention a member, so that it is not left over where they hold.
    pub(super) fn excusing(&self, name: &Name<'_>) -> Vec<&Condition<'a>> {
        let may = |condition: &&Condition<'a>| {
            !condition.inside.is_empty() && condition.named(self.root).may_be(name)
        };
        self.conditions.iter().filter(may).collect()
    }

    /// Returns the schemas that conditions may keep from deciding about a member.
    pub(super) fn excused(&self, name: &Name<'_>) -> BTreeSet<usize> {
        let inside = |condition: &Condition<'a>| condition.inside.clone();
        self.excusing(name).into_iter().flat_map(inside).collect()
    }

    /// Returns what is demanded of a member, if what `excused` names is not demanded of those left over.
    pub(super) fn member(&self, name: &Name<'_>, excused: &BTreeSet<usize>) -> Vec<&'a Value> {
        let mut demands = Vec::new();
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for members in &self.members {
            let found = members.demands(name);
            if !found.is_empty() {
                known.extend(&members.inside);
            }
            demands.extend(found);
        }
        known.extend(self.leftovers.iter().flat_map(|leftover| &leftover.inside));
        for (place, leftover) in self.leftovers.iter().enumerate() {
            if !known.contains(&place) && !excused.contains(&place) {
                demands.push(leftover.demand);
            }
        }
        demands
    }
}
