//! Asterisks over the secrets of a file, so that a quoted line cannot give one away.
//!
//! A message quotes the line that it is about. The text that is quoted is therefore an edition of the file with the
//! same lines and columns in which the values of secrets are covered.

use std::sync::Arc;

use crate::config::schema::{is_public, is_public_setting};
use crate::diagnostic::Problem;
use crate::source::{Content, Location, Node, SourceFile};

/// Covers the secrets of a file that could be read, and moves its nodes to the covered edition.
pub(super) fn secrets(file: &Arc<SourceFile>, documents: &mut [Node]) {
    let mut spans = Vec::new();
    for document in documents.iter() {
        find(document, &mut spans);
        if let Some(context) = document.get("context") {
            leaves(context, &mut spans);
        }
        if let Some(store) = document.get("secretStore") {
            self::store(store, &mut spans);
        }
    }
    if spans.is_empty() {
        return;
    }
    let covered = SourceFile::new(file.path(), cover(file, &spans));
    for document in documents {
        document.move_to(file, &covered);
    }
}

/// Covers what looks like secrets in a file that could not be read.
pub(super) fn guess(file: &Arc<SourceFile>, mut problems: Vec<Problem>) -> Vec<Problem> {
    let mut lines = Vec::new();
    let mut secret_indent: Option<usize> = None;
    for line in file.text().lines() {
        let text = line.trim_start();
        let indent = line.chars().count() - text.chars().count();
        let empty = text.is_empty() || text.starts_with('#');
        if secret_indent.is_some_and(|outer| !empty && indent <= outer) {
            secret_indent = None;
        }
        let opens = ["secrets", "context", "secretStore"]
            .iter()
            .any(|key| line.contains(&format!("{key}:")));
        if opens && secret_indent.is_none() {
            secret_indent = Some(indent);
        }
        lines.push(if secret_indent.is_some() { cover_value(line) } else { line.to_owned() });
    }
    let covered = SourceFile::new(file.path(), lines.join("\n"));
    for problem in &mut problems {
        if let Some(location) = problem.location.take() {
            problem.location = Some(location.in_file(Arc::clone(&covered)));
        }
    }
    problems
}

/// Covers a line behind its first colon, or all of it.
fn cover_value(line: &str) -> String {
    let keep = line.find(':').map_or(0, |colon| colon + 1);
    let (key, value) = line.split_at(keep);
    key.chars().chain(value.chars().map(star)).collect()
}

fn star(character: char) -> char {
    if character.is_whitespace() { character } else { '*' }
}

/// Finds the values below `secrets.<name>`, wherever that is, under whatever key: it may be mistyped.
fn find(node: &Node, spans: &mut Vec<Location>) {
    for entry in node.entries() {
        if entry.key.text == "secrets" {
            for secret in entry.value.entries() {
                if secret.value.as_map().is_none() {
                    leaves(&secret.value, spans);
                }
                for field in secret.value.entries().filter(|field| !is_public(&field.key.text)) {
                    leaves(&field.value, spans);
                }
            }
        }
        find(&entry.value, spans);
    }
    for item in node.items() {
        find(item, spans);
    }
}

/// Finds the values of a secret store's settings that may be secrets, also where a text stands for a group.
fn store(node: &Node, spans: &mut Vec<Location>) {
    let (Some(_), providers) = (node.as_map(), node.get("provider")) else {
        return leaves(node, spans);
    };
    let Some(providers) = providers else { return };
    if providers.as_map().is_none() {
        return leaves(providers, spans);
    }
    for provider in providers.entries() {
        settings(&provider.value, (&provider.key.text, &mut Vec::new()), spans);
    }
}

/// Covers what is not known to be public; `path` leads to the node from the name of the provider.
fn settings<'n>(
    node: &'n Node,
    (provider, path): (&str, &mut Vec<&'n str>),
    spans: &mut Vec<Location>,
) {
    if is_public_setting(provider, path) {
        // An address with a password in it is refused, and must not be shown for that.
        let odd = |text: &str| path.as_slice() == ["server"] && text.contains(['@', '?', '#']);
        if node.as_str().is_some_and(odd) {
            leaves(node, spans);
        }
        return;
    }
    if node.as_map().is_none() && node.items().next().is_none() {
        return leaves(node, spans);
    }
    for entry in node.entries() {
        path.push(&entry.key.text);
        settings(&entry.value, (provider, path), spans);
        path.pop();
    }
    for item in node.items() {
        settings(item, (provider, path), spans);
    }
}

fn leaves(node: &Node, spans: &mut Vec<Location>) {
    match node.content() {
        Content::Blank => {}
        Content::String(text) if text.is_empty() => {}
        Content::List(_) | Content::Map(_) => {
            node.entries().for_each(|entry| leaves(&entry.value, spans));
            node.items().for_each(|item| leaves(item, spans));
        }
        _ => spans.push(node.location().clone()),
    }
}

fn cover(file: &SourceFile, spans: &[Location]) -> String {
    let mut lines: Vec<Vec<char>> =
        file.text().lines().map(|line| line.chars().collect()).collect();
    for span in spans {
        for number in span.line()..=span.last_line() {
            let Some(line) = lines.get_mut(number - 1) else { break };
            let (skip, take) = match number == span.line() {
                true if span.last_line() == number => (span.column() - 1, span.width()),
                true => (span.column() - 1, usize::MAX),
                false => (0, usize::MAX),
            };
            line.iter_mut()
                .skip(skip)
                .take(take)
                .for_each(|character| *character = star(*character));
        }
    }
    let lines: Vec<String> = lines.into_iter().map(|line| line.into_iter().collect()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    #[test]
    fn values_of_secrets_are_covered_and_nothing_else() {
        let text = "workload:\n  secrets:\n    db:\n      type: basic\n      data:\n        user: 'äb'\n        key: |\n          one\n          two\n        more: {x: 12, y: }\n  replicas: 2\n";
        let file = SourceFile::new("app.yaml", text);
        let mut nodes = yaml::read(&file).unwrap();
        secrets(&file, &mut nodes);
        let covered = nodes[0].location().file().text();
        assert_eq!(
            covered,
            "workload:\n  secrets:\n    db:\n      type: basic\n      data:\n        user: ****\n        key: |\n          ***\n          ***\n        more: {x: **, y: }\n  replicas: 2"
        );
        assert_eq!(
            nodes[0].pointer("/workload/secrets/db/data/user").and_then(Node::as_str),
            Some("äb")
        );
    }

    #[test]
    fn secrets_under_a_mistyped_key_or_none_are_covered() {
        let file = SourceFile::new(
            "app.yaml",
            "secrets: {a: hunter2, b: {type: token, dta: {x: hunter2}}}\n",
        );
        let mut nodes = yaml::read(&file).unwrap();
        secrets(&file, &mut nodes);
        assert_eq!(
            nodes[0].location().file().text(),
            "secrets: {a: *******, b: {type: token, dta: {x: *******}}}"
        );
    }

    #[test]
    fn what_may_be_a_secret_of_a_store_is_covered() {
        let text = "secretStore:\n  provider:\n    vault: {server: https://v, token: hunter2, auth: {role: r}}\n    fake: {data: [{key: a/b, value: hunter2}, hunter2]}\n";
        let file = SourceFile::new("dev.yaml", text);
        let mut nodes = yaml::read(&file).unwrap();
        secrets(&file, &mut nodes);
        assert_eq!(
            nodes[0].location().file().text(),
            "secretStore:\n  provider:\n    vault: {server: https://v, token: *******, auth: {role: *}}\n    fake: {data: [{key: a/b, value: *******}, *******]}"
        );
    }

    #[test]
    fn a_text_in_the_place_of_a_store_or_in_an_address_is_covered() {
        for text in [
            "secretStore: hunter2\n",
            "secretStore: {provider: hunter2}\n",
            "secretStore: {provider: {vault: hunter2}}\n",
            "secretStore: {provider: {vault: {server: \"https://u:hunter2@v\"}}}\n",
            "secretStore: {provider: {aws: {key: hunter2}}}\n",
            "secretStore: {provider: {vault: {auth: {key: hunter2}}}}\n",
        ] {
            let file = SourceFile::new("dev.yaml", text);
            let mut nodes = yaml::read(&file).unwrap();
            secrets(&file, &mut nodes);
            assert!(!nodes[0].location().file().text().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn an_anchor_is_covered_where_it_is_defined() {
        let file = SourceFile::new("app.yaml", "x: &p hunter2\nsecrets: {db: {data: {p: *p}}}\n");
        let mut nodes = yaml::read(&file).unwrap();
        secrets(&file, &mut nodes);
        assert!(!nodes[0].location().file().text().contains("hunter2"));
    }

    #[test]
    fn an_unreadable_file_is_covered_by_its_indentation() {
        let text = "a: 1\nsecrets:\n  db:\n    data: {password:\thunter2}\n\n    x\nb: 2\nworkload: {secrets: {a: hunter3}}\n";
        let file = SourceFile::new("app.yaml", text);
        let problem = Problem::at(Location::new(Arc::clone(&file), 4, 20, 1), "x");
        let problems = guess(&file, vec![problem]);
        let covered = problems[0].location.as_ref().unwrap().file().text();
        assert_eq!(
            covered,
            "a: 1\nsecrets:\n  db:\n    data: **********\t********\n\n    *\nb: 2\nworkload: ********* *** *********"
        );
    }
}
