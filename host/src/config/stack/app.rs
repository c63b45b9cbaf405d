//! A merged node -> a checked app.

use std::collections::BTreeMap;

use super::labels;
use super::overlay::Draft;
use crate::config::written::{AppFile, SecretBlock, SecretType, SecretsBlock, Written};
use crate::config::{App, AppSecret, Component, SecretKind, SecretValue};
use crate::diagnostic::Problem;
use crate::name::{AccessoryName, AppName, ModuleName};
use crate::source::{Content, Entry, Key, Node};

/// Checks an app; `None` if it has problems that leave nothing to work with.
pub(super) fn build(draft: &Draft, problems: &mut Vec<Problem>) -> Option<App> {
    let node = &draft.node;
    let written = AppFile::take(node, "", problems);
    let name = match AppName::parse(draft.name.clone()) {
        Ok(name) => Some(name),
        Err(error) => {
            let mut problem = Problem::at(draft.place.clone(), error.to_string());
            if node.get("name").is_none() {
                problem =
                    problem.hint("the app takes the project's name; give it a `name` of its own");
            }
            problems.push(problem);
            None
        }
    };
    labels::check(node, problems);
    let map = node.as_map();
    let workload = map.and_then(|map| map.entry("workload"));
    let (workload, secrets) = match workload.filter(|entry| entry.value.as_map().is_some()) {
        Some(entry) => {
            let mut entry = entry.clone();
            let secrets = take_secrets(&mut entry.value, problems);
            (component(&entry, None, &draft.hints, problems), secrets)
        }
        None => (None, BTreeMap::new()),
    };
    let mut accessories = BTreeMap::new();
    for entry in node.get("accessories").into_iter().flat_map(Node::entries) {
        if entry.value.as_map().is_none() {
            continue;
        }
        match AccessoryName::parse(entry.key.text.clone()) {
            Ok(name) => {
                if let Some(component) = component(entry, Some(&entry.key), &[], problems) {
                    accessories.insert(name, component);
                }
            }
            Err(error) => {
                problems.push(Problem::at(entry.key.location.clone(), error.to_string()));
            }
        }
    }
    Some(App {
        name: name?,
        location: draft.place.clone(),
        labels: written.labels,
        annotations: written.annotations,
        workload,
        accessories,
        secrets,
    })
}

/// Takes the module out of a block; `default` is the key that names it otherwise.
fn component(
    entry: &Entry,
    default: Option<&Key>,
    hints: &[String],
    problems: &mut Vec<Problem>,
) -> Option<Component> {
    let mut config = entry.value.clone().with_location(entry.key.location.clone());
    let named = config.as_map_mut().and_then(|map| map.remove("module"));
    let (name, place) = match (&named, default) {
        (Some(named), _) => (named.value.as_str()?, named.value.location()),
        (None, Some(key)) => (key.text.as_str(), &key.location),
        (None, None) => {
            let message = format!("missing field `module` in `{}`", entry.key.text);
            let mut problem = Problem::at(entry.key.location.clone(), message);
            problem.hints = hints.to_vec();
            let hint = "name the module that runs the app, as in `module: service`";
            problems.push(if hints.is_empty() { problem.hint(hint) } else { problem });
            return None;
        }
    };
    match ModuleName::parse(name) {
        Ok(module) => Some(Component {
            module,
            module_location: place.clone(),
            location: entry.key.location.clone(),
            config,
        }),
        Err(error) => {
            problems.push(Problem::at(place.clone(), error.to_string()));
            None
        }
    }
}

/// Reads the secrets of the workload and leaves empty texts in place of their values.
fn take_secrets(workload: &mut Node, problems: &mut Vec<Problem>) -> BTreeMap<String, AppSecret> {
    let Some(node) = workload.get("secrets").cloned() else { return BTreeMap::new() };
    let SecretsBlock(mut written) = SecretsBlock::take(&node, "workload.secrets", problems);
    let secrets = node.entries().filter_map(|entry| {
        let block = written.remove(&entry.key.text)?;
        Some((entry.key.text.clone(), secret(block, entry)))
    });
    let secrets = secrets.collect();
    if let Some(map) =
        workload.as_map_mut().and_then(|map| map.get_mut("secrets")).and_then(Node::as_map_mut)
    {
        for (_, secret) in map.values_mut() {
            match secret.as_map_mut() {
                Some(secret) => {
                    if let Some(data) = secret.get_mut("data") {
                        strip(data);
                    }
                }
                // It is refused; until it is, nobody else sees what is in it.
                None => strip(secret),
            }
        }
    }
    secrets
}

fn secret(mut block: SecretBlock, entry: &Entry) -> AppSecret {
    let kind = match block.r#type {
        SecretType::Basic => SecretKind::Basic,
        SecretType::Token => SecretKind::Token,
        SecretType::Opaque => SecretKind::Opaque,
        SecretType::Certificate => SecretKind::Certificate,
        SecretType::External => SecretKind::External,
    };
    let data = entry.value.get("data").into_iter().flat_map(Node::entries).filter_map(|data| {
        let text = block.data.remove(&data.key.text)?;
        Some((data.key.text.clone(), SecretValue::new(text, data.value.location().clone())))
    });
    let data = data.collect();
    let location = entry.key.location.clone();
    AppSecret { kind, params: block.params, data, immutable: block.immutable, location }
}

fn strip(node: &mut Node) {
    match node.content_mut() {
        Content::Map(map) => map.values_mut().for_each(|(_, value)| strip(value)),
        content => *content = Content::String(String::new()),
    }
}
