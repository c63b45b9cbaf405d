//! What Kubernetes demands of an object and no schema says.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The longest name of an object.
const MAX_NAME: usize = 253;
/// The longest name of what becomes part of a DNS name, and of a label's value.
const MAX_LABEL: usize = 63;
/// The kinds whose names are part of DNS names.
const DNS_KINDS: [&str; 2] = ["Namespace", "Service"];
/// The longest name of a CronJob: its Jobs are called after it.
const MAX_CRON_JOB: usize = 52;

/// What a quantity can end in, beside an exponent.
const SUFFIXES: [&str; 16] =
    ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Says what is wrong with an object.
pub(super) fn check(object: &Value) -> Result<(), String> {
    let mut wrong = Vec::new();
    let name = text(object, "/metadata/name");
    let longest = match text(object, "/kind") {
        kind if DNS_KINDS.contains(&kind) => MAX_LABEL,
        "CronJob" => MAX_CRON_JOB,
        _ => MAX_NAME,
    };
    let is_name = if longest == MAX_LABEL { is_label(name) } else { is_subdomain(name) };
    if !is_name || name.len() > longest {
        wrong.push(format!("/metadata/name: `{name}`"));
    }
    walk(object, String::new(), &mut wrong);
    for template in ["/spec/template", "/spec/jobTemplate/spec/template"] {
        if let Some(template) = object.pointer(template).filter(|it| it.get("spec").is_some()) {
            check_pod(template, object, &mut wrong);
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// Looks at labels, annotations, ports and quantities wherever they are.
fn walk(value: &Value, path: String, wrong: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            // What a ConfigMap or a Secret holds is nobody's business.
            for (key, member) in members.iter().filter(|(key, _)| !is_data(key)) {
                let path = format!("{path}/{key}");
                check_member(key, member, &path, wrong);
                walk(member, path, wrong);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, format!("{path}/{index}"), wrong);
            }
        }
        _ => {}
    }
}

fn check_member(key: &str, member: &Value, path: &str, wrong: &mut Vec<String>) {
    let mut refuse = |what: &str| wrong.push(format!("{path}: `{what}`"));
    match key {
        "labels" | "matchLabels" | "selector" | "nodeSelector" | "annotations" => {
            for (key, value) in member.as_object().into_iter().flatten() {
                let Some(value) = value.as_str() else { continue };
                let is_value =
                    key == "annotations" || is_label_value(value) || path.ends_with("annotations");
                if !is_qualified(key) || !is_value {
                    refuse(&format!("{key}={value}"));
                }
            }
        }
        "containerPort" | "port" | "targetPort" | "nodePort" => match member {
            Value::Number(port) if !(1..=65535).contains(&port.as_u64().unwrap_or(0)) => {
                refuse(&port.to_string());
            }
            Value::String(port) if port.len() > longest_port(key) || !is_label(port) => {
                refuse(port);
            }
            _ => {}
        },
        "requests" | "limits" => {
            for quantity in member.as_object().into_iter().flatten().map(|(_, value)| value) {
                if !is_quantity(quantity) {
                    refuse(&quantity.to_string());
                }
            }
        }
        _ => {}
    }
}

/// A Service calls its ports by longer names than a container.
fn longest_port(key: &str) -> usize {
    if key == "targetPort" { 15 } else { MAX_LABEL }
}

fn is_data(key: &str) -> bool {
    matches!(key, "data" | "stringData" | "binaryData")
}

fn check_pod(template: &Value, object: &Value, wrong: &mut Vec<String>) {
    let pod = &template["spec"];
    let volumes = names(&pod["volumes"], "volumes", wrong);
    let mut containers = names(&pod["containers"], "containers", wrong);
    if containers.is_empty() {
        wrong.push("a pod without containers".to_owned());
    }
    containers.extend(names(&pod["initContainers"], "initContainers", wrong));
    for container in list(&pod["containers"]).chain(list(&pod["initContainers"])) {
        names(&container["env"], "env", wrong);
        let mut places = BTreeSet::new();
        for mount in list(&container["volumeMounts"]) {
            let (volume, place) = (text(mount, "/name"), text(mount, "/mountPath"));
            if !volumes.contains(volume) {
                wrong.push(format!("there is no volume `{volume}`"));
            }
            if !places.insert(place) {
                wrong.push(format!("two mounts at `{place}`"));
            }
        }
    }
    let labels = template.pointer("/metadata/labels").and_then(Value::as_object);
    let none = Map::new();
    let labels = labels.unwrap_or(&none);
    let wanted = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    for (key, value) in wanted.into_iter().flatten() {
        if labels.get(key) != Some(value) {
            wrong.push(format!("the selector wants {key}={value}, and the pods have not"));
        }
    }
}

/// Returns the names of the items of a list, in which none may be there twice.
fn names<'v>(items: &'v Value, what: &str, wrong: &mut Vec<String>) -> BTreeSet<&'v str> {
    let mut names = BTreeSet::new();
    for name in list(items).map(|item| text(item, "/name")) {
        if name.is_empty()
            || !names.insert(name)
            || (what != "env" && !(is_label(name) && name.len() <= MAX_LABEL))
        {
            wrong.push(format!("{what}: `{name}`"));
        }
    }
    names
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn is_edge(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    text.starts_with(is_edge)
        && text.ends_with(is_edge)
        && text.chars().all(|c| is_edge(c) || c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether it is a label's key: a name, with a domain before it or without.
fn is_qualified(key: &str) -> bool {
    let (domain, name) = key.rsplit_once('/').unwrap_or(("a", key));
    is_subdomain(domain) && domain.len() <= MAX_NAME && !name.is_empty() && is_label_value(name)
}

fn is_label_value(value: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    value.is_empty()
        || (value.len() <= MAX_LABEL
            && value.chars().all(allowed)
            && value.starts_with(edge)
            && value.ends_with(edge))
}

fn is_quantity(quantity: &Value) -> bool {
    let Some(text) = quantity.as_str() else { return quantity.is_number() };
    let number = text.trim_start_matches(['+', '-']);
    let suffix = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let exponent = suffix.strip_prefix(['e', 'E']).map(|it| it.trim_start_matches(['+', '-']));
    let is_exponent =
        exponent.is_some_and(|it| !it.is_empty() && it.chars().all(|c| c.is_ascii_digit()));
    number.len() > suffix.len()
        && number.contains(|c: char| c.is_ascii_digit())
        && (is_exponent || SUFFIXES.contains(&suffix))
}

#[test]
fn a_quantity_is_a_number_with_a_suffix_or_an_exponent() {
    for (text, expected) in [
        ("1", true),
        (".5", true),
        ("1.", true),
        ("7Ei", true),
        ("7E", true),
        ("7E3", true),
        ("7e-3", true),
        ("", false),
        (".", false),
        ("Ei", false),
        ("7ei", false),
        ("1q", false),
    ] {
        assert_eq!(is_quantity(&text.into()), expected, "{text}");
    }
}

#[test]
fn what_no_schema_says_is_refused() {
    let pod = |change: &str| {
        let text = r#"{"kind": "Deployment", "metadata": {"name": "shop"}, "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {"metadata": {"labels": {"app": "shop"}}, "spec": {
                "volumes": [{"name": "data"}],
                "containers": [{"name": "main", "ports": [{"containerPort": 80}], "env": [{"name": "A"}],
                    "resources": {"limits": {"cpu": "100m", "memory": "1.5Gi"}},
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}}}}"#;
        let (from, to) = change.split_once(" -> ").unwrap_or_default();
        assert!(text.contains(from), "{from}");
        check(&serde_json::from_str(&text.replacen(from, to, 1)).unwrap())
    };
    assert_eq!(pod(""), Ok(()));
    for change in [
        r#""name": "shop" -> "name": "Shop""#,
        r#"{"app": "shop"} -> {"app": "web"}"#,
        r#"{"app": "shop"} -> {"app": "-"}"#,
        r#""containerPort": 80 -> "containerPort": 0"#,
        "100m -> 100q",
        r#"[{"name": "A"}] -> [{"name": "A"}, {"name": "A"}]"#,
        r#"[{"name": "data"}] -> []"#,
        r#""name": "main" -> "name": "Main""#,
    ] {
        assert!(pod(change).is_err(), "{change}");
    }
}
