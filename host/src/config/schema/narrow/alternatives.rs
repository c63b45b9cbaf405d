//! What is left to choose: `anyOf` and `oneOf`, and what a choice excludes.

use serde_json::Value;

use super::facets::{Facets, type_of};
use super::members::Named;

/// The most places of alternatives for one value.
const MAX_GROUPS: usize = 64;
/// The most alternatives of which several at once are looked at.
const MAX_TOGETHER: usize = 10;

/// Schemas of which exactly one applies, or of `anyOf` any number.
#[derive(Debug, Clone)]
pub(super) struct Alternatives<'a> {
    branches: &'a [Value],
    is_any: bool,
    /// Branches that count together: which members are left over depends on all of `anyOf` that apply.
    together: Vec<&'a Value>,
    inside: Vec<usize>,
}

/// A schema that must not apply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Excluded<'a> {
    pub(super) schema: &'a Value,
    /// `not`, or `oneOf` if another alternative applies.
    pub(super) keyword: &'static str,
}

impl<'a> Facets<'a> {
    /// Adds alternatives; those that are single values are a list of values.
    pub(super) fn add_alternatives(
        &mut self,
        branches: &'a [Value],
        is_any: bool,
        inside: &[usize],
    ) {
        let listed: Option<Vec<&'a Value>> = branches.iter().map(only_value).collect();
        if let Some(values) = listed {
            self.limit_values(values);
            return;
        }
        let naming = |branch: &&'a Value| !Named::by(branch, self.root).is_nothing();
        let mut together: Vec<&'a Value> = Vec::new();
        if is_any && !inside.is_empty() {
            together = branches.iter().filter(naming).collect();
        }
        let inside = inside.to_vec();
        self.alternatives.push(Alternatives { branches, is_any, together, inside });
    }

    /// Returns whether there are more alternatives than can be chosen from.
    pub(super) fn is_too_wide(&self) -> bool {
        let mut groups = self.alternatives.iter();
        self.alternatives.len() > MAX_GROUPS
            || groups.any(|group| group.together.len() > MAX_TOGETHER)
    }

    /// Returns one for each choice among the first alternatives; `None` if there are no alternatives.
    pub(super) fn choices(&self) -> Option<Vec<Self>> {
        let mut rest = self.clone();
        let first = (!rest.alternatives.is_empty()).then(|| rest.alternatives.remove(0))?;
        let with = |branches: &[&'a Value]| {
            let mut chosen = rest.clone();
            for branch in branches {
                chosen.add(branch, &first.inside, 0);
                chosen.chosen.push(branch);
            }
            if !first.is_any {
                let others = first.branches.iter().filter(|other| !is_among(other, branches));
                let excluded = others.map(|schema| Excluded { schema, keyword: "oneOf" });
                chosen.excluded.extend(excluded);
            }
            chosen
        };
        let single = first.branches.iter().map(|branch| with(&[branch]));
        let several = several(&first.together).into_iter().map(|branches| with(&branches));
        Some(single.chain(several).filter(|chosen| !chosen.is_never()).collect())
    }
}

/// Returns all sets of at least two.
fn several<'a>(branches: &[&'a Value]) -> Vec<Vec<&'a Value>> {
    let mut sets: Vec<Vec<&'a Value>> = vec![Vec::new()];
    for branch in branches.iter().take(MAX_TOGETHER) {
        let with = |set: &Vec<&'a Value>| set.iter().copied().chain([*branch]).collect();
        let more: Vec<Vec<&'a Value>> = sets.iter().map(with).collect();
        sets.extend(more);
    }
    sets.retain(|set| set.len() > 1);
    sets
}

fn is_among(schema: &Value, schemas: &[&Value]) -> bool {
    schemas.iter().any(|one| std::ptr::eq(*one, schema))
}

/// Returns the only value that a schema accepts, if it says nothing else.
fn only_value(schema: &Value) -> Option<&Value> {
    let object = schema.as_object()?;
    let value = match (object.get("const"), object.get("enum").and_then(Value::as_array)) {
        (Some(value), None) => value,
        (None, Some(values)) => match values.as_slice() {
            [value] => value,
            _ => return None,
        },
        _ => return None,
    };
    let says = ["const", "enum", "title", "description", "deprecated", "default"];
    let is_type = |name: &Value| name == type_of(value) || (name == "number" && value.is_number());
    let is_plain = |(keyword, argument): (&String, &Value)| {
        says.contains(&keyword.as_str()) || (keyword == "type" && is_type(argument))
    };
    object.iter().all(is_plain).then_some(value)
}
