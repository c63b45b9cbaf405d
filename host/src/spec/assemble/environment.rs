//! Pass: environment variables stand after those that they refer to.
//!
//! Kubernetes expands `$(NAME)` only if `NAME` stands earlier in the list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Draft, Entry, Fault};
use crate::spec::{ResourceId, Semantics};

pub(super) fn order(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let ids: Vec<&ResourceId> = draft.workloads.values().collect();
    for id in ids {
        let Some(Entry { resource, .. }) = draft.resources.get_mut(id) else { continue };
        let Some(template) = semantics.pod_template(resource) else { continue };
        for container in containers(&mut resource.attributes, template).into_iter().flatten() {
            if let Some(Value::Array(variables)) = container.get_mut("env") {
                let sorted = referred_first(std::mem::take(variables));
                *variables = sorted;
            }
        }
    }
    Vec::new()
}

/// Returns the containers below a pod template, or `None` if there are none.
pub(super) fn containers<'v>(
    attributes: &'v mut Value,
    template: &str,
) -> Option<impl Iterator<Item = &'v mut Map<String, Value>>> {
    let containers = attributes.pointer_mut(&format!("{template}/spec/containers"))?;
    Some(containers.as_array_mut()?.iter_mut().filter_map(Value::as_object_mut))
}

/// Puts patched variables, sorted by name, before those of the developer, whose value wins.
pub(super) fn add(variables: &mut Vec<Value>, patched: &BTreeMap<String, Value>) {
    let own: BTreeSet<&str> = variables.iter().filter_map(name).collect();
    let mut all: Vec<Value> = patched
        .iter()
        .filter(|(name, _)| !own.contains(name.as_str()))
        .map(|(_, variable)| variable.clone())
        .collect();
    all.append(variables);
    *variables = all;
}

/// Returns the name of a variable.
pub(super) fn name(variable: &Value) -> Option<&str> {
    variable.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
}

fn value(variable: &Value) -> &str {
    variable.get("value").and_then(Value::as_str).unwrap_or_default()
}

/// Moves variables in front of those that refer to them and changes the order no further. Variables
/// that refer to each other in a circle stay in place, so that doing it twice changes nothing.
fn referred_first(variables: Vec<Value>) -> Vec<Value> {
    if !variables.iter().any(|variable| value(variable).contains("$(")) {
        return variables;
    }
    let mut referred = references_between(&variables);
    let circles = circles(&referred);
    for (place, others) in referred.iter_mut().enumerate() {
        others.retain(|other| circles.get(*other) != circles.get(place));
    }
    let order = depth_first(0..variables.len(), &referred, |_, _| {});
    let mut variables: Vec<Option<Value>> = variables.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| variables.get_mut(place).and_then(Option::take)).collect()
}

/// Returns for each variable the places of those that it refers to.
fn references_between(variables: &[Value]) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, variable) in variables.iter().enumerate() {
        if let Some(name) = name(variable) {
            places.entry(name).or_default().push(place);
        }
    }
    let referred = |variable: &Value| {
        references(value(variable))
            .into_iter()
            .filter_map(|name| places.get(name))
            .flatten()
            .copied()
            .collect()
    };
    variables.iter().map(referred).collect()
}

/// Numbers the circles of a graph: nodes that lead to each other have the same number (Kosaraju's way).
fn circles(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut backwards = vec![Vec::new(); edges.len()];
    for (from, to) in edges.iter().enumerate() {
        for to in to {
            if let Some(list) = backwards.get_mut(*to) {
                list.push(from);
            }
        }
    }
    let order = depth_first(0..edges.len(), edges, |_, _| {});
    let mut circles = vec![0; edges.len()];
    depth_first(order.into_iter().rev(), &backwards, |root, node| {
        if let Some(circle) = circles.get_mut(node) {
            *circle = root;
        }
    });
    circles
}

/// Visits all nodes that some roots lead to, each once, and returns them after those that they lead to.
/// `enter` is told of each with its root.
fn depth_first(
    roots: impl Iterator<Item = usize>,
    edges: &[Vec<usize>],
    mut enter: impl FnMut(usize, usize),
) -> Vec<usize> {
    let mut seen = vec![false; edges.len()];
    let mut order = Vec::with_capacity(edges.len());
    for root in roots {
        let mut path: Vec<(usize, std::slice::Iter<'_, usize>)> = Vec::new();
        let mut next = Some(root);
        loop {
            if let Some(node) = next
                && let (Some(seen), Some(edges)) = (seen.get_mut(node), edges.get(node))
                && !std::mem::replace(seen, true)
            {
                enter(root, node);
                path.push((node, edges.iter()));
            }
            let Some((node, waiting)) = path.last_mut() else { break };
            next = waiting.next().copied();
            if next.is_none() {
                order.push(*node);
                path.pop();
            }
        }
    }
    order
}

/// Finds `$(NAME)` in a value; `$$` stands for a dollar sign.
pub(crate) fn references(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        rest = after;
        if let Some(escaped) = after.strip_prefix('$') {
            rest = escaped;
        } else if let Some((name, after)) =
            after.strip_prefix('(').and_then(|open| open.split_once(')'))
        {
            names.push(name);
            rest = after;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(list: &[(&str, &str)]) -> Vec<Value> {
        list.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    }

    fn names(variables: &[Value]) -> Vec<&str> {
        variables.iter().filter_map(name).collect()
    }

    #[test]
    fn referred_variables_come_first_and_the_rest_keeps_its_order() {
        type Variables<'a> = &'a [(&'a str, &'a str)];
        let cases: [(Variables<'_>, &[&str]); 7] = [
            (&[("B", ""), ("A", "")], &["B", "A"]),
            (
                &[("URL", "$(USER)@$(HOST)"), ("X", ""), ("HOST", ""), ("USER", "")],
                &["USER", "HOST", "URL", "X"],
            ),
            (&[("A", "$(B)"), ("B", "$(C)"), ("C", "")], &["C", "B", "A"]),
            (&[("A", "$$(B)"), ("B", "")], &["A", "B"]),
            (&[("A", "$(B)"), ("B", "$(A)"), ("C", "$(C)")], &["A", "B", "C"]),
            (&[("X", "$(A)"), ("A", "$(B)"), ("B", "$(A) $(Y)"), ("Y", "")], &["A", "X", "Y", "B"]),
            (&[("A", "$(MISSING) $("), ("B", "$(")], &["A", "B"]),
        ];
        for (list, expected) in cases {
            let once = referred_first(variables(list));
            assert_eq!(names(&once), expected, "{list:?}");
            assert_eq!(referred_first(once.clone()), once, "{list:?}");
        }
    }

    #[test]
    fn a_developers_value_wins_and_patches_come_first_by_name() {
        let mut own = variables(&[("Z", "mine"), ("B", "")]);
        let patched = variables(&[("Z", "theirs"), ("Y", ""), ("C", "")]);
        let patched = patched.into_iter().map(|v| (name(&v).unwrap().to_owned(), v)).collect();
        add(&mut own, &patched);
        assert_eq!(own, variables(&[("C", ""), ("Y", ""), ("Z", "mine"), ("B", "")]));
    }

    #[test]
    fn a_chain_of_ten_thousand_variables_does_not_overflow() {
        let chain: Vec<Value> = (0..10_000)
            .map(|n| json!({"name": format!("V{n}"), "value": format!("$(V{})", n + 1)}))
            .collect();
        let sorted = referred_first(chain);
        assert_eq!((sorted.len(), name(&sorted[0])), (10_000, Some("V9999")));
    }
}
