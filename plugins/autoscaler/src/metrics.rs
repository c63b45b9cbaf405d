//! What the number of pods follows.

use std::collections::BTreeMap;

use kusion_sdk::{Pointer, Problems, Request, syntax};
use serde_json::{Value, json};

use crate::config::{Amount, Config, Platform};
use crate::replicas::MAX_NUMBER;

/// The utilization of CPU, in percent, where nobody names a metric. Kubernetes takes the same.
const CPU_UTILIZATION: u32 = 80;

/// Lists the metrics: CPU, memory, and the others in the developer's order.
pub(crate) fn metrics(request: &Request<Config, Platform>, problems: &mut Problems) -> Vec<Value> {
    let (config, platform) = (&request.config, &request.platform);
    let is_named = config.cpu_utilization.is_some()
        || config.memory_utilization.is_some()
        || !config.pods.is_empty()
        || !config.external.is_empty();
    let mut metrics = Vec::new();
    let mut utilization = |name: &str, percent: u32, at: Pointer, problems: &mut Problems| {
        if percent == 0 || percent > MAX_NUMBER {
            problems.add(at, format!("must be between 1 and {MAX_NUMBER} percent"));
        }
        metrics.push(json!({
            "type": "Resource",
            "resource": {
                "name": name,
                "target": {"type": "Utilization", "averageUtilization": percent},
            },
        }));
    };
    let of_platform = Pointer::platform().key("cpuUtilization");
    match (config.cpu_utilization, platform.cpu_utilization) {
        (Some(percent), _) => {
            utilization("cpu", percent, Pointer::config().key("cpuUtilization"), problems);
        }
        (None, percent) if !is_named => {
            utilization("cpu", percent.unwrap_or(CPU_UTILIZATION), of_platform, problems);
        }
        (None, _) => {}
    }
    if let Some(percent) = config.memory_utilization {
        utilization("memory", percent, Pointer::config().key("memoryUtilization"), problems);
    }
    for (index, metric) in config.pods.iter().enumerate() {
        let at = Pointer::config().key("pods").index(index);
        let average = amount(&metric.average_value, &at.key("averageValue"), problems);
        metrics.push(json!({
            "type": "Pods",
            "pods": {
                "metric": identifier(&metric.metric, &metric.labels, &at, problems),
                "target": {"type": "AverageValue", "averageValue": average},
            },
        }));
    }
    for (index, metric) in config.external.iter().enumerate() {
        let at = Pointer::config().key("external").index(index);
        let target = match (&metric.value, &metric.average_value) {
            (Some(value), None) => {
                json!({"type": "Value", "value": amount(value, &at.key("value"), problems)})
            }
            (None, Some(value)) => {
                let value = amount(value, &at.key("averageValue"), problems);
                json!({"type": "AverageValue", "averageValue": value})
            }
            _ => {
                problems.add(at.clone(), "needs exactly one of `value` and `averageValue`");
                Value::Null
            }
        };
        metrics.push(json!({
            "type": "External",
            "external": {
                "metric": identifier(&metric.metric, &metric.labels, &at, problems),
                "target": target,
            },
        }));
    }
    metrics
}

fn identifier(
    name: &str,
    labels: &BTreeMap<String, String>,
    at: &Pointer,
    problems: &mut Problems,
) -> Value {
    // It becomes a part of a path.
    if matches!(name, "" | "." | "..") || name.contains(['/', '%']) {
        problems.add(at.key("metric"), "must be a name without `/` and `%`");
    }
    syntax::check_labels(labels, &at.key("labels"), problems);
    let selector = (!labels.is_empty()).then(|| json!({"matchLabels": labels}));
    json!({"name": name, "selector": selector})
}

/// The amount as text, because that is what a server answers with.
fn amount(amount: &Amount, at: &Pointer, problems: &mut Problems) -> String {
    let text = match amount {
        Amount::Number(number) => number.to_string(),
        Amount::Text(text) => text.clone(),
    };
    if syntax::amount(&text).is_none_or(|amount| amount == 0) {
        problems.add(at.clone(), "must be an amount above zero, as in `100` or `500m`");
    }
    text
}
