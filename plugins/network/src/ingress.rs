//! The Ingress and the IngressClass: what a developer wrote, with the accessory's own Services and
//! class filled in.

use std::collections::BTreeMap;

use kusion_sdk::{Pointer, Problems, Request, Resource, kubernetes};
use serde_json::{Value, json};

use crate::config::{Backend, Config, Ingress, Platform, ServiceBackend};
use crate::{check, ports, resource_name};

/// The old way to name a class, which excludes the new one.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

type Call = Request<Config, Platform>;

/// Makes the Ingress, if the developer wrote one, and notes what is wrong with it.
pub(crate) fn ingress(request: &Call, problems: &mut Problems) -> Option<Resource> {
    let ingress = request.config.ingress.as_ref()?;
    let pointer = Pointer::config().key("ingress");
    if ingress.rules.is_empty() && ingress.default_backend.is_none() {
        problems.add(pointer.clone(), "needs `rules` or a `defaultBackend`");
    }
    check::ingress(ingress, &pointer, problems);
    let default_backend = ingress
        .default_backend
        .as_ref()
        .map(|it| backend(request, it, &pointer.key("defaultBackend"), problems));
    let tls: Vec<Value> = ingress
        .tls
        .iter()
        .map(|tls| {
            json!({
                "hosts": kubernetes::unless_empty(&tls.hosts),
                "secretName": tls.secret_name,
            })
        })
        .collect();
    let rules = rules(request, ingress, &pointer.key("rules"), problems);
    Some(kubernetes::object(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": resource_name(request, "ingress"),
            "namespace": request.scope.namespace,
            "labels": labels(request, &ingress.labels),
            "annotations": kubernetes::unless_empty(&ingress.annotations),
        },
        "spec": {
            "ingressClassName": class_name(request, ingress),
            "defaultBackend": default_backend,
            "rules": kubernetes::unless_empty(&rules),
            "tls": kubernetes::unless_empty(&tls),
        },
    })))
}

/// Makes the IngressClass, if the developer wrote one, and notes what is wrong with it.
pub(crate) fn class(request: &Call, problems: &mut Problems) -> Option<Resource> {
    let class = request.config.ingress_class.as_ref()?;
    check::class(class, &Pointer::config().key("ingressClass"), problems);
    Some(kubernetes::object(json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {
            "name": resource_name(request, "ingressclass"),
            "labels": labels(request, &class.labels),
            "annotations": kubernetes::unless_empty(&class.annotations),
        },
        "spec": {
            "controller": class.controller,
            "parameters": class.parameters,
        },
    })))
}

fn labels(request: &Call, own: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = request.labels.clone();
    labels.extend(own.clone());
    labels.extend(request.selector());
    labels
}

fn class_name(request: &Call, ingress: &Ingress) -> Option<String> {
    if ingress.ingress_class_name.is_some() || ingress.annotations.contains_key(CLASS_ANNOTATION) {
        return ingress.ingress_class_name.clone();
    }
    let own = request.config.ingress_class.as_ref();
    own.map(|_| resource_name(request, "ingressclass"))
}

fn rules(
    request: &Call,
    ingress: &Ingress,
    pointer: &Pointer,
    problems: &mut Problems,
) -> Vec<Value> {
    let mut rules = Vec::with_capacity(ingress.rules.len());
    for (index, rule) in ingress.rules.iter().enumerate() {
        let pointer = pointer.index(index);
        check::rule(rule, &pointer, problems);
        let pointer = pointer.key("http").key("paths");
        let mut paths = Vec::new();
        for (index, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            let pointer = pointer.index(index);
            check::path(path, &pointer, problems);
            paths.push(json!({
                "path": path.path,
                "pathType": path.path_type,
                "backend": backend(request, &path.backend, &pointer.key("backend"), problems),
            }));
        }
        rules.push(json!({
            "host": rule.host,
            "http": rule.http.as_ref().map(|_| json!({"paths": paths})),
        }));
    }
    rules
}

fn backend(request: &Call, backend: &Backend, at: &Pointer, problems: &mut Problems) -> Value {
    match (&backend.service, &backend.resource) {
        (Some(service), None) => {
            json!({"service": service_backend(request, service, &at.key("service"), problems)})
        }
        (None, Some(resource)) => {
            check::resource(resource, &at.key("resource"), problems);
            json!({"resource": resource})
        }
        _ => {
            problems.add(at.clone(), "needs either `service` or `resource`");
            Value::Null
        }
    }
}

fn service_backend(
    request: &Call,
    service: &ServiceBackend,
    at: &Pointer,
    problems: &mut Problems,
) -> Value {
    check::service(service, at, problems);
    let port = &service.port;
    if port.name.is_some() == port.number.is_some() {
        problems.add(at.key("port"), "needs either `number` or `name`");
        return Value::Null;
    }
    let owner = || {
        let number = port.number?;
        let owner = request.config.ports.iter().find(|it| it.port == number)?;
        Some(ports::service_name(request, owner.public))
    };
    let Some(name) = service.name.clone().or_else(owner) else {
        let message = match port.number {
            Some(number) => format!("no port of this accessory has the number {number}"),
            None => "a port by name needs the `name` of the service too".to_owned(),
        };
        problems.add(at.key("port"), message);
        return Value::Null;
    };
    json!({"name": name, "port": {"name": port.name, "number": port.number}})
}
