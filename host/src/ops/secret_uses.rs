//! What containers use of the app's own secrets.

use crate::config::App;
use crate::diagnostic::{Problem, name_hints};
use crate::ops::app_secrets::keys;
use crate::source::{Content, Node};

const SCHEME: &str = "secret://";

/// Lists the references to keys that a secret of the app does not have.
///
/// Other Secrets may be in the cluster, so that nothing can be said of a name that the app does not have.
pub(super) fn problems(app: &App) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(workload) = app.workload().filter(|_| !app.secrets().is_empty())
        && let Some(containers) = workload.config().get("containers")
    {
        find(app, containers, &mut problems);
    }
    problems
}

fn find(app: &App, node: &Node, problems: &mut Vec<Problem>) {
    if let Content::String(text) = node.content() {
        problems.extend(unknown_key(app, text, node));
    }
    node.entries().for_each(|entry| find(app, &entry.value, problems));
    node.items().for_each(|item| find(app, item, problems));
}

fn unknown_key(app: &App, text: &str, node: &Node) -> Option<Problem> {
    let text = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let (name, key) = text.strip_prefix(SCHEME)?.split_once('/')?;
    let keys = keys(app.secrets().get(name)?);
    if keys.contains(key) {
        return None;
    }
    let problem =
        Problem::at(node.location().clone(), format!("secret `{name}` has no key `{key}`"));
    Some(name_hints(key, keys.iter().map(String::as_str)).into_iter().fold(problem, Problem::hint))
}
