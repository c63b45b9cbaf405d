//! What is open: for the platform first, then for what the developer writes.

use kusion_sdk::{Pointer, Problems, syntax};
use serde_json::{Value, json};

use crate::Call;
use crate::config::{EgressRule, IngressRule};
use crate::peer::{self, block, peers, ports};

/// Lists who may reach the app.
pub(crate) fn ingress(request: &Call, problems: &mut Problems) -> Vec<Value> {
    let (config, platform) = (&request.config, &request.platform);
    let at = Pointer::platform().key("fromNamespaces");
    for (index, name) in platform.from_namespaces.iter().enumerate() {
        if !syntax::is_dns_label(name) {
            problems.add(at.index(index), "no namespace can have this name");
        }
    }
    let own = platform.from_own_namespace.then(peer::own_namespace);
    let others = platform.from_namespaces.iter().map(|name| peer::namespace(name));
    let known: Vec<Value> = own.into_iter().chain(others).collect();
    let mut rules = Vec::new();
    if !known.is_empty() {
        rules.push(json!({"from": known}));
    }
    for (root, written) in
        [(Pointer::platform(), &platform.ingress), (Pointer::config(), &config.ingress)]
    {
        for (index, rule) in written.iter().enumerate() {
            let at = root.key("ingress").index(index);
            let IngressRule { from, ports: open } = rule;
            rules.push(json!({
                "from": peers(request, from, &at.key("from"), problems),
                "ports": ports(open, &at.key("ports"), problems),
            }));
        }
    }
    rules
}

/// Lists whom the app may reach.
pub(crate) fn egress(request: &Call, problems: &mut Problems) -> Vec<Value> {
    let (config, platform) = (&request.config, &request.platform);
    let mut rules = vec![dns(request, problems)];
    if platform.to_accessories {
        rules.push(json!({"to": [peer::accessories()]}));
    }
    for (root, written) in
        [(Pointer::platform(), &platform.egress), (Pointer::config(), &config.egress)]
    {
        for (index, rule) in written.iter().enumerate() {
            let at = root.key("egress").index(index);
            let EgressRule { to, ports: open } = rule;
            rules.push(json!({
                "to": peers(request, to, &at.key("to"), problems),
                "ports": ports(open, &at.key("ports"), problems),
            }));
        }
    }
    rules
}

/// Nothing works without names.
fn dns(request: &Call, problems: &mut Problems) -> Value {
    let dns = &request.platform.dns;
    let at = Pointer::platform().key("dns");
    if !syntax::is_dns_label(&dns.namespace) {
        problems.add(at.key("namespace"), "no namespace can have this name");
    }
    syntax::check_labels(&dns.pod_labels, &at.key("podLabels"), problems);
    if dns.port == 0 {
        problems.add(at.key("port"), "must be between 1 and 65535");
    }
    let mut servers = peer::namespace(&dns.namespace);
    if !dns.pod_labels.is_empty() {
        servers["podSelector"] = json!({"matchLabels": dns.pod_labels});
    }
    let mut to = vec![servers];
    for (index, cidr) in dns.cidrs.iter().enumerate() {
        block(cidr, &at.key("cidrs").index(index), problems);
        to.push(json!({"ipBlock": {"cidr": cidr}}));
    }
    let port = |protocol: &str| json!({"port": dns.port, "protocol": protocol});
    json!({"to": to, "ports": [port("UDP"), port("TCP")]})
}
