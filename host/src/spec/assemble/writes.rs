//! Who wrote what where, so that two patches that want different things are found.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::Fault;
use crate::spec::walk::at_or_below;
use crate::spec::{Origin, ResourceId};

/// What patches wrote, per resource and JSON Pointer; `None` stands for a removal.
#[derive(Debug, Default)]
pub(super) struct Writes {
    resources: BTreeMap<ResourceId, BTreeMap<String, (Option<Value>, usize)>>,
    /// Who wrote, by number.
    origins: Vec<Origin>,
}

impl Writes {
    /// Notes one write; fails if another origin wrote something else there, above or below.
    pub(super) fn note(
        &mut self,
        id: &ResourceId,
        path: &str,
        value: Option<Value>,
        origin: &Origin,
    ) -> Result<(), Box<Fault>> {
        if self.origins.last() != Some(origin) {
            self.origins.push(origin.clone());
        }
        let (origins, us) = (&self.origins, self.origins.len() - 1);
        if !self.resources.contains_key(id) {
            self.resources.insert(id.clone(), BTreeMap::new());
        }
        let Some(writes) = self.resources.get_mut(id) else { return Ok(()) };
        let conflict = |path: &str, first: usize| {
            let (id, path) = (id.clone(), path.to_owned());
            let first = origins.get(first).unwrap_or(origin).clone();
            Box::new(Fault::PatchConflict { id, path, first, second: origin.clone() })
        };
        let foreign = |by: usize| by != us && origins.get(by) != Some(origin);

        for (end, _) in path.match_indices('/') {
            let (Some(above), Some(rest)) = (path.get(..end), path.get(end..)) else { continue };
            if let Some((whole, by)) = writes.get(above).filter(|(_, by)| foreign(*by)) {
                let extended = whole.as_ref().is_some_and(is_empty) && value.is_some();
                if !extended && part(whole.as_ref(), rest) != value.as_ref() {
                    return Err(conflict(path, *by));
                }
            }
        }
        let below =
            writes.range(format!("{path}/")..).take_while(|(below, _)| at_or_below(below, path));
        for (below, (written, by)) in below.filter(|(_, (_, by))| foreign(*by)) {
            let rest = below.get(path.len()..).unwrap_or_default();
            if part(value.as_ref(), rest) != written.as_ref() {
                return Err(conflict(below, *by));
            }
        }
        match writes.entry(path.to_owned()) {
            Entry::Occupied(mut written) => {
                let (before, by) = written.get();
                if foreign(*by) && *before != value {
                    return Err(conflict(path, *by));
                }
                written.insert((value, us));
            }
            Entry::Vacant(place) => {
                place.insert((value, us));
            }
        }
        Ok(())
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn part<'v>(whole: Option<&'v Value>, rest: &str) -> Option<&'v Value> {
    whole.and_then(|whole| whole.pointer(rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::name::{AppName, ModuleName};

    fn origin(accessory: &str) -> Origin {
        Origin {
            app: AppName::parse("shop").unwrap(),
            accessory: accessory.to_owned(),
            module: ModuleName::parse("m").unwrap(),
        }
    }

    #[test]
    fn only_different_values_of_different_origins_conflict() {
        let yes = Some(json!("yes"));
        let object = Some(json!({"b": "yes"}));
        let empty = Some(json!({}));
        let cases = [
            ("/a", &yes, "/a", &yes, None),
            ("/a", &yes, "/a", &None, Some("/a")),
            ("/a", &yes, "/ab", &None, None),
            ("/a", &object, "/a/b", &yes, None),
            ("/a", &object, "/a/c", &yes, Some("/a/c")),
            ("/a", &empty, "/a/c", &yes, None),
            ("/a/b", &yes, "/a", &object, None),
            ("/a/b", &yes, "/a", &empty, Some("/a/b")),
            ("/a/b", &None, "/a", &None, None),
        ];
        for (first_path, first, second_path, second, expected) in cases {
            let id = ResourceId::parse("r").unwrap();
            let mut writes = Writes::default();
            writes.note(&id, first_path, first.clone(), &origin("a")).unwrap();
            assert!(writes.note(&id, first_path, None, &origin("a")).is_ok(), "own writes replace");
            writes.note(&id, first_path, first.clone(), &origin("a")).unwrap();
            let found = match writes.note(&id, second_path, second.clone(), &origin("b")) {
                Ok(()) => None,
                Err(fault) => match *fault {
                    Fault::PatchConflict { path, .. } => Some(path),
                    other => panic!("{other}"),
                },
            };
            assert_eq!(found.as_deref(), expected, "{first_path} then {second_path}");
        }
    }
}
