//! The files and folders that the paths lead to, and what the host must read before they are known.

use std::collections::BTreeMap;

use kusion_sdk::{Input, Need, Pointer, Problems};
use serde_json::{Value, json};

/// What the names of manifests end in.
const EXTENSIONS: [&str; 3] = [".yaml", ".yml", ".json"];

/// A file with manifests.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) path: String,
    pub(crate) text: &'a str,
    /// The path that led to it.
    pub(crate) at: Pointer,
    /// Whether that path means this file alone.
    pub(crate) is_named: bool,
}

impl File<'_> {
    /// Whether it holds JSON and not YAML.
    pub(crate) fn is_json(&self) -> bool {
        has_extension(&self.path, &EXTENSIONS[2..])
    }
}

/// Everything that the paths lead to.
pub(crate) struct Files<'a> {
    inputs: &'a [Input],
    /// By path, so that a file to which two paths lead is read once.
    pub(crate) found: BTreeMap<String, File<'a>>,
    /// What is not known yet.
    pub(crate) needs: Vec<Need>,
    /// Folders that a path means, with that path.
    folders: Vec<(String, Pointer)>,
}

impl<'a> Files<'a> {
    /// Begins with what the host has read so far.
    pub(crate) fn new(inputs: &'a [Input]) -> Self {
        Self { inputs, found: BTreeMap::new(), needs: Vec::new(), folders: Vec::new() }
    }

    /// Adds what a path leads to, or what must be read to know it.
    pub(crate) fn add(&mut self, path: &str, at: &Pointer, problems: &mut Problems) {
        let Some(path) = normal(path) else {
            problems.add(
                at.clone(),
                "must be a path below the stack's folder, without `..` and not from the root",
            );
            return;
        };
        if has_extension(&path, &EXTENSIONS) {
            self.file(path, at);
        } else {
            self.folders.push((path.clone(), at.clone()));
            self.folder(&path, at);
        }
    }

    /// Notes folders in which there is nothing to apply.
    pub(crate) fn check(&self, problems: &mut Problems) {
        for (folder, at) in &self.folders {
            let mut paths = self.found.keys();
            if !paths.any(|path| folder == "." || is_below(path, folder)) {
                problems.add(
                    at.clone(),
                    "there is no file in this folder that ends in `.yaml`, `.yml` or `.json`",
                );
            }
        }
    }

    fn file(&mut self, path: String, at: &Pointer) {
        match self.answer("file", &path).map(|answer| answer["content"].as_str()) {
            Some(text) => self.keep(path, text.unwrap_or_default(), at, true),
            None => self.ask(Need::file(path)),
        }
    }

    fn folder(&mut self, path: &str, at: &Pointer) {
        let Some(answer) = self.answer("folder", path) else {
            self.ask(Need::folder(path));
            return;
        };
        let within = |name: &str| match path {
            "." => name.to_owned(),
            _ => format!("{path}/{name}"),
        };
        for (name, text) in answer["files"].as_object().into_iter().flatten() {
            if has_extension(name, &EXTENSIONS) {
                self.keep(within(name), text.as_str().unwrap_or_default(), at, false);
            }
        }
        let folders = answer["folders"].as_array().into_iter().flatten();
        for name in folders.filter_map(Value::as_str) {
            self.folder(&within(name), at);
        }
    }

    fn keep(&mut self, path: String, text: &'a str, at: &Pointer, is_named: bool) {
        let file = File { path: path.clone(), text, at: at.clone(), is_named };
        self.found.entry(path).or_insert(file);
    }

    fn answer(&self, kind: &str, path: &str) -> Option<&'a Value> {
        let need = json!({"path": path});
        let mut inputs = self.inputs.iter();
        let found = inputs.find(|input| input.kind == kind && input.need == need)?;
        Some(&found.answer)
    }

    fn ask(&mut self, need: Need) {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let path = path.to_ascii_lowercase();
    extensions.iter().any(|extension| path.ends_with(extension))
}

/// The path without empty parts; `None` if it leads out of the stack's folder.
fn normal(path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') || path.contains(char::is_control) {
        return None;
    }
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return None;
    }
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling_and_stay_below_the_stack() {
        for (path, expected) in
            [("a.yaml", "a.yaml"), ("./a//b/", "a/b"), (".", "."), ("./", "."), ("..a", "..a")]
        {
            assert_eq!(normal(path).as_deref(), Some(expected));
        }
        for path in ["", "/etc", "..", "a/../b", "a\nb"] {
            assert_eq!(normal(path), None, "{path:?}");
        }
    }

    #[test]
    fn manifests_are_known_by_their_names() {
        for path in ["a.yaml", "b.YML", "c/d.json"] {
            assert!(has_extension(path, &EXTENSIONS), "{path}");
        }
        for path in ["a", "a.yaml.bak", "yaml", "a.txt"] {
            assert!(!has_extension(path, &EXTENSIONS), "{path}");
        }
    }
}
