//! From a field of an object back to what a developer wrote for it.
//!
//! Modules say nothing about where a value comes from, so this knows how the workload modules and `network` write
//! containers and ports, and believes anything else only where the value is the same.

use serde_json::Value;

use super::field::{Segment, plain, position, segments, value};
use crate::source::escape_token;

/// A place in the configuration of a workload or an accessory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The JSON Pointer. What it names may be absent; then its deepest part that is there is meant.
    pub(super) pointer: String,
    /// Whether the key is meant and not its value.
    pub(super) key: bool,
}

/// What was refused.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a> {
    /// The object that was sent.
    pub(super) manifest: &'a Value,
    /// Where in it the pod template is, as a JSON Pointer.
    pub(super) template: Option<&'a str>,
    /// The field, as the server names it.
    pub(super) field: &'a str,
    /// What the server says about it.
    pub(super) message: &'a str,
}

/// Finds where a developer wrote what a field holds; `config` is what was written for the module that made the
/// object. `None` if the module, the platform or the cluster made it up.
pub(super) fn written(refused: Refused<'_>, config: &Value) -> Option<Written> {
    let Refused { manifest, template, field, message } = refused;
    let path = segments(field);
    if let Some(template) = template {
        let pods: Vec<&str> = template.split('/').skip(1).collect();
        let in_template = path.iter().zip(&pods).all(|(segment, part)| segment.text() == *part);
        if let Some(rest) = path.get(pods.len()..).filter(|_| in_template)
            && let Some(spec) = manifest.pointer(template).and_then(|pod| pod.get("spec"))
            && let Some(found) = in_containers(spec, rest, config, message)
        {
            return Some(found);
        }
    }
    in_ports(manifest, &path, config).or_else(|| same_value(manifest, &path, config))
}

fn in_containers(pod: &Value, path: &[Segment], config: &Value, message: &str) -> Option<Written> {
    let [spec, list, at, rest @ ..] = path else { return None };
    let is_list = matches!(list.text(), "containers" | "initContainers");
    if spec.text() != "spec" || !is_list {
        return None;
    }
    let containers = pod.get(list.text())?.as_array()?;
    let container = containers.get(position(containers, at)?)?;
    let name = container.get("name")?.as_str()?;
    let written = config.get("containers")?.get(name)?;
    let below = in_container(container, rest, written, message);
    let key = below.is_none();
    let Written { pointer, key } = below.unwrap_or(Written { pointer: String::new(), key });
    Some(Written { pointer: format!("/containers/{}{pointer}", escape_token(name)), key })
}

fn in_container(
    container: &Value,
    path: &[Segment],
    written: &Value,
    message: &str,
) -> Option<Written> {
    let (first, rest) = path.split_first()?;
    let value = |pointer: String| Some(Written { pointer, key: false });
    match first.text() {
        "env" => {
            let variables = container.get("env")?.as_array()?;
            let Some((at, rest)) = rest.split_first() else { return value("/env".to_owned()) };
            let name = variables.get(position(variables, at)?)?.get("name")?.as_str()?;
            // Others add variables too.
            let _ = written.get("env")?.get(name)?;
            let key = rest.first().is_some_and(|segment| segment.text() == "name");
            Some(Written { pointer: format!("/env/{}", escape_token(name)), key })
        }
        "resources" => {
            let named = rest.get(1).map(Segment::text);
            let all = written.get("resources").and_then(Value::as_object)?;
            let mut told = all.keys().filter(|name| message.contains(name.as_str()));
            let only = told.next().filter(|_| told.next().is_none()).map(String::as_str);
            let name = named.filter(|name| all.contains_key(*name)).or(only);
            let name = name.map(|name| format!("/{}", escape_token(name))).unwrap_or_default();
            value(format!("/resources{name}"))
        }
        probe @ ("livenessProbe" | "readinessProbe" | "startupProbe") => {
            let _ = written.get(probe)?;
            value(format!("/{probe}{}", in_handler(rest)))
        }
        "lifecycle" => {
            let hook = rest.first().map(Segment::text).unwrap_or_default();
            let _ = written.get("lifecycle")?;
            value(format!("/lifecycle/{hook}{}", in_handler(rest.get(1..).unwrap_or_default())))
        }
        "name" => None,
        member => {
            let _ = written.get(member)?;
            value(format!("/{}", escape_token(member)))
        }
    }
}

/// A handler is written as one address.
fn in_handler(path: &[Segment]) -> String {
    let Some((first, rest)) = path.split_first() else { return String::new() };
    match first.text() {
        "httpGet" if rest.first().is_some_and(|segment| segment.text() == "httpHeaders") => {
            "/http/headers".to_owned()
        }
        "httpGet" => "/http/url".to_owned(),
        "tcpSocket" => "/tcp/url".to_owned(),
        "terminationGracePeriodSeconds" => "/terminationGracePeriod".to_owned(),
        other => format!("/{}", escape_token(other)),
    }
}

/// A port of a Service is one of the accessory's ports, whose public and private ones become two Services.
fn in_ports(manifest: &Value, path: &[Segment], config: &Value) -> Option<Written> {
    let [spec, list, at, rest @ ..] = path else { return None };
    if manifest.get("kind")? != "Service" || spec.text() != "spec" || list.text() != "ports" {
        return None;
    }
    let ports = manifest.pointer("/spec/ports")?.as_array()?;
    let at = position(ports, at)?;
    let described = |port: &Value| {
        let number = port.get("port").map_or_else(|| "80".to_owned(), plain);
        (number, port.get("protocol").map_or_else(|| "TCP".to_owned(), plain))
    };
    let wanted = described(ports.get(at)?);
    let public = manifest.pointer("/spec/type").is_some_and(|kind| kind == "LoadBalancer");
    let is_public = |port: &Value| port.get("public").and_then(Value::as_bool) == Some(true);
    // A port that is there twice is the same in both lists.
    let nth = ports.iter().take(at).filter(|port| described(port) == wanted).count();
    let written = config.get("ports")?.as_array()?;
    let (index, port) = written
        .iter()
        .enumerate()
        .filter(|(_, port)| is_public(port) == public && described(port) == wanted)
        .nth(nth)?;
    let member = rest.first().map(Segment::text).filter(|member| port.get(*member).is_some());
    Some(Written { pointer: format!("/ports/{index}/{}", member.unwrap_or("port")), key: false })
}

/// Looks for the end of the path in the configuration, and believes it where it holds the same value.
fn same_value(manifest: &Value, path: &[Segment], config: &Value) -> Option<Written> {
    let refused = plain(value(manifest, path)?);
    let blocks = config.as_object()?.iter().filter(|(_, block)| block.is_object());
    let blocks = blocks.map(|(key, block)| (format!("/{}", escape_token(key)), block));
    let places: Vec<(String, &Value)> =
        std::iter::once((String::new(), config)).chain(blocks).collect();
    for begin in 0..path.len() {
        let end = path.get(begin..)?;
        for (root, block) in &places {
            let found = value(block, end).filter(|_| root.is_empty() || end.len() > 1);
            if found.is_some_and(|found| plain(found) == refused) {
                let tokens = end.iter().map(|segment| format!("/{}", escape_token(segment.text())));
                return Some(Written {
                    pointer: tokens.fold(root.clone(), |a, b| a + &b),
                    key: false,
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "labels": {"tier": "front"}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "main", "image": "a", "env": [{"name": "PATCHED"}, {"name": "A"}]},
                {"name": "proxy", "image": "b"},
            ]}}},
        })
    }

    fn at(manifest: &Value, config: &Value, field: &str, message: &str) -> Option<(String, bool)> {
        let template = (manifest["kind"] == "Deployment").then_some("/spec/template");
        let refused = Refused { manifest, template, field, message };
        written(refused, config).map(|written| (written.pointer, written.key))
    }

    #[test]
    fn a_field_of_a_container_is_found_at_the_container_of_that_name() {
        let config = json!({
            "replicas": 3,
            "labels": {"tier": "front"},
            "containers": {
                "main": {
                    "image": "a", "env": {"A": "1"}, "resources": {"cpu": "2-1", "memory": "1Gi"},
                    "readinessProbe": {"http": {"url": "u"}}, "args": ["a"],
                },
                "proxy": {"image": "b", "lifecycle": {"preStop": {"exec": ["a"]}}},
            },
        });
        let main = "spec.template.spec.containers[0]";
        let named = "spec.template.spec.containers[main]";
        let cases = [
            (format!("{main}.image"), "", Some(("/containers/main/image", false))),
            (format!("{named}.image"), "", Some(("/containers/main/image", false))),
            (
                "spec.template.spec.containers[1].image".to_owned(),
                "",
                Some(("/containers/proxy/image", false)),
            ),
            (format!("{main}.env[1].value"), "", Some(("/containers/main/env/A", false))),
            (format!("{main}.env[A].name"), "", Some(("/containers/main/env/A", true))),
            (format!("{main}.env[0].value"), "", Some(("/containers/main", true))),
            (
                format!("{main}.resources.limits[cpu]"),
                "",
                Some(("/containers/main/resources/cpu", false)),
            ),
            (
                format!("{main}.resources.limits.cpu"),
                "",
                Some(("/containers/main/resources/cpu", false)),
            ),
            (
                format!("{main}.resources.requests"),
                "must be less than or equal to memory limit of 1Gi",
                Some(("/containers/main/resources/memory", false)),
            ),
            (
                format!("{main}.resources.requests"),
                "cpu or memory",
                Some(("/containers/main/resources", false)),
            ),
            (
                format!("{main}.readinessProbe.httpGet.port"),
                "",
                Some(("/containers/main/readinessProbe/http/url", false)),
            ),
            (
                format!("{main}.livenessProbe.periodSeconds"),
                "",
                // Somebody else added it, and nobody here wrote it.
                Some(("/containers/main", true)),
            ),
            (
                format!("{main}.readinessProbe.periodSeconds"),
                "",
                Some(("/containers/main/readinessProbe/periodSeconds", false)),
            ),
            (
                format!("{main}.lifecycle.preStop.exec.command"),
                "",
                Some(("/containers/main", true)),
            ),
            (
                "spec.template.spec.containers[1].lifecycle.preStop.exec.command".to_owned(),
                "",
                Some(("/containers/proxy/lifecycle/preStop/exec", false)),
            ),
            (format!("{main}.args[0]"), "", Some(("/containers/main/args", false))),
            (format!("{main}.name"), "", Some(("/containers/main", true))),
            (format!("{main}.volumeMounts[0].name"), "", Some(("/containers/main", true))),
            ("spec.template.spec.containers[2].image".to_owned(), "", None),
            ("spec.replicas".to_owned(), "", Some(("/replicas", false))),
            ("metadata.labels.tier".to_owned(), "", Some(("/labels/tier", false))),
            ("metadata.name".to_owned(), "", None),
        ];
        for (field, message, expected) in cases {
            let expected = expected.map(|(pointer, key)| (pointer.to_owned(), key));
            assert_eq!(at(&deployment(), &config, &field, message), expected, "{field}");
        }
    }

    #[test]
    fn containers_that_nobody_wrote_have_no_place() {
        let config = json!({"type": "local", "version": "8.0"});
        assert_eq!(at(&deployment(), &config, "spec.template.spec.containers[0].image", ""), None);
    }

    #[test]
    fn a_port_of_a_service_is_found_by_number_and_protocol() {
        let service = |kind: &str, ports: Value| json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": kind, "ports": ports}});
        let config = json!({"ports": [
            {"port": 81, "public": true},
            {"port": 80, "targetPort": 8080},
            {"port": 80, "protocol": "UDP"},
            {"targetPort": 9090},
        ]});
        let private = service(
            "ClusterIP",
            json!([
                {"port": 80, "protocol": "TCP", "targetPort": 8080},
                {"port": 80, "protocol": "UDP", "targetPort": 80},
                {"port": 80, "protocol": "TCP", "targetPort": 9090},
            ]),
        );
        let public = service("LoadBalancer", json!([{"port": 81, "protocol": "TCP"}]));
        let cases = [
            (&private, "spec.ports[0].targetPort", Some("/ports/1/targetPort")),
            (&private, "spec.ports[0].name", Some("/ports/1/port")),
            (&private, "spec.ports[1].protocol", Some("/ports/2/protocol")),
            (&private, "spec.ports[2]", Some("/ports/3/port")),
            (&private, "spec.ports[port=80,protocol=\"UDP\"].port", Some("/ports/2/port")),
            (&public, "spec.ports[0].port", Some("/ports/0/port")),
            (&public, "spec.ports[1].port", None),
            (&public, "spec.type", None),
        ];
        for (manifest, field, expected) in cases {
            let found = at(manifest, &config, field, "").map(|(pointer, _)| pointer);
            assert_eq!(found.as_deref(), expected, "{field}");
        }
    }

    #[test]
    fn elsewhere_a_place_is_believed_if_it_holds_the_same_value() {
        let ingress = |host: &str| json!({"kind": "Ingress", "spec": {"ingressClassName": "c", "rules": [{"host": host}], "type": "x"}});
        let config = json!({"ingress": {"rules": [{"host": "a_b"}]}, "type": "local"});
        let found = |manifest: &Value, field| at(manifest, &config, field, "").map(|(at, _)| at);
        assert_eq!(
            found(&ingress("a_b"), "spec.rules[0].host").as_deref(),
            Some("/ingress/rules/0/host")
        );
        assert_eq!(found(&ingress("other"), "spec.rules[0].host"), None);
        assert_eq!(found(&ingress("a_b"), "spec.type"), None);
        assert_eq!(found(&ingress("a_b"), "spec.absent"), None);
    }
}
