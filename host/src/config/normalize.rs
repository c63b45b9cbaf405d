//! Upstream's spellings -> ours, as an ordered list of passes over one app.
//!
//! Upstream's values come from KCL and carry the name of their schema in `_type`. A file that was written for it
//! works here; nothing behind this file knows that such names existed.

use crate::diagnostic::Problem;
use crate::source::{Content, Entry, Key, Map, Node};

/// The key in which KCL leaves the name of a value's schema.
const TYPE: &str = "_type";

/// Brings one app into our spelling.
pub(super) fn normalize(app: &mut Node, problems: &mut Vec<Problem>) {
    refuse_blanks(app, problems);
    name_modules(app, problems);
    if let Some(workload) = app.as_map_mut().and_then(|map| map.get_mut("workload")) {
        name_handlers(workload, problems);
    }
    drop_types(app);
}

/// Notes each key without a value, and removes it.
fn refuse_blanks(node: &mut Node, problems: &mut Vec<Problem>) {
    match node.content_mut() {
        Content::Map(map) => {
            for entry in map.iter().filter(|entry| *entry.value.content() == Content::Blank) {
                let message = format!("`{}` has no value", entry.key.text);
                problems
                    .push(Problem::at(entry.key.location.clone(), message).hint(
                        "write `null` to remove what the base says, `{}` for an empty block, `\"\"` for an empty text",
                    ));
            }
            map.retain(|entry| *entry.value.content() != Content::Blank);
            map.values_mut().for_each(|(_, value)| refuse_blanks(value, problems));
        }
        Content::List(items) => {
            for item in items.iter().filter(|item| *item.content() == Content::Blank) {
                problems
                    .push(Problem::at(item.location().clone(), "an item of the list has no value"));
            }
            items.retain(|item| *item.content() != Content::Blank);
            items.iter_mut().for_each(|item| refuse_blanks(item, problems));
        }
        _ => {}
    }
}

/// `_type: service.Service` -> `module: service`, for the workload and each accessory.
fn name_modules(app: &mut Node, problems: &mut Vec<Problem>) {
    let Some(app) = app.as_map_mut() else { return };
    if let Some(workload) = app.get_mut("workload").and_then(Node::as_map_mut) {
        name_module(workload, problems);
    }
    if let Some(accessories) = app.get_mut("accessories").and_then(Node::as_map_mut) {
        for (_, accessory) in accessories.values_mut() {
            if let Some(accessory) = accessory.as_map_mut() {
                name_module(accessory, problems);
            }
        }
    }
}

fn name_module(component: &mut Map, problems: &mut Vec<Problem>) {
    let Some(entry) = component.entry(TYPE).filter(|entry| is_type(entry)) else { return };
    let (key, node) = (entry.key.clone(), entry.value.clone());
    let name = node.as_str().and_then(|text| text.split('.').next()).unwrap_or_default();
    match component.get("module").and_then(Node::as_str) {
        None => {
            let value = Node::new(Content::String(name.to_owned()), node.location().clone());
            component.insert(Key { text: "module".to_owned(), location: key.location }, value);
        }
        Some(module) if module != name => {
            let message = format!("`_type` names the module `{name}`, `module` names `{module}`");
            problems.push(Problem::at(node.location().clone(), message).hint("remove `_type`"));
        }
        Some(_) => {}
    }
}

/// `probeHandler: {_type: ….Http, url: u}` -> `http: {url: u}`, and likewise in `lifecycle`.
fn name_handlers(node: &mut Node, problems: &mut Vec<Problem>) {
    if let Some(map) = node.as_map_mut() {
        if let Some(entry) = map.remove("probeHandler") {
            match handler(&entry) {
                Some((key, value)) => map.insert(key, value),
                None => problems.push(
                    Problem::at(entry.key.location.clone(), "`probeHandler` does not say of which kind it is")
                        .hint("write the kind as the key, as in `http: {url: …}`, in place of `probeHandler`"),
                ),
            }
        }
        if let Some(lifecycle) = map.get_mut("lifecycle").and_then(Node::as_map_mut) {
            for name in ["preStop", "postStart"] {
                let Some(entry) = lifecycle.entry(name) else { continue };
                let Some((key, value)) = handler(entry) else { continue };
                let outer = entry.key.clone();
                let wrapped = Content::Map(Map::from_distinct(vec![Entry { key, value }]));
                let location = outer.location.clone();
                lifecycle.insert(outer, Node::new(wrapped, location));
            }
        }
    }
    match node.content_mut() {
        Content::Map(map) => map.values_mut().for_each(|(_, value)| name_handlers(value, problems)),
        Content::List(items) => items.iter_mut().for_each(|item| name_handlers(item, problems)),
        _ => {}
    }
}

/// Returns a handler under the key that its `_type` amounts to, at the place of the old key.
fn handler(entry: &Entry) -> Option<(Key, Node)> {
    let name = match entry.value.get(TYPE)?.as_str()?.rsplit('.').next()? {
        "Http" => "http",
        "Exec" => "exec",
        "Tcp" => "tcp",
        _ => return None,
    };
    let key = Key { text: name.to_owned(), location: entry.key.location.clone() };
    Some((key, entry.value.clone()))
}

/// Removes what KCL left of its schemas' names.
fn drop_types(node: &mut Node) {
    match node.content_mut() {
        Content::Map(map) => {
            map.retain(|entry| !is_type(entry));
            map.values_mut().for_each(|(_, value)| drop_types(value));
        }
        Content::List(items) => items.iter_mut().for_each(drop_types),
        _ => {}
    }
}

fn is_type(entry: &Entry) -> bool {
    entry.key.text == TYPE && entry.value.as_str().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::yaml;
    use serde_json::json;

    fn normalized(text: &str) -> (Node, Vec<String>) {
        let mut node = yaml::read(&SourceFile::new("app.yaml", text)).unwrap().remove(0);
        let mut problems = Vec::new();
        normalize(&mut node, &mut problems);
        let problems = problems.iter().map(|problem| {
            let at = problem.location.as_ref().unwrap();
            format!("{}:{}: {}", at.line(), at.column(), problem.message)
        });
        let problems = problems.collect();
        (node, problems)
    }

    #[test]
    fn upstream_spellings_become_ours() {
        let (node, problems) = normalized(
            "workload:
  _type: service.Service
  containers:
    main:
      _type: service.container.Container
      readinessProbe:
        _type: service.container.probe.Probe
        probeHandler: {_type: service.container.probe.Http, url: u}
        periodSeconds: 5
      lifecycle:
        preStop: {_type: service.container.lifecycle.Exec, command: [x]}
        postStart: {http: {url: v}}
accessories:
  db: {_type: mysql.MySQL, type: local}
",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            node.to_json(),
            json!({
                "workload": {"module": "service", "containers": {"main": {
                    "readinessProbe": {"http": {"url": "u"}, "periodSeconds": 5},
                    "lifecycle": {"preStop": {"exec": {"command": ["x"]}}, "postStart": {"http": {"url": "v"}}},
                }}},
                "accessories": {"db": {"module": "mysql", "type": "local"}},
            })
        );
        assert_eq!(node.locate("/workload/module").line(), 2);
        assert_eq!(node.locate("/workload/containers/main/readinessProbe/http/url").line(), 8);
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        for (text, expected) in [
            ("workload:\n  replicas:\n", "2:3: `replicas` has no value"),
            ("workload: {args: [a, ]}\nlabels:\n", "2:1: `labels` has no value"),
            ("workload:\n  args:\n  -\n", "3:4: an item of the list has no value"),
            (
                "workload: {module: job, _type: service.Service}",
                "1:32: `_type` names the module `service`, `module` names `job`",
            ),
            (
                "workload: {probe: {probeHandler: {url: x}}}",
                "1:20: `probeHandler` does not say of which kind it is",
            ),
        ] {
            assert_eq!(normalized(text).1, [expected], "{text}");
        }
    }

    #[test]
    fn a_written_null_stays_for_the_merge() {
        let (node, problems) = normalized("workload: {replicas: null}\naccessories: {db: ~}\n");
        assert_eq!(problems, [""; 0]);
        assert_eq!(
            node.to_json(),
            json!({"workload": {"replicas": null}, "accessories": {"db": null}})
        );
    }
}
