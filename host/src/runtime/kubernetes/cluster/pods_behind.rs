//! Why a workload is not ready: what its pods say.

use serde_json::Value;

use super::kinds::segment;
use super::runtime::KubernetesRuntime;
use super::survey::{Place, Survey};
use super::transport::Call;
use crate::runtime::kubernetes::readiness::Readiness;

/// How many pods are named.
const NAMED: usize = 3;

/// Adds to a reason what the pods behind a workload wait for. What cannot be read is left out: it is an
/// explanation, not a verdict.
pub(super) async fn explain(
    runtime: &KubernetesRuntime,
    survey: &Survey,
    reason: String,
    workload: Option<&Value>,
) -> String {
    let Some(path) = workload.and_then(|workload| pods_path(runtime, survey, workload)) else {
        return reason;
    };
    let Ok(list) = runtime.link.call(&Call::get(path)).await else { return reason };
    let pods = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut said: Vec<String> = pods.into_iter().filter_map(complaint).collect();
    said.sort();
    said.truncate(NAMED);
    std::iter::once(reason).chain(said).collect::<Vec<_>>().join("; ")
}

fn complaint(mut pod: Value) -> Option<String> {
    let name = pod.pointer("/metadata/name")?.as_str()?.to_owned();
    // Objects in a list do not say what they are.
    let members = pod.as_object_mut()?;
    members.insert("apiVersion".to_owned(), "v1".into());
    members.insert("kind".to_owned(), "Pod".into());
    Some(format!("pod `{name}`: {}", Readiness::of(&pod).reason()?))
}

fn pods_path(runtime: &KubernetesRuntime, survey: &Survey, workload: &Value) -> Option<String> {
    let namespace = workload.pointer("/metadata/namespace")?.as_str()?;
    let labels = workload.pointer("/spec/selector/matchLabels")?.as_object()?;
    let labels: Vec<String> = labels
        .iter()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    if labels.is_empty() {
        return None;
    }
    let pods = Place {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: String::new(),
    };
    let (kind, _) = runtime.locate(survey, &pods)?;
    let selector = segment(&labels.join(","));
    Some(format!("{}?limit=50&labelSelector={selector}", kind.collection(Some(namespace))))
}
