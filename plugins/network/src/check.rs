//! What Kubernetes would refuse of an Ingress and its class, told where the developer wrote it.

use kusion_sdk::{Pointer, Problems, syntax};

use crate::config::{
    ClassParameters, HttpPath, Ingress, IngressClass, PathType, ResourceBackend, Rule,
    ServiceBackend, Tls,
};

/// The most characters of a controller's name.
const MAX_CONTROLLER: usize = 250;
/// What a path cannot hold whose elements are compared.
const NOT_IN_PATHS: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
/// What such a path cannot end in.
const NOT_AT_ENDS: [&str; 2] = ["/.", "/.."];

const NOT_A_NAME: &str = "must be the name of an object: lower-case letters, digits, `-` and `.`, with a letter or digit at both ends";
const NOT_A_HOST: &str =
    "must be a host in lower case, as in `shop.example.com` or `*.example.com`";

/// Notes what is wrong with an Ingress by itself, its backends left out.
pub(crate) fn ingress(ingress: &Ingress, at: &Pointer, problems: &mut Problems) {
    syntax::check_labels(&ingress.labels, &at.key("labels"), problems);
    syntax::check_annotations(&ingress.annotations, &at.key("annotations"), problems);
    if ingress.ingress_class_name.as_deref().is_some_and(|name| !syntax::is_domain(name)) {
        problems.add(at.key("ingressClassName"), NOT_A_NAME);
    }
    for (index, tls) in ingress.tls.iter().enumerate() {
        certificate(tls, &at.key("tls").index(index), problems);
    }
}

/// Notes what is wrong with a rule, its paths left out.
pub(crate) fn rule(rule: &Rule, at: &Pointer, problems: &mut Problems) {
    if rule.host.as_deref().is_some_and(|host| !is_host(host)) {
        problems.add(at.key("host"), NOT_A_HOST);
    }
    if rule.http.as_ref().is_some_and(|http| http.paths.is_empty()) {
        problems.add(at.key("http").key("paths"), "needs at least one path");
    }
}

/// Notes what is wrong with a path, its backend left out.
pub(crate) fn path(path: &HttpPath, at: &Pointer, problems: &mut Problems) {
    let text = path.path.as_str();
    if !text.starts_with('/') {
        problems.add(at.key("path"), "must begin with `/`");
    }
    if path.path_type == PathType::ImplementationSpecific {
        return;
    }
    let holds = NOT_IN_PATHS.iter().find(|part| text.contains(**part));
    if let Some(part) = holds.or_else(|| NOT_AT_ENDS.iter().find(|part| text.ends_with(**part))) {
        problems.add(
            at.key("path"),
            format!("cannot have `{part}`, unless `pathType` is `ImplementationSpecific`"),
        );
    }
}

/// Notes what is wrong with the names in a backend that is a service.
pub(crate) fn service(service: &ServiceBackend, at: &Pointer, problems: &mut Problems) {
    let is_service = |name: &str| {
        syntax::is_dns_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())
    };
    if service.name.as_deref().is_some_and(|name| !is_service(name)) {
        problems.add(
            at.key("name"),
            "must be the name of a Service: at most 63 lower-case letters, digits and `-`, beginning with a letter",
        );
    }
    if service.port.name.as_deref().is_some_and(|name| !syntax::is_port_name(name)) {
        problems.add(
            at.key("port").key("name"),
            "must be the name of a port: at most 15 lower-case letters, digits and single `-`, with a letter",
        );
    }
}

/// Notes what is wrong with a backend that is another resource.
pub(crate) fn resource(resource: &ResourceBackend, at: &Pointer, problems: &mut Problems) {
    let ResourceBackend { api_group, kind, name } = resource;
    reference(api_group.as_deref(), kind, name, at, problems);
}

/// Notes what is wrong with a class.
pub(crate) fn class(class: &IngressClass, at: &Pointer, problems: &mut Problems) {
    syntax::check_labels(&class.labels, &at.key("labels"), problems);
    syntax::check_annotations(&class.annotations, &at.key("annotations"), problems);
    if !is_controller(&class.controller) {
        problems.add(
            at.key("controller"),
            "must be a domain and a path, as in `acme.io/ingress-controller`, of at most 250 characters",
        );
    }
    if let Some(given) = &class.parameters {
        parameters(given, &at.key("parameters"), problems);
    }
}

fn parameters(parameters: &ClassParameters, at: &Pointer, problems: &mut Problems) {
    let ClassParameters { api_group, kind, name, scope, namespace } = parameters;
    reference(api_group.as_deref(), kind, name, at, problems);
    match (scope.as_deref(), namespace) {
        (None | Some("Cluster"), None) => {}
        (None | Some("Cluster"), Some(_)) => {
            problems.add(at.key("namespace"), "needs `scope: Namespace`");
        }
        (Some("Namespace"), Some(name)) if syntax::is_dns_label(name) => {}
        (Some("Namespace"), Some(_)) => problems.add(at.key("namespace"), NOT_A_NAME),
        (Some("Namespace"), None) => {
            problems.add(at.clone(), "needs `namespace`, because its scope is `Namespace`");
        }
        (Some(_), _) => problems.add(at.key("scope"), "must be `Cluster` or `Namespace`"),
    }
}

fn reference(group: Option<&str>, kind: &str, name: &str, at: &Pointer, problems: &mut Problems) {
    if group.is_some_and(|group| !syntax::is_domain(group)) {
        problems.add(at.key("apiGroup"), "must be a domain, as in `k8s.example.com`");
    }
    for (key, text) in [("kind", kind), ("name", name)] {
        if text.is_empty() || text == "." || text == ".." || text.contains(['/', '%']) {
            problems.add(at.key(key), "must not be empty, `.` or `..`, nor have a `/` or `%`");
        }
    }
}

fn certificate(tls: &Tls, at: &Pointer, problems: &mut Problems) {
    for (index, host) in tls.hosts.iter().enumerate() {
        if !is_host(host) {
            problems.add(at.key("hosts").index(index), NOT_A_HOST);
        }
    }
    if tls.secret_name.as_deref().is_some_and(|name| !syntax::is_domain(name)) {
        problems.add(at.key("secretName"), NOT_A_NAME);
    }
}

/// Whether it is a domain, also one with a `*` for its first part; addresses are none.
fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_address =
        name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok());
    syntax::is_domain(name) && !is_address
}

fn is_controller(controller: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:/%".contains(&b);
    controller.len() <= MAX_CONTROLLER
        && controller.split_once('/').is_some_and(|(domain, path)| {
            syntax::is_domain(domain) && !path.is_empty() && path.bytes().all(allowed)
        })
}
