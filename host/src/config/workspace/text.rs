//! The text of a workspace as we write it.

use std::collections::BTreeMap;

use super::{ModuleEntry, ModuleOrigin, VerifyEntry};
use crate::name::ModuleName;
use crate::source::Location;

const HEAD: &str = "\
# What the platform decides for every project that is applied to this workspace.

# The modules that apps may use. One without `path` comes from the catalog bundled with kusion;
# others name an `oci://` reference with a `version`, or the path of a file.
";

const CONFIGS: &str = "\
# What the platform tells a module: a default, and blocks over it for chosen projects.
#   mysql:
#     configs:
#       default: {size: 20}
#       large: {size: 100, projectSelector: [shop]}
";

const TARGET: &str = "
# Where resources go. `manifests` is a folder of the project, so neither a cluster nor a network is
# needed; for a cluster, write its `kubeconfig` and `context` in place of `directory`.
targets:
  kubernetes:
    directory: manifests
    # kubeconfig: ~/.kube/config
    # context: my-cluster
";

/// Writes the first workspace of a user.
pub(super) fn default_text(modules: &[ModuleName]) -> String {
    let mut names: Vec<&str> = modules.iter().map(ModuleName::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut text = HEAD.to_owned();
    if names.is_empty() {
        text.push_str("modules: {}\n");
    } else {
        text.push_str("modules:\n");
        names.iter().for_each(|name| text.push_str(&format!("  {}: {{}}\n", scalar(name))));
    }
    text.push_str(CONFIGS);
    text.push_str(TARGET);
    text
}

/// Replaces each path of a file by the absolute one, in place.
pub(super) fn absolutise(
    text: &str,
    modules: &BTreeMap<ModuleName, ModuleEntry>,
    verify: &[VerifyEntry],
) -> String {
    let files = verify.iter().flat_map(VerifyEntry::files);
    let files = files.map(|(at, path)| (at, scalar(&path.to_string_lossy())));
    let mut replacements: Vec<(&Location, String)> = modules
        .values()
        .filter_map(|module| match module.origin() {
            ModuleOrigin::File { path } => {
                Some((module.path_location()?, scalar(&path.to_string_lossy())))
            }
            _ => None,
        })
        .chain(files)
        .collect();
    // One place may serve two modules, by an alias.
    replacements.sort_by_key(|(at, _)| (at.line(), at.column()));
    replacements.dedup_by_key(|(at, _)| (at.line(), at.column()));
    let mut replacements = replacements.into_iter().peekable();
    let mut result = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let mut characters = line.chars();
        let mut column = 1;
        while let Some((at, path)) = replacements.next_if(|(at, _)| at.line() == number + 1) {
            result.extend(characters.by_ref().take(at.column().saturating_sub(column)));
            result.push_str(&path);
            characters.by_ref().take(at.width()).for_each(drop);
            column = at.column() + at.width();
        }
        result.push_str(characters.as_str());
    }
    result
}

/// Writes a text as a scalar of one line: plain if nothing can misread it, else in double quotes.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let first = |c: char| c.is_ascii_alphabetic() || c == '/';
    let word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let misread = word.iter().any(|word| text.eq_ignore_ascii_case(word));
    if text.starts_with(first) && text.chars().all(plain) && !misread {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}
