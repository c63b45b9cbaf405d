//! The `monitoring` module: lets Prometheus collect an app's metrics.
//!
//! With the Prometheus operator it makes a ServiceMonitor or a PodMonitor; without, it annotates the
//! app's pods.

mod config;
mod duration;

use kusion_sdk::{
    Module, Output, Patch, Pointer, Problems, Rejection, Request, Resource, kubernetes, syntax,
};
use serde_json::{Value, json};

pub use crate::config::{Config, MonitorType, Platform, Port, Scheme};

/// The label by which a PodMonitor finds the pods. Prometheus takes over labels of pods only if
/// their names consist of letters, digits and underscores.
const APP_LABEL: &str = "kusion_monitoring_appname";

/// The `monitoring` module.
#[derive(Debug)]
pub struct Monitoring;

impl Module for Monitoring {
    const NAME: &'static str = "monitoring";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Lets Prometheus collect an app's metrics.";
    const RESOURCE_TYPES: &'static [&'static str] =
        &["monitoring.coreos.com/v1:ServiceMonitor", "monitoring.coreos.com/v1:PodMonitor"];

    type Config = Config;
    type Platform = Platform;

    fn generate(request: Request<Config, Platform>) -> Result<Output, Rejection> {
        check(&request)?;
        if !request.platform.operator_mode {
            return Ok(Output::new().patch(pod_annotations(&request)));
        }
        let label = [(APP_LABEL, request.unique_app_name())];
        Ok(match request.platform.monitor_type {
            MonitorType::Service => {
                Output::new().resource(service_monitor(&request)).patch(Patch::labels(label))
            }
            MonitorType::Pod => {
                Output::new().resource(pod_monitor(&request)).patch(Patch::pod_labels(label))
            }
        })
    }
}

fn check(request: &Request<Config, Platform>) -> Result<(), Rejection> {
    let mut problems = Problems::default();
    if !request.config.path.starts_with('/') {
        problems.add(Pointer::config().key("path"), "must begin with `/`");
    }
    let has_port = match &request.config.port {
        None => true,
        Some(Port::Number(number)) => *number != 0,
        Some(Port::Name(name)) => match name.parse::<u16>() {
            Ok(number) => number != 0,
            Err(_) => syntax::is_dns_label(name),
        },
    };
    if !has_port {
        problems.add(
            Pointer::config().key("port"),
            "must be between 1 and 65535, or the name of a port",
        );
    }
    let mut length = |text: &str, key: &str| {
        let length = duration::milliseconds(text);
        if length.is_none() {
            problems
                .add(Pointer::platform().key(key), "must be a duration, as in `30s` or `1m30s`");
        }
        length
    };
    let interval = length(&request.platform.interval, "interval");
    let timeout = length(&request.platform.timeout, "timeout");
    if let (Some(interval), Some(timeout)) = (interval, timeout)
        && timeout > interval
    {
        problems.add(
            Pointer::platform().key("timeout"),
            format!("must not be longer than the interval, `{}`", request.platform.interval),
        );
    }
    problems.finish()
}

fn pod_annotations(request: &Request<Config, Platform>) -> Patch {
    let port = request.config.port.as_ref().map(|port| match port {
        Port::Number(number) => number.to_string(),
        Port::Name(name) => name.clone(),
    });
    let scheme = match request.platform.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let fixed = [
        ("prometheus.io/scrape", "true".to_owned()),
        ("prometheus.io/scheme", scheme.to_owned()),
        ("prometheus.io/path", request.config.path.clone()),
    ];
    let port = port.map(|port| ("prometheus.io/port", port));
    Patch::pod_annotations(fixed.into_iter().chain(port))
}

fn service_monitor(request: &Request<Config, Platform>) -> Resource {
    monitor(
        request,
        "ServiceMonitor",
        "service-monitor",
        json!({
            "selector": {"matchLabels": request.selector()},
            "endpoints": [endpoint(request, "targetPort")],
        }),
    )
}

fn pod_monitor(request: &Request<Config, Platform>) -> Resource {
    // Whatever labels a workload has, this one is put on its pods here; apps of other stacks have another value.
    let label = request.unique_app_name();
    monitor(
        request,
        "PodMonitor",
        "pod-monitor",
        json!({
            "selector": {"matchLabels": {APP_LABEL: label}},
            "podMetricsEndpoints": [endpoint(request, "portNumber")],
        }),
    )
}

fn monitor(request: &Request<Config, Platform>, kind: &str, suffix: &str, spec: Value) -> Resource {
    kubernetes::object(json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": kind,
        "metadata": {
            "name": request.accessory_name(Monitoring::NAME, suffix),
            "namespace": request.scope.namespace,
            "labels": request.object_labels(),
            "annotations": kubernetes::unless_empty(&request.annotations),
        },
        "spec": spec,
    }))
}

/// `number_key` is the field for the number of a container's port; a name has the same field
/// everywhere.
fn endpoint(request: &Request<Config, Platform>, number_key: &str) -> Value {
    let mut endpoint = json!({
        "interval": request.platform.interval,
        "scrapeTimeout": request.platform.timeout,
        "scheme": request.platform.scheme,
        "path": request.config.path,
    });
    match &request.config.port {
        None => {}
        Some(Port::Number(number)) => endpoint[number_key] = (*number).into(),
        Some(Port::Name(name)) => match name.parse::<u16>() {
            Ok(number) => endpoint[number_key] = number.into(),
            Err(_) => endpoint["port"] = name.clone().into(),
        },
    }
    endpoint
}

kusion_sdk::export!(Monitoring);

#[cfg(test)]
mod tests;
