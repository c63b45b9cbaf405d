//! Ports become Services: the private ones of type ClusterIP, the public ones of type LoadBalancer.

use std::collections::BTreeSet;

use kusion_sdk::{Pointer, Problems, Request, Resource, kubernetes, names, syntax};
use serde_json::{Value, json};

use crate::config::{Config, Platform, Port, Protocol};
use crate::resource_name;

/// Notes every port that no Service could have.
pub(crate) fn check(request: &Request<Config, Platform>, problems: &mut Problems) {
    let public = &request.platform.port;
    let settings = Pointer::platform().key("port");
    syntax::check_labels(&public.labels, &settings.key("labels"), problems);
    syntax::check_annotations(&public.annotations, &settings.key("annotations"), problems);
    let pointer = Pointer::config().key("ports");
    if !request.config.ports.is_empty() && request.workload.is_null() {
        problems.add(pointer.clone(), "ports lead to a workload, and this app has none");
    }
    let mut seen = BTreeSet::new();
    for (index, port) in request.config.ports.iter().enumerate() {
        let pointer = pointer.index(index);
        if port.port == 0 {
            problems.add(pointer.key("port"), "must be between 1 and 65535");
        }
        if port.target_port == Some(0) {
            problems.add(pointer.key("targetPort"), "must be between 1 and 65535");
        }
        if !seen.insert((port.public, port.port, port.protocol)) {
            let reach = if port.public { "public" } else { "private" };
            problems
                .add(pointer.key("port"), format!("there is another {reach} port {}", label(port)));
        }
    }
}

/// Makes the Services of the accessory's ports, at most one of each kind.
pub(crate) fn services(request: &Request<Config, Platform>) -> Vec<Resource> {
    [false, true].into_iter().filter_map(|public| service(request, public)).collect()
}

/// The name of the Service with the private or the public ports.
pub(crate) fn service_name(request: &Request<Config, Platform>, public: bool) -> String {
    resource_name(request, if public { "public" } else { "private" })
}

fn service(request: &Request<Config, Platform>, public: bool) -> Option<Resource> {
    let name = service_name(request, public);
    let ports: Vec<Value> = request
        .config
        .ports
        .iter()
        .filter(|port| port.public == public)
        .map(|port| service_port(&name, port))
        .collect();
    if ports.is_empty() {
        return None;
    }
    let mut labels = request.labels.clone();
    labels.extend(request.workload_labels());
    let mut annotations = request.annotations.clone();
    annotations.extend(request.workload_annotations());
    if public {
        labels.extend(request.platform.port.labels.clone());
        annotations.extend(request.platform.port.annotations.clone());
    }
    labels.extend(request.selector());
    Some(kubernetes::object(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": request.scope.namespace,
            "labels": labels,
            "annotations": kubernetes::unless_empty(&annotations),
        },
        "spec": {
            "type": if public { "LoadBalancer" } else { "ClusterIP" },
            "selector": request.selector(),
            "ports": ports,
        },
    })))
}

fn service_port(service: &str, port: &Port) -> Value {
    json!({
        "name": names::with_suffix(service, &label(port)),
        "port": port.port,
        "targetPort": port.target_port.unwrap_or(port.port),
        "protocol": port.protocol,
    })
}

fn label(port: &Port) -> String {
    let protocol = match port.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    format!("{}-{protocol}", port.port)
}
