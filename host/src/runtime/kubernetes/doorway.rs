//! Where a port of a stack leads, as its manifests say.

use serde_json::Value;

use super::identity::Identity;
use super::{KUBERNETES, pods};
use crate::runtime::RuntimeError;
use crate::runtime::connection::{Doorway, PodPort, Wanted};
use crate::spec::{Resource, Spec};

/// Finds where a port leads: to the one Service that has it. Where no Service is named and none exists, to the
/// one workload.
pub(super) fn find(spec: &Spec, wanted: &Wanted) -> Result<Doorway, RuntimeError> {
    let manifests = spec.resources.values().filter(|resource| resource.kind == KUBERNETES);
    let manifests: Vec<&Resource> = manifests.collect();
    let all: Vec<Doorway> = manifests.iter().flat_map(|it| services(it)).collect();
    let known = || all.iter().map(|it| format!("{} port {}", it.title, it.port)).collect();
    let named = |doorway: &&Doorway| {
        doorway.port == wanted.port
            && wanted.service.as_ref().is_none_or(|name| doorway.title == title("Service", name))
    };
    let mut fitting: Vec<Doorway> = all.iter().filter(named).cloned().collect();
    if all.is_empty() && wanted.service.is_none() {
        fitting = manifests.iter().filter_map(|it| workload(it, wanted.port)).collect();
    }
    match (fitting.pop(), fitting.is_empty()) {
        (Some(doorway), true) => Ok(doorway),
        (None, _) => Err(RuntimeError::NoDoorway { port: wanted.port, known: known() }),
        (Some(last), false) => {
            fitting.push(last);
            let titles = fitting.into_iter().map(|it| it.title).collect();
            Err(RuntimeError::SeveralDoorways { port: wanted.port, titles })
        }
    }
}

/// Returns what the ports of a Service lead to.
fn services(resource: &Resource) -> Vec<Doorway> {
    let manifest = &resource.attributes;
    let Ok(identity) = Identity::of(manifest) else { return Vec::new() };
    if (identity.api_version, identity.kind) != ("v1", "Service") {
        return Vec::new();
    }
    let Some(selector) = manifest.pointer("/spec/selector").and_then(labels) else {
        return Vec::new();
    };
    let ports = manifest.pointer("/spec/ports").and_then(Value::as_array);
    let ports = ports.into_iter().flatten().filter(|port| {
        port.get("protocol").and_then(Value::as_str).is_none_or(|protocol| protocol == "TCP")
    });
    ports
        .filter_map(|port| {
            let number = port_number(port.get("port")?)?;
            let pod_port = match port.get("targetPort") {
                Some(Value::String(name)) => match name.parse() {
                    Ok(number) => PodPort::Number(number),
                    Err(_) => PodPort::Name(name.clone()),
                },
                Some(target) => PodPort::Number(port_number(target)?),
                None => PodPort::Number(number),
            };
            Some(Doorway {
                id: resource.id.clone(),
                title: title("Service", identity.name),
                port: number,
                namespace: identity.namespace.unwrap_or("default").to_owned(),
                selector: selector.clone(),
                pod_port,
            })
        })
        .collect()
}

/// Returns what a port of a workload's pods leads to.
fn workload(resource: &Resource, port: u16) -> Option<Doorway> {
    let manifest = &resource.attributes;
    let identity = Identity::of(manifest).ok()?;
    if identity.group() != "apps" {
        return None;
    }
    let _runs_pods = pods::template(manifest)?;
    Some(Doorway {
        id: resource.id.clone(),
        title: title(identity.kind, identity.name),
        port,
        namespace: identity.namespace.unwrap_or("default").to_owned(),
        selector: labels(manifest.pointer("/spec/selector/matchLabels")?)?,
        pod_port: PodPort::Number(port),
    })
}

fn title(kind: &str, name: &str) -> String {
    format!("{kind} `{name}`")
}

/// Writes labels as a query has them.
fn labels(labels: &Value) -> Option<String> {
    let labels = labels.as_object()?.iter();
    let terms = labels.map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    let terms: Vec<String> = terms.collect::<Option<_>>()?;
    (!terms.is_empty()).then(|| terms.join(","))
}

fn port_number(value: &Value) -> Option<u16> {
    u16::try_from(value.as_u64()?).ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::diagnostic::Diagnose as _;

    fn spec(manifests: &[Value]) -> Spec {
        let resource = |manifest: &Value| -> Resource {
            let identity = Identity::of(manifest).unwrap();
            let id = format!("{}:{}:n:{}", identity.api_version, identity.kind, identity.name);
            serde_json::from_value(json!({"id": id, "type": KUBERNETES, "attributes": manifest}))
                .unwrap()
        };
        let resources = manifests.iter().map(resource);
        Spec { resources: resources.map(|it| (it.id.clone(), it)).collect() }
    }

    fn service(name: &str, ports: Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "n"},
            "spec": {"selector": {"app": "shop", "a": "b"}, "ports": ports},
        })
    }

    fn deployment(name: &str) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "n"},
            "spec": {
                "selector": {"matchLabels": {"app": name}},
                "template": {"spec": {"containers": [{"name": "main"}]}},
            },
        })
    }

    fn any(port: u16) -> Wanted {
        Wanted { service: None, port }
    }

    #[test]
    fn a_port_leads_through_its_service_to_the_port_of_the_pods() {
        let ports = json!([
            {"port": 80, "targetPort": 8080}, {"port": 81}, {"port": 82, "targetPort": "http"},
            {"port": 83, "targetPort": "8083"}, {"port": 53, "protocol": "UDP"},
        ]);
        let spec = spec(&[service("shop", ports), deployment("shop")]);
        let pod_port = |port| find(&spec, &any(port)).map(|doorway| doorway.pod_port);
        assert_eq!(pod_port(80).unwrap(), PodPort::Number(8080));
        assert_eq!(pod_port(81).unwrap(), PodPort::Number(81));
        assert_eq!(pod_port(82).unwrap(), PodPort::Name("http".to_owned()));
        assert_eq!(pod_port(83).unwrap(), PodPort::Number(8083));
        let doorway = find(&spec, &any(80)).unwrap();
        assert_eq!((doorway.selector.as_str(), doorway.namespace.as_str()), ("a=b,app=shop", "n"));
        assert_eq!(doorway.title, "Service `shop`");
    }

    #[test]
    fn a_port_that_no_service_has_is_told_with_those_that_exist() {
        let spec = spec(&[service("shop", json!([{"port": 80}])), deployment("shop")]);
        let error = find(&spec, &any(8080)).unwrap_err();
        assert_eq!(error.to_string(), "no Service of the stack has port 8080");
        assert_eq!(error.hints(), ["ports that can be reached: Service `shop` port 80"]);
        let other = Wanted { service: Some("other".to_owned()), port: 80 };
        assert!(find(&spec, &other).is_err());
    }

    #[test]
    fn a_port_that_several_have_needs_the_name_of_one() {
        let ports = || json!([{"port": 80}]);
        let spec = spec(&[service("a", ports()), service("b", ports())]);
        let error = find(&spec, &any(80)).unwrap_err();
        assert_eq!(error.to_string(), "several Services have port 80: Service `a`, Service `b`");
        let named = Wanted { service: Some("b".to_owned()), port: 80 };
        assert_eq!(find(&spec, &named).unwrap().title, "Service `b`");
    }

    #[test]
    fn without_any_service_the_one_workload_is_meant() {
        let one = find(&spec(&[deployment("shop")]), &any(9000)).unwrap();
        assert_eq!(
            (one.title.as_str(), one.pod_port),
            ("Deployment `shop`", PodPort::Number(9000))
        );
        assert!(find(&spec(&[deployment("a"), deployment("b")]), &any(9000)).is_err());
        assert!(find(&spec(&[]), &any(9000)).is_err());
    }
}
