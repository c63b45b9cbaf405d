//! What differs between two releases, for people.

use kusion::ops::{ModuleChange, ReleaseDiff};
use kusion::release::ModuleRecord;

use crate::render::{Paint, Style, changes, harmless};

/// How many characters of a digest tell it from another.
const DIGEST: usize = "sha256:".len() + 12;

/// Shows what differs; resources look as they do in a preview.
pub(crate) fn release_diff(diff: &ReleaseDiff, paint: Paint) -> String {
    let ReleaseDiff { from, to, operation, target, modules, plan } = diff;
    let title = format!("Release {to} compared with release {from}");
    let mut text = format!("{}\n\n", paint.text(Style::Bold, &title));
    if diff.is_empty() {
        text.push_str("No differences.\n");
        return text;
    }
    if let Some((old, new)) = operation {
        text.push_str(&format!("Operation: {old} -> {new}\n"));
    }
    if let Some((old, new)) = target {
        text.push_str(&format!("Target: {} -> {}\n", harmless(old), harmless(new)));
    }
    for ModuleChange { name, old, new } in modules {
        let line = match (old, new) {
            (Some(old), Some(new)) => format!("{} -> {}", version(old), version(new)),
            (Some(old), None) => format!("{} -> (not used)", version(old)),
            (None, new) => new.as_ref().map(version).unwrap_or_default(),
        };
        text.push_str(&format!("Module {name}: {}\n", harmless(&line)));
    }
    if plan.is_empty() {
        return text;
    }
    if operation.is_some() || target.is_some() || !modules.is_empty() {
        text.push('\n');
    }
    let summary = plan.summary();
    let counts = format!(
        "{} created, {} changed, {} removed.",
        summary.create, summary.update, summary.delete
    );
    format!("{text}{}\n{}\n", changes(plan, paint), paint.text(Style::Bold, &counts))
}

fn version(module: &ModuleRecord) -> String {
    let digest: String = module.digest.chars().take(DIGEST).collect();
    format!("{} ({digest})", module.version)
}
