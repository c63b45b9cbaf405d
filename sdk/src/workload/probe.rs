//! How Kubernetes looks after a running container: probes and lifecycle hooks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::kubernetes::unless_empty;
use crate::pointer::Pointer;
use crate::rejection::Problems;

/// Hosts that mean the container itself, which Kubernetes expresses by naming none.
const SELF: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A check that is repeated while the container runs: one of `http`, `tcp` and `exec`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [
    {"http": {"url": "http://localhost:8080/ready"}, "periodSeconds": 5},
    {"tcp": {"url": "localhost:8080"}},
]))]
pub struct Probe {
    /// Asks for a page; a status below 400 is healthy.
    pub http: Option<Http>,
    /// Opens a connection.
    pub tcp: Option<Tcp>,
    /// Runs a command in the container; exit code 0 is healthy.
    pub exec: Option<Exec>,
    /// Seconds to wait before the first check.
    #[schemars(range(max = 2147483647))]
    pub initial_delay_seconds: Option<u32>,
    /// Seconds after which a check counts as failed.
    #[schemars(range(max = 2147483647))]
    pub timeout_seconds: Option<u32>,
    /// Seconds between two checks.
    #[schemars(range(max = 2147483647))]
    pub period_seconds: Option<u32>,
    /// Checks that must succeed in a row after one has failed; only a readiness probe can want more than 1.
    #[schemars(range(max = 2147483647))]
    pub success_threshold: Option<u32>,
    /// Checks that must fail in a row before anything happens.
    #[schemars(range(max = 2147483647))]
    pub failure_threshold: Option<u32>,
    /// Seconds the container has to stop when the check has failed; not for a readiness probe.
    #[schemars(range(max = 2147483647))]
    pub termination_grace_period: Option<u32>,
}

/// What happens when a container starts and stops.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// Right after the container has been created.
    pub post_start: Option<LifecycleHandler>,
    /// Before the container is asked to stop.
    pub pre_stop: Option<LifecycleHandler>,
}

/// Something to do: one of `http` and `exec`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("examples" = [{"exec": {"command": ["/bin/sleep", "5"]}}]))]
pub struct LifecycleHandler {
    /// Asks for a page.
    pub http: Option<Http>,
    /// Runs a command in the container.
    pub exec: Option<Exec>,
}

/// A command.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exec {
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
}

/// A page.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// The address, for example `http://localhost:8080/ready`.
    pub url: String,
    /// Further headers of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A port that accepts connections.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tcp {
    /// Host and port, for example `localhost:8080`.
    pub url: String,
}

/// What a probe decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decides {
    /// Whether the container gets requests.
    Readiness,
    /// Whether it goes on running.
    Life,
}

/// Makes a Kubernetes probe.
pub(super) fn probe(
    probe: &Probe,
    decides: Decides,
    at: &Pointer,
    problems: &mut Problems,
) -> Value {
    let mut result = handler(
        &[
            probe.http.as_ref().map(Action::Http),
            probe.tcp.as_ref().map(Action::Tcp),
            probe.exec.as_ref().map(Action::Exec),
        ],
        "needs exactly one of `http`, `tcp` and `exec`",
        at,
        problems,
    );
    if decides == Decides::Readiness && probe.termination_grace_period.is_some() {
        problems.add(at.key("terminationGracePeriod"), "a readiness probe never stops a container");
    }
    if decides == Decides::Life && probe.success_threshold.is_some_and(|threshold| threshold > 1) {
        problems.add(at.key("successThreshold"), "is always 1 but for a readiness probe");
    }
    for (key, seconds) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
        ("terminationGracePeriodSeconds", probe.termination_grace_period),
    ] {
        if let Some(number) = seconds.filter(|number| *number != 0) {
            result.insert(key.to_owned(), number.into());
        }
    }
    Value::Object(result)
}

/// Makes the Kubernetes form of the hooks, or nothing if there are none.
pub(super) fn lifecycle(lifecycle: &Lifecycle, at: &Pointer, problems: &mut Problems) -> Value {
    let mut hook = |hook: &Option<LifecycleHandler>, key: &str| {
        hook.as_ref().map(|hook| {
            handler(
                &[hook.http.as_ref().map(Action::Http), hook.exec.as_ref().map(Action::Exec)],
                "needs exactly one of `http` and `exec`",
                &at.key(key),
                problems,
            )
        })
    };
    let post_start = hook(&lifecycle.post_start, "postStart");
    let pre_stop = hook(&lifecycle.pre_stop, "preStop");
    if post_start.is_none() && pre_stop.is_none() {
        return Value::Null;
    }
    json!({"postStart": post_start, "preStop": pre_stop})
}

enum Action<'a> {
    Http(&'a Http),
    Tcp(&'a Tcp),
    Exec(&'a Exec),
}

fn handler(
    actions: &[Option<Action<'_>>],
    message: &str,
    at: &Pointer,
    problems: &mut Problems,
) -> Map<String, Value> {
    let mut present = actions.iter().flatten();
    let (Some(action), None) = (present.next(), present.next()) else {
        problems.add(at.clone(), message);
        return Map::new();
    };
    let (key, value) = match action {
        Action::Http(http) => ("httpGet", http_get(http, &at.key("http"), problems)),
        Action::Tcp(tcp) => ("tcpSocket", tcp_socket(tcp, &at.key("tcp"), problems)),
        Action::Exec(exec) => {
            if exec.command.is_empty() {
                problems.add(at.key("exec").key("command"), "must name a program");
            }
            ("exec", json!({"command": exec.command}))
        }
    };
    let mut result = Map::new();
    result.insert(key.to_owned(), value);
    result
}

fn http_get(http: &Http, at: &Pointer, problems: &mut Problems) -> Value {
    let Some((scheme, default_port, rest)) = scheme(&http.url) else {
        problems.add(at.key("url"), "must begin with `http://` or `https://`");
        return Value::Null;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let Some((host, port)) = host_and_port(authority, Some(default_port)) else {
        problems.add(at.key("url"), "must be a host, a port and a path");
        return Value::Null;
    };
    for name in http.headers.keys().filter(|name| !is_header(name)) {
        problems.add(
            at.key("headers").key(name).name(),
            "the name of a header consists of letters, digits and `-`",
        );
    }
    let headers: Vec<Value> =
        http.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "scheme": scheme,
        "host": host,
        "port": port,
        "path": path,
        "httpHeaders": unless_empty(&headers),
    })
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn tcp_socket(tcp: &Tcp, at: &Pointer, problems: &mut Problems) -> Value {
    let authority = tcp.url.strip_prefix("tcp://").unwrap_or(&tcp.url);
    let Some((host, port)) = host_and_port(authority, None) else {
        problems.add(at.key("url"), "must be a host and a port, as in `localhost:8080`");
        return Value::Null;
    };
    json!({"host": host, "port": port})
}

fn scheme(url: &str) -> Option<(&'static str, u16, &str)> {
    let (name, rest) = url.split_once("://")?;
    match name.to_ascii_lowercase().as_str() {
        "http" => Some(("HTTP", 80, rest)),
        "https" => Some(("HTTPS", 443, rest)),
        _ => None,
    }
}

/// The host, absent if it is the container itself, and the port.
fn host_and_port(authority: &str, default_port: Option<u16>) -> Option<(Option<&str>, u16)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, default_port?),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let is_plain = !host.contains(['@', ':', '[', ']', ' ']);
    if port == 0 || host.is_empty() || !(is_bracketed || is_plain) {
        return None;
    }
    if SELF.contains(&host) {
        return Some((None, port));
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((Some(host), port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rejection::Rejection;

    fn http(url: &str) -> Result<Value, Rejection> {
        let mut problems = Problems::default();
        let page = Http { url: url.to_owned(), headers: BTreeMap::new() };
        let value = http_get(&page, &Pointer::from("/config"), &mut problems);
        problems.finish().map(|()| value)
    }

    #[test]
    fn a_url_becomes_an_http_probe() {
        let cases = [
            ("http://localhost:8080/ready", "HTTP", None, 8080, "/ready"),
            ("https://127.0.0.1/", "HTTPS", None, 443, "/"),
            ("http://db.local", "HTTP", Some("db.local"), 80, "/"),
            ("http://[::1]:81/a?b=c#d", "HTTP", None, 81, "/a?b=c"),
            ("http://[fe80::1]:81", "HTTP", Some("fe80::1"), 81, "/"),
            ("http://host?x", "HTTP", Some("host"), 80, "/?x"),
        ];
        for (url, scheme, host, port, path) in cases {
            let expected = json!({
                "scheme": scheme,
                "host": host,
                "port": port,
                "path": path,
                "httpHeaders": null,
            });
            assert_eq!(http(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_broken_url_is_refused() {
        for url in [
            "localhost:8080/ready",
            "ftp://localhost/",
            "http://:80/",
            "http://localhost:http/",
            "http://localhost:0/",
            "http://user@host/",
            "http://a:b:1/",
        ] {
            assert!(http(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_tcp_address_needs_a_port() {
        assert_eq!(host_and_port("localhost:1", None), Some((None, 1)));
        assert_eq!(host_and_port("db:3306", None), Some((Some("db"), 3306)));
        assert_eq!(host_and_port("db", None), None);
    }
}
