//! Connections to the pods of a stack, through the server.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::error::ClusterError;
use super::objects::is_terminating;
use super::runtime::KubernetesRuntime;
use super::wire::{Call, Failure, segment};
use crate::runtime::RuntimeError;
use crate::runtime::connection::{Connection, Doorway, PodPort};
use crate::runtime::kubernetes::readiness::pod_trouble;

/// How long a connection waits for a pod that works: one that goes is soon replaced.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the pods are looked at meanwhile.
const POLL: Duration = Duration::from_secs(1);
/// How many pods are looked at.
const READ: usize = 100;

impl KubernetesRuntime {
    /// Connects to a pod that works. If it is gone by then, to another one.
    pub(super) async fn connect_to_pod(&self, to: &Doorway) -> Result<Connection, RuntimeError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut failed = None;
            for (pod, port) in self.pods_of(to).await? {
                match self.link.forward(&to.namespace, &pod, port).await {
                    Ok(connection) => return Ok(connection),
                    Err(failure) => failed = Some(failure),
                }
            }
            let wait = failed.as_ref().is_none_or(is_gone);
            if !wait || Instant::now() >= deadline {
                return Err(match failed {
                    Some(failure) => self.error(failure, &to.id, "forward a port to", None),
                    None => RuntimeError::Cluster(Box::new(ClusterError::NoPod {
                        title: to.title.clone(),
                    })),
                });
            }
            sleep(POLL).await;
        }
    }

    /// Lists the pods that work, with the number of their port.
    async fn pods_of(&self, to: &Doorway) -> Result<Vec<(String, u16)>, RuntimeError> {
        let (namespace, selector) = (segment(&to.namespace), segment(&to.selector));
        let path =
            format!("/api/v1/namespaces/{namespace}/pods?limit={READ}&labelSelector={selector}");
        let list = self.link.call(&Call::get(path)).await;
        let list = list.map_err(|failure| self.error(failure, &to.id, "find the pods of", None))?;
        let pods = list.get("items").and_then(Value::as_array);
        Ok(pods.into_iter().flatten().filter_map(|pod| reachable(pod, &to.pod_port)).collect())
    }
}

/// A pod that is gone, or that its node has lost, has a successor.
fn is_gone(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusal) => refusal.code == 404 || refusal.is_passing(),
        Failure::Unanswered { .. } | Failure::Garbled { .. } | Failure::TooLong => false,
    }
}

/// Returns the name of a pod and the number of its port, if it can be reached.
fn reachable(pod: &Value, port: &PodPort) -> Option<(String, u16)> {
    let running = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Running");
    if is_terminating(pod) || !running || pod_trouble(pod).is_some() {
        return None;
    }
    let number = match port {
        PodPort::Number(number) => *number,
        PodPort::Name(name) => named_port(pod, name)?,
    };
    Some((pod.pointer("/metadata/name")?.as_str()?.to_owned(), number))
}

fn named_port(pod: &Value, name: &str) -> Option<u16> {
    let containers = pod.pointer("/spec/containers")?.as_array()?.iter();
    let mut ports = containers.filter_map(|it| it.get("ports")?.as_array()).flatten();
    let port = ports.find(|port| port.get("name").and_then(Value::as_str) == Some(name))?;
    u16::try_from(port.get("containerPort")?.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(ready: &str) -> Value {
        json!({
            "metadata": {"name": "p"},
            "spec": {"containers": [
                {"name": "side"},
                {"name": "main", "ports": [{"name": "http", "containerPort": 8080}]},
            ]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    #[test]
    fn only_a_pod_that_works_and_has_the_port_is_reached() {
        let http = PodPort::Name("http".to_owned());
        assert_eq!(reachable(&pod("True"), &http), Some(("p".to_owned(), 8080)));
        assert_eq!(reachable(&pod("True"), &PodPort::Number(1)), Some(("p".to_owned(), 1)));
        assert_eq!(reachable(&pod("True"), &PodPort::Name("grpc".to_owned())), None);
        assert_eq!(reachable(&pod("False"), &http), None);
        let mut leaving = pod("True");
        leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        assert_eq!(reachable(&leaving, &http), None);
    }
}
