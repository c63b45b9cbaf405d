//! Base and overlay -> one node per app.

use std::sync::Arc;

use crate::config::{file, merge, normalize};
use crate::diagnostic::{Problem, name_hints};
use crate::source::{Content, Key, Location, Node, SourceFile};

/// An app before it is checked.
#[derive(Debug)]
pub(super) struct Draft {
    /// The name it goes by: its own, or the project's.
    pub(super) name: String,
    /// The place of the name, or of the app if it gives none.
    pub(super) place: Location,
    pub(super) node: Node,
    /// What helps if the app lacks what it would have from the base.
    pub(super) hints: Vec<String>,
}

/// An app of one file, which need not name itself.
struct Part {
    name: Option<(String, Location)>,
    node: Node,
}

/// Reads the base and lays the overlay over it, app by app.
pub(super) fn drafts(
    base: Option<&Arc<SourceFile>>,
    overlay: Option<&Arc<SourceFile>>,
    default_name: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut base_is_sound = true;
    if let Some(file) = base {
        let before = problems.len();
        for part in parts(file, problems) {
            add(&mut drafts, part, default_name, Vec::new(), problems);
        }
        base_is_sound = problems.len() == before;
    }
    let Some(file) = overlay else { return drafts };
    let of_base = drafts.len();
    let mut overlaid: Vec<(String, usize)> = Vec::new();
    for part in parts(file, problems) {
        let target = match &part.name {
            Some((name, _)) => drafts.iter().take(of_base).position(|draft| draft.name == *name),
            None if of_base <= 1 => (of_base == 1).then_some(0),
            None if base_is_sound => {
                let names: Vec<&str> = drafts.iter().map(|draft| draft.name.as_str()).collect();
                let message = "this overlay does not say which app it is for";
                problems.push(
                    Problem::at(part.node.location().clone(), message)
                        .hint(format!("give it a `name`; apps of the base: {}", names.join(", "))),
                );
                continue;
            }
            None => continue,
        };
        let Some(draft) = target.and_then(|index| drafts.get_mut(index)) else {
            let hints = match &part.name {
                Some((name, _)) if of_base > 0 => {
                    let names = drafts.iter().take(of_base).map(|draft| draft.name.as_str());
                    let own = format!("the base has no app `{name}`");
                    std::iter::once(own).chain(name_hints(name, names)).collect()
                }
                _ => Vec::new(),
            };
            add(&mut drafts, part, default_name, hints, problems);
            continue;
        };
        let place = part.name.map_or_else(|| part.node.location().clone(), |(_, place)| place);
        if let Some((_, line)) = overlaid.iter().find(|(name, _)| *name == draft.name) {
            let message = format!(
                "a second overlay for the app `{}`, the first is on line {line}",
                draft.name
            );
            problems.push(Problem::at(place, message));
            continue;
        }
        overlaid.push((draft.name.clone(), place.line()));
        merge::merge(&mut draft.node, part.node);
    }
    drafts
}

fn add(
    drafts: &mut Vec<Draft>,
    part: Part,
    default_name: &str,
    hints: Vec<String>,
    problems: &mut Vec<Problem>,
) {
    let (name, place) =
        part.name.unwrap_or_else(|| (default_name.to_owned(), part.node.location().clone()));
    if let Some(first) = drafts.iter().find(|draft| draft.name == name) {
        let message = format!("a second app `{name}`, the first is at {}", first.place);
        problems.push(Problem::at(place, message).hint("give each app a `name` of its own"));
        return;
    }
    drafts.push(Draft { name, place, node: merge::without_nulls(part.node), hints });
}

/// Returns the apps of a file, in our spelling.
fn parts(file: &Arc<SourceFile>, problems: &mut Vec<Problem>) -> Vec<Part> {
    let mut parts = Vec::new();
    for mut document in file::documents(file, problems) {
        let Some(map) = document.as_map_mut() else {
            let message = "an app is a map with `workload` and `accessories`";
            problems.push(Problem::at(document.location().clone(), message));
            continue;
        };
        match map.remove("apps") {
            None => parts.extend(part(document, problems)),
            Some(apps) => {
                for entry in map.iter() {
                    let message = format!("`{}` cannot stand beside `apps`", entry.key.text);
                    problems.push(
                        Problem::at(entry.key.location.clone(), message)
                            .hint("put it into each app, or take the app out of `apps`"),
                    );
                }
                parts.extend(named_parts(apps.key, apps.value, problems));
            }
        }
    }
    parts
}

/// Returns the apps of the map `apps`, whose keys are their names.
fn named_parts(key: Key, mut apps: Node, problems: &mut Vec<Problem>) -> Vec<Part> {
    let mut parts = Vec::new();
    let Content::Map(map) = std::mem::replace(apps.content_mut(), Content::Null) else {
        problems.push(Problem::at(key.location, "`apps` is a map of apps by name"));
        return parts;
    };
    for entry in map {
        let place = entry.key.location.clone();
        if entry.value.as_map().is_none() {
            let message = format!("the app `{}` is no map", entry.key.text);
            problems
                .push(Problem::at(place, message).hint("write `{}` for an app without settings"));
            continue;
        }
        let Some(found) = part(entry.value.with_location(place.clone()), problems) else {
            continue;
        };
        if let Some((name, at)) = found.name.filter(|(name, _)| *name != entry.key.text) {
            let message = format!("the app `{}` cannot name itself `{name}`", entry.key.text);
            let hints = name_hints(&name, [entry.key.text.as_str()]);
            problems.push(Problem { message, location: Some(at), hints });
        }
        parts.push(Part { name: Some((entry.key.text, place)), node: found.node });
    }
    parts
}

fn part(mut node: Node, problems: &mut Vec<Problem>) -> Option<Part> {
    normalize::normalize(&mut node, problems);
    let name = match node.get("name") {
        None => None,
        Some(name) => match name.as_str() {
            Some(text) => Some((text.to_owned(), name.location().clone())),
            None if name.is_nothing() => None,
            None => {
                let message = "the name of an app must be a text";
                problems.push(Problem::at(name.location().clone(), message).hint("quote it"));
                return None;
            }
        },
    };
    Some(Part { name, node })
}
