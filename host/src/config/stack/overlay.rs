//! Base and overlay -> one node per app.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{file, merge, normalize};
use crate::diagnostic::{Problem, name_hints};
use crate::source::{Content, Key, Location, Node, SourceFile};

/// The most apps of a base that a hint lists.
const MAX_LISTED: usize = 50;
/// The most apps for which a near name is looked for in the base.
const MAX_HINTED: usize = 50;

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

/// The apps so far, in the order in which they were written.
#[derive(Default)]
struct Drafts {
    list: Vec<Draft>,
    places: HashMap<String, usize>,
}

impl Drafts {
    /// Returns the names of the first apps.
    fn names(&self, count: usize) -> impl Iterator<Item = &str> {
        self.list.iter().take(count).map(|draft| draft.name.as_str())
    }
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
    let mut drafts = Drafts::default();
    let mut base_is_sound = true;
    if let Some(file) = base {
        let before = problems.len();
        for part in parts(file, problems) {
            add(&mut drafts, part, default_name, Vec::new(), problems);
        }
        base_is_sound = problems.len() == before;
    }
    let Some(file) = overlay else { return drafts.list };
    let of_base = drafts.list.len();
    let mut overlaid: HashMap<usize, usize> = HashMap::new();
    let mut hinted = 0;
    for part in parts(file, problems) {
        let target = match &part.name {
            Some((name, _)) => drafts.places.get(name).copied().filter(|place| *place < of_base),
            None if of_base <= 1 => (of_base == 1).then_some(0),
            None if base_is_sound => {
                let names: Vec<&str> = drafts.names(of_base).take(MAX_LISTED).collect();
                let message = "this overlay does not say which app it is for";
                problems.push(
                    Problem::at(part.node.location().clone(), message)
                        .hint(format!("give it a `name`; apps of the base: {}", names.join(", "))),
                );
                continue;
            }
            None => continue,
        };
        let Some((place, draft)) =
            target.and_then(|place| Some((place, drafts.list.get_mut(place)?)))
        else {
            let hints = match &part.name {
                Some((name, _)) if of_base > 0 && hinted < MAX_HINTED => {
                    hinted += 1;
                    let own = format!("the base has no app `{name}`");
                    std::iter::once(own).chain(name_hints(name, drafts.names(of_base))).collect()
                }
                _ => Vec::new(),
            };
            add(&mut drafts, part, default_name, hints, problems);
            continue;
        };
        let at = part.name.map_or_else(|| part.node.location().clone(), |(_, at)| at);
        if let Some(line) = overlaid.get(&place) {
            let message = format!(
                "a second overlay for the app `{}`, the first is on line {line}",
                draft.name
            );
            problems.push(Problem::at(at, message));
            continue;
        }
        overlaid.insert(place, at.line());
        merge::merge(&mut draft.node, part.node);
    }
    drafts.list
}

fn add(
    drafts: &mut Drafts,
    part: Part,
    default_name: &str,
    hints: Vec<String>,
    problems: &mut Vec<Problem>,
) {
    let (name, place) =
        part.name.unwrap_or_else(|| (default_name.to_owned(), part.node.location().clone()));
    if let Some(first) = drafts.places.get(&name).and_then(|place| drafts.list.get(*place)) {
        let message = format!("a second app `{name}`, the first is at {}", first.place);
        problems.push(Problem::at(place, message).hint("give each app a `name` of its own"));
        return;
    }
    drafts.places.insert(name.clone(), drafts.list.len());
    drafts.list.push(Draft { name, place, node: merge::without_nulls(part.node), hints });
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
