//! The pods behind a workload, and which of them are to blame.

use serde_json::Value;

use super::explanation::TroubledPod;
use crate::runtime::kubernetes::cluster::objects::{is_terminating, uid};
use crate::runtime::kubernetes::cluster::wire::{Call, METADATA_LIST, Transport, segment};
use crate::runtime::kubernetes::identity::Identity;
use crate::runtime::kubernetes::readiness::{Trouble, pod_trouble};

/// How many pods are looked at.
const READ: usize = 500;
/// How many pods are named.
const NAMED: usize = 3;

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// The pods that a workload runs.
#[derive(Debug, Default)]
pub(super) struct PodsBehind {
    pods: Vec<Value>,
    /// What makes the pods of the newest version; the workload itself unless it is a Deployment.
    maker: Option<String>,
}

/// The pods that do not work.
#[derive(Debug, Default)]
pub(super) struct Troubled {
    pub(crate) pods: Vec<TroubledPod>,
    /// The uids of those that are named.
    pub(super) uids: Vec<String>,
    pub(crate) more: usize,
}

impl PodsBehind {
    /// Reads the pods of a workload; none of what runs none. What cannot be read is left out: it is an
    /// explanation, not a verdict.
    pub(crate) async fn read(link: &Transport, workload: &Value) -> Self {
        let Ok(identity) = Identity::of(workload) else { return Self::default() };
        if identity.api_version == "v1" && identity.kind == "Pod" {
            return Self { pods: vec![workload.clone()], maker: None };
        }
        let runs_pods = matches!(identity.group(), "apps" | "batch")
            || (identity.group().is_empty() && identity.kind == "ReplicationController");
        let (Some(namespace), Some(selector), true) =
            (identity.namespace, selector(workload), runs_pods)
        else {
            return Self::default();
        };
        let query = format!("limit={READ}&labelSelector={}", segment(&selector));
        let namespace = segment(namespace);
        let pods = Call::get(format!("/api/v1/namespaces/{namespace}/pods?{query}"));
        if (identity.group(), identity.kind) == ("apps", "Deployment") {
            let sets = format!("/apis/apps/v1/namespaces/{namespace}/replicasets?{query}");
            let sets = Call::get(sets).accept(METADATA_LIST);
            let (pods, sets) = futures_util::join!(link.call(&pods), link.call(&sets));
            return Self::of_deployment(workload, items(pods.ok()), &items(sets.ok()));
        }
        Self::of_owner(workload, items(link.call(&pods).await.ok()))
    }

    fn of_deployment(deployment: &Value, pods: Vec<Value>, sets: &[Value]) -> Self {
        let sets: Vec<&Value> = sets.iter().filter(|set| owner(set) == uid(deployment)).collect();
        let revision = |set: &Value| set.pointer(REVISION)?.as_str()?.parse::<u64>().ok();
        let newest = sets.iter().max_by_key(|set| revision(set)).and_then(|set| uid(set));
        let maker = newest.map(str::to_owned);
        let is_ours =
            |pod: &Value| owner(pod).is_some() && sets.iter().any(|set| uid(set) == owner(pod));
        Self { pods: pods.into_iter().filter(is_ours).collect(), maker }
    }

    fn of_owner(workload: &Value, mut pods: Vec<Value>) -> Self {
        pods.retain(|pod| owner(pod).is_some() && owner(pod) == uid(workload));
        Self { pods, maker: uid(workload).map(str::to_owned) }
    }

    /// Returns the uid of what makes the pods of the newest version.
    pub(super) fn maker(&self) -> Option<&str> {
        self.maker.as_deref()
    }

    /// Says that waiting is of no use, if a pod of the newest version says so.
    pub(crate) fn verdict(&self) -> Option<String> {
        let newest = self.pods.iter().filter(|pod| !is_terminating(pod) && !self.is_old(pod));
        newest
            .filter_map(|pod| named(pod, pod_trouble(pod)?))
            .find_map(|pod| pod.trouble.is_final().then(|| pod.to_string()))
    }

    /// Says in a few words what keeps a pod of the newest version from working, if it is more than a step on
    /// the way.
    pub(super) fn complaint(&self) -> Option<String> {
        let newest = self.pods.iter().filter(|pod| !is_terminating(pod) && !self.is_old(pod));
        let stuck = newest.filter_map(|pod| named(pod, pod_trouble(pod)?));
        let stuck =
            stuck.filter(|pod| pod.trouble.is_stuck()).min_by(|a, b| a.name.cmp(&b.name))?;
        Some(format!("pod `{}`: {}", stuck.name, stuck.trouble.reason))
    }

    fn is_old(&self, pod: &Value) -> bool {
        self.maker.is_some() && owner(pod) != self.maker.as_deref()
    }

    /// Returns the pods that do not work, of the newest version first. Pods that are being deleted are to
    /// blame only if no other is.
    pub(super) fn troubled(&self) -> Troubled {
        let mut staying = Vec::new();
        let mut leaving = Vec::new();
        for pod in &self.pods {
            let uid = uid(pod).unwrap_or_default().to_owned();
            if is_terminating(pod) {
                leaving.extend(named(pod, Trouble::of_terminating()).map(|pod| (pod, uid)));
            } else if let Some(pod_in_trouble) = pod_trouble(pod).and_then(|it| named(pod, it)) {
                let stuck = pod_in_trouble.trouble.is_stuck();
                let rank = (self.is_old(pod), !stuck, pod_in_trouble.name.clone());
                staying.push((rank, (pod_in_trouble, uid)));
            }
        }
        staying.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut blamed: Vec<(TroubledPod, String)> =
            staying.into_iter().map(|(_, pod)| pod).collect();
        if blamed.is_empty() {
            leaving.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
            blamed = leaving;
        }
        let more = blamed.len().saturating_sub(NAMED);
        blamed.truncate(NAMED);
        let (pods, uids) = blamed.into_iter().unzip();
        Troubled { pods, uids, more }
    }
}

fn named(pod: &Value, trouble: Trouble) -> Option<TroubledPod> {
    let name = pod.pointer("/metadata/name")?.as_str()?.to_owned();
    Some(TroubledPod { name, trouble })
}

/// Returns what controls an object.
fn owner(object: &Value) -> Option<&str> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let controller = owners
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?;
    controller.get("uid")?.as_str()
}

/// Writes the selector of a workload as a query has it. `None` if it selects everything or nothing.
fn selector(workload: &Value) -> Option<String> {
    let selector = workload.pointer("/spec/selector")?;
    // That of a ReplicationController is nothing but labels.
    let structured = selector.get("matchLabels").is_some_and(Value::is_object)
        || selector.get("matchExpressions").is_some_and(Value::is_array);
    let labels = if structured { selector.get("matchLabels") } else { Some(selector) };
    let labels = labels.and_then(Value::as_object).into_iter().flatten();
    let mut terms: Vec<String> =
        labels.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let key = expression.get("key")?.as_str()?;
        let values = expression.get("values").and_then(Value::as_array);
        let values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        let values = values.join(",");
        terms.push(match expression.get("operator")?.as_str()? {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!terms.is_empty()).then(|| terms.join(","))
}

fn items(list: Option<Value>) -> Vec<Value> {
    match list.and_then(|mut list| Some(list.get_mut("items")?.take())) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owned(name: &str, owner: &str, mut more: Value) -> Value {
        more["metadata"] = json!({
            "name": name, "uid": format!("uid-{name}"),
            "ownerReferences": [{"uid": owner, "controller": true}],
        });
        more
    }

    fn stuck(name: &str, owner: &str) -> Value {
        let container = json!({
            "name": "main", "image": "nope:1", "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff"}},
        });
        owned(
            name,
            owner,
            json!({"status": {"phase": "Pending", "containerStatuses": [container]}}),
        )
    }

    fn ready(name: &str, owner: &str) -> Value {
        let status =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        owned(name, owner, json!({"status": status}))
    }

    fn leaving(name: &str, owner: &str) -> Value {
        let mut pod = ready(name, owner);
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        pod
    }

    fn set(name: &str, owner: &str, revision: u64) -> Value {
        let mut set = owned(name, owner, json!({}));
        set["metadata"]["annotations"] =
            json!({"deployment.kubernetes.io/revision": revision.to_string()});
        set
    }

    fn blamed(pods: Vec<Value>) -> Vec<String> {
        let deployment = json!({"metadata": {"name": "d", "uid": "d"}});
        let sets = [set("new", "d", 10), set("old", "d", 9), set("other", "somebody", 11)];
        let behind = PodsBehind::of_deployment(&deployment, pods, &sets);
        assert_eq!(behind.maker(), Some("uid-new"));
        behind.troubled().pods.into_iter().map(|pod| pod.to_string()).collect()
    }

    #[test]
    fn only_pods_that_do_not_work_are_blamed_and_new_ones_first() {
        let image = "container `main`: ImagePullBackOff, image `nope:1`";
        assert_eq!(
            blamed(vec![
                ready("a-old", "uid-old"),
                stuck("b-old", "uid-old"),
                stuck("z-new", "uid-new"),
                stuck("theirs", "uid-other"),
                leaving("c-old", "uid-old"),
            ]),
            [format!("pod `z-new`: {image}"), format!("pod `b-old`: {image}")]
        );
        assert!(blamed(vec![ready("a", "uid-old"), ready("b", "uid-new")]).is_empty());
    }

    #[test]
    fn while_it_is_waited_only_new_pods_are_spoken_of() {
        let behind = |pods| PodsBehind { pods, maker: Some("new".to_owned()) };
        assert_eq!(behind(vec![stuck("a", "old"), ready("b", "new")]).complaint(), None);
        let said =
            behind(vec![stuck("a", "old"), stuck("c", "new"), stuck("b", "new")]).complaint();
        assert_eq!(said.as_deref(), Some("pod `b`: ImagePullBackOff"));
    }

    #[test]
    fn pods_that_are_being_deleted_are_blamed_if_no_other_is() {
        let pods = vec![ready("a", "uid-new"), leaving("b", "uid-old")];
        assert_eq!(blamed(pods), ["pod `b`: it is being deleted"]);
    }

    #[test]
    fn of_very_many_a_few_are_named() {
        let workload = json!({"metadata": {"uid": "w"}});
        let pods = (0..9).map(|number| stuck(&format!("p{number}"), "w")).collect();
        let troubled = PodsBehind::of_owner(&workload, pods).troubled();
        assert_eq!((troubled.pods.len(), troubled.more), (3, 6));
        assert_eq!(troubled.uids, ["uid-p0", "uid-p1", "uid-p2"]);
    }

    #[test]
    fn a_selector_is_written_as_a_query_has_it() {
        let written = |selector: Value| selector_of(&selector);
        fn selector_of(selector: &Value) -> Option<String> {
            super::selector(&json!({"spec": {"selector": selector}}))
        }
        assert_eq!(written(json!({"matchLabels": {"b": "2", "a": "1"}})).unwrap(), "a=1,b=2");
        assert_eq!(written(json!({"app": "x"})).unwrap(), "app=x");
        let expressions = json!({"matchLabels": {"a": "1"}, "matchExpressions": [
            {"key": "k", "operator": "In", "values": ["x", "y"]},
            {"key": "gone", "operator": "DoesNotExist"},
        ]});
        assert_eq!(written(expressions).unwrap(), "a=1,k in (x,y),!gone");
        assert_eq!(written(json!({})), None);
        assert_eq!(written(json!({"matchLabels": {}})), None);
    }
}
