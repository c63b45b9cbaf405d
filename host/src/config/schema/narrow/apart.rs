//! What must not be accepted by a schema: by that of `not`, and by a second alternative of `oneOf`.
//!
//! Such a demand is kept if it was made before, or if what was accepted has nothing in common with what it excludes.

use super::Narrowing;
use super::comparison::{Comparison, Place};
use super::facets::Facets;
use super::members::Name;

/// How deep members are followed to tell two schemas apart; mostly one says by a word what it is.
const MAX_DEPTH: usize = 3;

impl<'a> Comparison<'a> {
    /// Compares what is excluded.
    pub(super) fn exclusions(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        place: Place<'_, 'a>,
    ) -> Vec<Narrowing> {
        let mut found = Vec::new();
        for excluded in &new.excluded {
            let schema = excluded.schema;
            let mut former = old.excluded.iter();
            if former.any(|former| self.sameness.is_same_schema(former.schema, schema)) {
                continue;
            }
            let schemas = [schema];
            let other = Facets::of(&schemas, self.new);
            if !self.are_apart(old, &other, Place { new: &schemas, ..place }, 0) {
                let what = match excluded.keyword {
                    "oneOf" => "may fit more than one alternative of `oneOf` now",
                    _ => "has a condition that it had not: `not`",
                };
                found.push(Narrowing::at(place.path, what));
            }
        }
        found
    }

    /// Returns whether it is certain that no value is accepted by both.
    fn are_apart(
        &mut self,
        old: &Facets<'a>,
        new: &Facets<'a>,
        place: Place<'_, 'a>,
        depth: usize,
    ) -> bool {
        self.step(1);
        let is_clear = |facets: &Facets<'_>| !facets.is_foreign && !facets.is_too_wide();
        if depth > MAX_DEPTH || self.is_over() || !is_clear(old) || !is_clear(new) {
            return false;
        }
        if old.types.is_disjoint(&new.types) || old.is_never() || new.is_never() {
            return true;
        }
        let (former, latter) = (&mut self.old_document, &mut self.new_document);
        if let Some(values) = &old.values {
            return values.iter().all(|value| latter.accepts(place.new, value) == Some(false));
        }
        if let Some(values) = &new.values {
            return values.iter().all(|value| {
                former.accepts(place.old, value) == Some(false)
                    || former.accepts(&old.chosen, value) == Some(false)
            });
        }
        if let Some(branches) = old.choices() {
            return branches.iter().all(|old| self.are_apart(old, new, place, depth));
        }
        if let Some(branches) = new.choices() {
            return branches.iter().all(|new| self.are_apart(old, new, place, depth));
        }
        let mut shared = old.types.intersection(&new.types);
        shared.all(|name| *name == "object") && self.have_members_apart(old, new, depth)
    }

    /// Returns whether a member that must be there cannot be what both demand.
    fn have_members_apart(&mut self, old: &Facets<'a>, new: &Facets<'a>, depth: usize) -> bool {
        let patterns = old.name_patterns().union(&new.name_patterns()).copied().collect();
        old.required.union(&new.required).any(|text| {
            let Ok(patterns) = self.fitting(&patterns, text) else { return false };
            let name = Name { text: Some(text), patterns };
            let old = old.member(&name, &old.excused(&name));
            let new = new.member(&name, &new.excused(&name));
            let place = Place { old: &old, new: &new, path: "" };
            let (old, new) = (Facets::of(&old, self.old), Facets::of(&new, self.new));
            self.are_apart(&old, &new, place, depth + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{found, nothing, object, told_not};

    #[test]
    fn alternatives_of_which_one_must_fit_are_kept_apart() {
        let tagged = |name: &str, more: &str| {
            object(json!({"kind": {"const": name}, more: {"type": "string"}}), &["kind"])
        };
        let named = |name: &str| object(json!({ name: {"type": "string"} }), &[name]);
        let one = |branches: &[Value]| json!({ "oneOf": branches });
        let beside = |branches: &[Value]| json!({"properties": {"k": {}}, "oneOf": branches});
        let (text, number) = (json!({"type": "string"}), json!({"type": "integer"}));
        let (low, high) = (json!({"maximum": 5}), json!({"minimum": 5}));
        for (old, new) in [
            (one(&[tagged("a", "x")]), one(&[tagged("b", "x"), tagged("a", "x")])),
            (one(&[named("http")]), one(&[json!({"const": "none"}), named("http"), named("tcp")])),
            (beside(&[named("http")]), beside(&[named("http"), named("tcp")])),
            (text.clone(), one(&[number.clone(), text.clone()])),
            // What fits both was refused before too.
            (one(&[low.clone(), high.clone()]), one(&[high.clone(), low.clone(), json!(false)])),
            (one(&[low.clone(), high.clone()]), json!({ "anyOf": [high, low] })),
        ] {
            assert_eq!(found(&old, &new), nothing(), "{old} -> {new}");
        }
        let mut wider = named("http");
        wider["required"] = json!([]);
        for (old, new) in [
            (json!({ "anyOf": [number, low] }), one(&[number.clone(), low.clone()])),
            (json!({ "oneOf": [number] }), one(&[number, low])),
            (one(&[named("http")]), one(&[named("http"), wider])),
            (one(&[tagged("a", "x")]), one(&[tagged("a", "x"), tagged("a", "x")])),
        ] {
            let overlap = [": may fit more than one alternative of `oneOf` now"];
            assert_eq!(found(&old, &new), overlap, "{old} -> {new}");
        }
    }

    #[test]
    fn what_must_not_apply_matters_only_where_it_could() {
        let not = |schema: Value| json!({"type": "string", "not": schema});
        let text = json!({"type": "string"});
        assert_eq!(found(&text, &not(json!({"const": 1}))), nothing());
        assert_eq!(found(&text, &not(json!({"const": "x"}))), told_not());
        let lower = json!({"type": "string", "pattern": "^[a-z]$"});
        let mut except = lower.clone();
        except["not"] = json!({"enum": ["X", "Y"]});
        assert_eq!(found(&lower, &except), nothing());
        except["not"] = json!({"enum": ["X", "y"]});
        assert_eq!(found(&lower, &except), told_not());
    }
}
