//! A module as a workspace lists it: where it comes from and what the platform tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::config::merge::{merge, without_nulls};
use crate::config::written::ModuleBlock;
use crate::diagnostic::Problem;
use crate::name::ProjectName;
use crate::source::{Content, Entry, Location, Node};

/// The block of `configs` that applies to every project.
const DEFAULT: &str = "default";
/// The list of a patcher block that names its projects.
const SELECTOR: &str = "projectSelector";
/// The keys of a block that are for the host.
const HOST_KEYS: [&str; 2] = ["importedResources", "healthPolicy"];

/// A module that the platform offers.
#[derive(Debug, Clone)]
pub struct ModuleEntry {
    origin: ModuleOrigin,
    path_location: Option<Location>,
    version: Option<(String, Location)>,
    location: Location,
    default: Node,
    patchers: Vec<Patcher>,
}

/// Where the bytes of a module come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleOrigin {
    /// The catalog beside the executable.
    Bundled,
    /// A registry.
    Oci {
        /// The reference after `oci://`.
        reference: String,
    },
    /// A file or folder of this machine.
    File {
        /// The absolute path.
        path: PathBuf,
    },
}

/// A block that applies to chosen projects only.
#[derive(Debug, Clone)]
struct Patcher {
    name: String,
    projects: BTreeSet<ProjectName>,
    block: Node,
}

/// What the platform says to one module in one project.
#[derive(Debug, Clone)]
pub struct Platform {
    /// The configuration that the module gets: a map.
    pub config: Node,
    /// The name of the patcher block that applied.
    pub patcher: Option<String>,
    /// `importedResources`: cloud ids by resource id, for the host.
    pub imported_resources: Option<Node>,
    /// `healthPolicy`, for the host.
    pub health_policy: Option<Node>,
}

impl ModuleEntry {
    /// Checks an entry of `modules`; `None` if its problems leave nothing to work with.
    pub(super) fn read(
        entry: &Entry,
        written: &ModuleBlock,
        base: Option<&Path>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let name = entry.key.text.as_str();
        let path = entry.value.get("path");
        let text = written_text(entry, "path", written.path.as_deref(), problems);
        let origin = text.map_or(Some(ModuleOrigin::Bundled), |text| {
            let place = path.map_or(&entry.key.location, Node::location);
            origin(text, base, place, problems)
        });
        let version = entry.value.get("version");
        let text = written_text(entry, "version", written.version.as_deref(), problems);
        let version =
            version.zip(text).map(|(node, text)| (text.to_owned(), node.location().clone()));
        if matches!(origin, Some(ModuleOrigin::Oci { .. })) && entry.value.get("version").is_none()
        {
            let message = format!("missing field `version` in `modules.{name}`");
            problems.push(
                Problem::at(entry.key.location.clone(), message)
                    .hint("a module from a registry needs a version, as in `version: 0.2.0`"),
            );
        }

        let mut default = Node::empty_map(entry.key.location.clone());
        let mut patchers = Vec::new();
        let mut taken = BTreeMap::new();
        for block in entry.value.get("configs").into_iter().flat_map(Node::entries) {
            if block.key.text == DEFAULT {
                if let Some(selector) = block.value.as_map().and_then(|map| map.entry(SELECTOR)) {
                    let message =
                        format!("`{DEFAULT}` is for all projects and takes no `{SELECTOR}`");
                    problems.push(Problem::at(selector.key.location.clone(), message));
                }
                default =
                    without_nulls(block.value.clone()).with_location(block.key.location.clone());
            } else if block.value.as_map().is_some() {
                patchers.extend(patcher(block, &mut taken, problems));
            }
        }
        Some(Self {
            origin: origin?,
            path_location: path.map(|node| node.location().clone()),
            version,
            location: entry.key.location.clone(),
            default,
            patchers,
        })
    }

    /// Returns where the bytes come from.
    pub fn origin(&self) -> &ModuleOrigin {
        &self.origin
    }

    /// Returns where `path` was written, if it was.
    pub fn path_location(&self) -> Option<&Location> {
        self.path_location.as_ref()
    }

    /// Returns the version or requirement, with its place.
    pub fn version(&self) -> Option<(&str, &Location)> {
        self.version.as_ref().map(|(version, location)| (version.as_str(), location))
    }

    /// Returns the key of the module.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the `healthPolicy` of each block that has one.
    pub fn health_policies(&self) -> impl Iterator<Item = &Node> {
        let [_, key] = HOST_KEYS;
        let patchers = self.patchers.iter().map(|patcher| &patcher.block);
        std::iter::once(&self.default).chain(patchers).filter_map(move |block| block.get(key))
    }

    /// Returns the default block with the project's patcher over it.
    pub(super) fn platform(&self, project: &ProjectName) -> Platform {
        let mut config = self.default.clone();
        let patcher = self.patchers.iter().find(|patcher| patcher.projects.contains(project));
        if let Some(patcher) = patcher {
            merge(&mut config, patcher.block.clone());
        }
        let [imported_resources, health_policy] = HOST_KEYS.map(|key| {
            config.as_map_mut().and_then(|map| map.remove(key)).map(|entry| entry.value)
        });
        let patcher = patcher.map(|patcher| patcher.name.clone());
        Platform { config, patcher, imported_resources, health_policy }
    }
}

/// Returns the text of a field; a field that is there and says nothing is noted.
fn written_text<'a>(
    module: &Entry,
    field: &str,
    text: Option<&'a str>,
    problems: &mut Vec<Problem>,
) -> Option<&'a str> {
    let node = module.value.get(field)?;
    let empty = node.is_nothing() || node.as_str().is_some_and(|text| text.trim().is_empty());
    if empty {
        let message = format!("the {field} of the module `{}` is empty", module.key.text);
        let hint = match field {
            "path" => "leave `path` out for a module of the bundled catalog",
            _ => "write a version such as `0.2.0`, or leave `version` out for a file",
        };
        let place = module.value.locate_key(&format!("/{field}")).clone();
        problems.push(Problem::at(place, message).hint(hint));
        return None;
    }
    text
}

fn origin(
    text: &str,
    base: Option<&Path>,
    place: &Location,
    problems: &mut Vec<Problem>,
) -> Option<ModuleOrigin> {
    if let Some(reference) = text.strip_prefix("oci://") {
        return Some(ModuleOrigin::Oci { reference: reference.to_owned() });
    }
    if let Some((scheme, _)) = text.split_once("://") {
        let message = format!("a module cannot come from `{scheme}://`");
        let problem = Problem::at(place.clone(), message);
        problems.push(problem.hint("use `oci://…`, or the path of a file or folder"));
        return None;
    }
    let path = local_path("module", text, (base, place), problems)?;
    Some(ModuleOrigin::File { path })
}

/// Returns the absolute form of a path that a workspace names; `what` says of what.
pub(super) fn local_path(
    what: &str,
    text: &str,
    (base, place): (Option<&Path>, &Location),
    problems: &mut Vec<Problem>,
) -> Option<PathBuf> {
    let refuse = |message: String, hint: &str| Problem::at(place.clone(), message).hint(hint);
    if place.last_line() > place.line() {
        // It is replaced in place when the workspace is stored, and a place knows the end of its line only.
        let message = format!("the path of a {what} must stand on one line");
        problems.push(refuse(message, "write it in one line, in quotes if need be"));
        return None;
    }
    let path = Path::new(text);
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    if text.starts_with('~') {
        let message = format!("the path `{text}` begins with `~`, which only a shell understands");
        problems.push(refuse(message, "write the whole path, or one relative to this file"));
        return None;
    }
    let Some(base) = base else {
        let message =
            format!("the path `{text}` is relative, and this workspace belongs to no folder");
        problems.push(refuse(message, "write the whole path"));
        return None;
    };
    let relative = path.components().filter(|part| *part != Component::CurDir);
    Some(base.join(relative.collect::<PathBuf>()))
}

/// Checks a patcher block; `taken` says which project is in which block.
fn patcher(
    entry: &Entry,
    taken: &mut BTreeMap<ProjectName, String>,
    problems: &mut Vec<Problem>,
) -> Option<Patcher> {
    let name = entry.key.text.as_str();
    let mut note = |place: &Location, message: String| {
        problems.push(Problem::at(place.clone(), message));
    };
    let mut block = entry.value.clone();
    let selector = block.as_map_mut().and_then(|map| map.remove(SELECTOR));
    let Some(selector) = selector else {
        problems.push(
            Problem::at(
                entry.key.location.clone(),
                format!("the block `{name}` does not say for which projects it is"),
            )
            .hint("list them, as in `projectSelector: [shop]`; only `default` is for all projects"),
        );
        return None;
    };
    if name.is_empty() {
        note(&entry.key.location, "a block of `configs` needs a name".to_owned());
    }
    if block.as_map().is_none_or(|map| map.is_empty()) {
        note(&entry.key.location, format!("the block `{name}` changes nothing"));
    }
    let Content::List(items) = selector.value.content() else {
        note(selector.value.location(), format!("`{SELECTOR}` takes a list of projects"));
        return None;
    };
    if items.is_empty() {
        note(&selector.key.location, format!("the `{SELECTOR}` of the block `{name}` is empty"));
    }
    let mut projects = BTreeSet::new();
    for item in items {
        let Some(text) = item.as_str() else {
            note(item.location(), "the name of a project must be a text".to_owned());
            continue;
        };
        let project = match ProjectName::parse(text) {
            Ok(project) => project,
            Err(error) => {
                note(item.location(), error.to_string());
                continue;
            }
        };
        match taken.get(&project) {
            Some(other) if other != name => {
                let message = format!("the project `{project}` is in the block `{other}` already");
                note(item.location(), message);
            }
            Some(_) => note(item.location(), format!("the project `{text}` is listed twice")),
            None => {
                taken.insert(project.clone(), name.to_owned());
                projects.insert(project);
            }
        }
    }
    Some(Patcher { name: name.to_owned(), projects, block })
}
