//! Those with whom the app speaks, as Kubernetes wants them.

use kusion_sdk::{Pointer, Problems, names, syntax};
use serde_json::{Value, json};

use crate::Call;
use crate::cidr::Cidr;
use crate::config::{NumberOrName, Peer, Port};

/// The label that every namespace has, with its name.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// The label of the pods of accessories.
const ACCESSORY_LABEL: &str = "accessory";

/// All pods of a namespace.
pub(crate) fn namespace(name: &str) -> Value {
    json!({"namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: name}}})
}

/// All pods of the app's own namespace.
pub(crate) fn own_namespace() -> Value {
    json!({"podSelector": {}})
}

/// The pods of accessories in the app's namespace.
pub(crate) fn accessories() -> Value {
    json!({"podSelector": {"matchExpressions": [{"key": ACCESSORY_LABEL, "operator": "Exists"}]}})
}

/// Lists peers, and notes what no policy can have.
pub(crate) fn peers(
    request: &Call,
    peers: &Option<Vec<Peer>>,
    at: &Pointer,
    problems: &mut Problems,
) -> Option<Vec<Value>> {
    let peers = peers.as_ref()?;
    if peers.is_empty() {
        problems
            .add(at.clone(), "an empty list would mean everybody; leave it out if that is meant");
    }
    let list = peers.iter().enumerate();
    Some(list.map(|(index, peer)| one(request, peer, &at.index(index), problems)).collect())
}

fn one(request: &Call, peer: &Peer, at: &Pointer, problems: &mut Problems) -> Value {
    let Peer { app, namespace, namespace_labels, pod_labels, cidr, except } = peer;
    let is_selected = namespace.is_some() || !namespace_labels.is_empty() || !pod_labels.is_empty();
    let ways = [app.is_some(), is_selected, cidr.is_some()];
    if ways.iter().filter(|is_used| **is_used).count() != 1 {
        problems.add(
            at.clone(),
            "needs exactly one of `app`, `cidr`, and namespaces or pods (`namespace`, `namespaceLabels`, `podLabels`)",
        );
        return Value::Null;
    }
    if !except.is_empty() && cidr.is_none() {
        problems.add(at.key("except"), "is possible with `cidr` only");
    }
    if let Some(app) = app {
        if !syntax::is_dns_label(app) {
            problems.add(at.key("app"), "no app can have this name");
        }
        let mut labels = request.selector();
        labels.insert(names::NAME_LABEL.to_owned(), names::label_value(app));
        return json!({"podSelector": {"matchLabels": labels}});
    }
    if let Some(cidr) = cidr {
        return addresses(cidr, except, at, problems);
    }
    selected(peer, at, problems)
}

fn selected(peer: &Peer, at: &Pointer, problems: &mut Problems) -> Value {
    let Peer { namespace, namespace_labels, pod_labels, .. } = peer;
    if namespace.is_some() && !namespace_labels.is_empty() {
        problems.add(at.key("namespaceLabels"), "excludes `namespace`");
    }
    if namespace.as_ref().is_some_and(|name| !syntax::is_dns_label(name)) {
        problems.add(at.key("namespace"), "no namespace can have this name");
    }
    syntax::check_labels(namespace_labels, &at.key("namespaceLabels"), problems);
    syntax::check_labels(pod_labels, &at.key("podLabels"), problems);
    let namespaces = match namespace {
        Some(name) => Some(json!({"matchLabels": {NAMESPACE_LABEL: name}})),
        None => (!namespace_labels.is_empty()).then(|| json!({"matchLabels": namespace_labels})),
    };
    let pods = (!pod_labels.is_empty()).then(|| json!({"matchLabels": pod_labels}));
    json!({"namespaceSelector": namespaces, "podSelector": pods})
}

fn addresses(cidr: &str, except: &[String], at: &Pointer, problems: &mut Problems) -> Value {
    let whole = block(cidr, &at.key("cidr"), problems);
    for (index, part) in except.iter().enumerate() {
        let at = at.key("except").index(index);
        let part = block(part, &at, problems);
        if whole.zip(part).is_some_and(|(whole, part)| !whole.is_wider_than(part)) {
            problems.add(at, format!("must be a part of `{cidr}`, and not all of it"));
        }
    }
    let except = (!except.is_empty()).then_some(except);
    json!({"ipBlock": {"cidr": cidr, "except": except}})
}

/// Reads a block of addresses, and notes a text that is none.
pub(crate) fn block(text: &str, at: &Pointer, problems: &mut Problems) -> Option<Cidr> {
    let block = Cidr::parse(text);
    if block.is_none() {
        problems
            .add(at.clone(), "must be a block of addresses, as in `10.0.0.0/8` or `2001:db8::/32`");
    }
    block
}

/// Lists ports, and notes what no policy can have.
pub(crate) fn ports(
    ports: &Option<Vec<Port>>,
    at: &Pointer,
    problems: &mut Problems,
) -> Option<Vec<Value>> {
    let ports = ports.as_ref()?;
    if ports.is_empty() {
        problems
            .add(at.clone(), "an empty list would mean all ports; leave it out if that is meant");
    }
    let list = ports.iter().enumerate();
    Some(list.map(|(index, port)| port_of(port, &at.index(index), problems)).collect())
}

fn port_of(port: &Port, at: &Pointer, problems: &mut Problems) -> Value {
    match &port.port {
        NumberOrName::Number(0) => {
            problems.add(at.key("port"), "must be between 1 and 65535");
        }
        NumberOrName::Number(first) => {
            if port.end_port.is_some_and(|last| last < *first) {
                problems.add(at.key("endPort"), format!("must not be less than `port`, {first}"));
            }
        }
        NumberOrName::Name(name) => {
            if !syntax::is_port_name(name) {
                problems.add(at.key("port"), "no port of a container can have this name");
            }
            if port.end_port.is_some() {
                problems.add(at.key("endPort"), "needs a `port` by number");
            }
        }
    }
    json!({"port": port.port, "endPort": port.end_port, "protocol": port.protocol})
}
