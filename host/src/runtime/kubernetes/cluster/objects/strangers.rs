//! Items that others added to lists of ours, which an apply leaves where they are.
//!
//! A server-side apply merges such lists by key. So an item of ours whose key somebody changed comes back beside
//! what it was changed into, and only these lists can tell.

use serde_json::Value;

/// How deep lists are looked for; the server nests no deeper.
const DEPTH: usize = 64;
/// How many are named.
const NAMED: usize = 5;

/// Names the items of a live object that lie in lists of the object that is sent and that it does not have.
pub(crate) fn strangers(sent: &Value, live: &Value) -> Vec<String> {
    let mut search = Search { all: true, found: Vec::new() };
    search.walk(sent, live, &mut String::new(), DEPTH);
    search.found
}

/// Names those of lists in which something of ours is gone: they may have taken its place.
pub(crate) fn replaced(sent: &Value, live: &Value) -> Vec<String> {
    let mut search = Search { all: false, found: Vec::new() };
    search.walk(sent, live, &mut String::new(), DEPTH);
    search.found
}

struct Search {
    /// Whether lists count in which nothing of ours is gone.
    all: bool,
    found: Vec<String>,
}

impl Search {
    fn walk(&mut self, sent: &Value, live: &Value, path: &mut String, depth: usize) {
        if depth == 0 || self.found.len() >= NAMED {
            return;
        }
        match (sent, live) {
            (Value::Object(sent), Value::Object(live)) => {
                for (key, sent) in sent {
                    let Some(live) = live.get(key) else { continue };
                    let length = path.len();
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                    self.walk(sent, live, path, depth - 1);
                    path.truncate(length);
                }
            }
            (Value::Array(sent), Value::Array(live)) => self.list(sent, live, path, depth),
            _ => {}
        }
    }

    fn list(&mut self, sent: &[Value], live: &[Value], path: &mut String, depth: usize) {
        let is_keyed = |items: &[Value]| items.iter().all(|item| key(item).is_some());
        if !is_keyed(sent) || !is_keyed(live) {
            return;
        }
        let find = |items: &[Value], wanted: &Value| {
            let wanted = key(wanted);
            items.iter().position(|item| key(item) == wanted)
        };
        let gone = sent.iter().any(|item| find(live, item).is_none());
        for item in live {
            let Some(label) = key(item) else { continue };
            match find(sent, item).and_then(|at| sent.get(at)) {
                Some(ours) => {
                    let length = path.len();
                    path.push_str(&format!("[{label}]"));
                    self.walk(ours, item, path, depth - 1);
                    path.truncate(length);
                }
                None if (self.all || gone) && self.found.len() < NAMED => {
                    self.found.push(format!("`{path}[{label}]`"));
                }
                None => {}
            }
        }
    }
}

/// Returns by what the server tells an item of a list from others, as far as lists of core kinds go.
pub(super) fn key(item: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let port = ["port", "containerPort"].iter().find_map(|member| item.get(member));
    if let Some(port) = port {
        let protocol = item.get("protocol").and_then(Value::as_str);
        let protocol = protocol.filter(|protocol| *protocol != "TCP");
        let protocol = protocol.map(|protocol| format!("/{protocol}")).unwrap_or_default();
        return Some(format!("{}{protocol}", text(port)));
    }
    ["name", "mountPath", "ip"].iter().find_map(|member| item.get(member)).map(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service(ports: Value) -> Value {
        json!({"spec": {"ports": ports, "selector": {"app": "x"}}})
    }

    #[test]
    fn a_port_that_took_the_place_of_ours_is_told() {
        let ours = service(json!([{"name": "http", "port": 80}]));
        let live = service(json!([{"name": "http", "port": 81, "protocol": "TCP"}]));
        assert_eq!(replaced(&ours, &live), ["`spec.ports[81]`"]);
        assert_eq!(strangers(&ours, &live), ["`spec.ports[81]`"]);
    }

    #[test]
    fn what_was_only_added_took_no_place() {
        let ours = service(json!([{"port": 80}]));
        let live = service(json!([
            {"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"},
        ]));
        assert!(replaced(&ours, &live).is_empty());
        assert_eq!(strangers(&ours, &live), ["`spec.ports[53/UDP]`"]);
        assert!(strangers(&ours, &ours).is_empty());
    }

    #[test]
    fn lists_in_lists_are_looked_at_and_those_without_keys_are_not() {
        let pod = |env: Value, args: Value| json!({"containers": [{"name": "main", "env": env, "args": args}]});
        let ours = pod(json!([{"name": "A", "value": "1"}]), json!(["a"]));
        let live = pod(json!([{"name": "B", "value": "1"}]), json!(["b"]));
        assert_eq!(replaced(&ours, &live), ["`containers[main].env[B]`"]);
    }
}
