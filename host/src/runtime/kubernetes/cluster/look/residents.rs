//! What lies in a namespace beside the objects of a stack.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::survey::Survey;
use crate::runtime::kubernetes::cluster::KubernetesRuntime;
use crate::runtime::kubernetes::cluster::objects::{Holder, holder, is_terminating, why_kept};
use crate::runtime::kubernetes::cluster::wire::{Failure, Kind, METADATA_LIST, Pages, group_of};

/// How many objects are named; more would help nobody.
const NAMED: usize = 5;
/// Kinds of objects that come and go with what they are about.
const RESTLESS: [&str; 5] = ["Event", "Endpoints", "EndpointSlice", "ControllerRevision", "Lease"];
/// How many lists are read at once.
const LISTS: usize = 10;

/// What would go with a namespace, beside what it was made for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Residents {
    /// Objects that are neither the stack's nor the system's, a few of them by name.
    pub(crate) others: Vec<String>,
    /// Volume claims that are the stack's, or go with something of it.
    pub(crate) claims: Vec<String>,
}

impl Residents {
    /// Looks at every kind of object that can lie in a namespace.
    pub(crate) async fn of(
        runtime: &KubernetesRuntime,
        survey: &Survey,
        namespace: &str,
    ) -> Result<Self, Failure> {
        let kinds = survey.kinds();
        let mut searches = Vec::new();
        // Measurements of what is there are no things of their own.
        let measures = |version: &str| group_of(version).ends_with("metrics.k8s.io");
        for (version, name, kind) in kinds.in_namespaces() {
            if !measures(version) && !RESTLESS.contains(&name) {
                searches.push(of_kind(runtime, survey, namespace, (version, name, kind)));
            }
        }
        let found: Vec<Self> = stream::iter(searches).buffered(LISTS).try_collect().await?;
        let mut all = Self::default();
        // What cannot be seen is somebody's, for all we know.
        let hidden = kinds.stale().iter().filter(|version| !measures(version));
        all.others.extend(
            hidden.map(|version| format!("objects of {version} that the server cannot show now")),
        );
        for Self { others, claims } in found {
            all.others.extend(others);
            all.claims.extend(claims);
        }
        for list in [&mut all.others, &mut all.claims] {
            list.sort();
            list.truncate(NAMED);
        }
        Ok(all)
    }
}

async fn of_kind(
    runtime: &KubernetesRuntime,
    survey: &Survey,
    namespace: &str,
    (version, name_of_kind, kind): (&str, &str, &Kind),
) -> Result<Residents, Failure> {
    let mut residents = Residents::default();
    let collection = kind.collection(Some(namespace));
    let mut pages = Pages::of(&runtime.link, &collection, "").accept(METADATA_LIST);
    while residents.others.len() < NAMED {
        let page = match pages.next(&|_| true).await {
            Ok(page) => page,
            // Kinds come and go with what serves them.
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 404 | 405) => break,
            // What we may not see is somebody's, for all we know.
            Err(Failure::Refused(refusal)) if refusal.code == 403 => {
                residents.others.push(format!("{name_of_kind} objects that we may not see"));
                break;
            }
            Err(failure) => return Err(failure),
        };
        for (_, object) in &page.items {
            let parent = &runtime.parent;
            let ours = match survey.own_uid(version, name_of_kind, namespace, name(object)) {
                Some(uid) => runtime.holder_of(Some(uid), object).await == Holder::Us,
                None => {
                    let lies_there = name(object) == parent.name && namespace == parent.namespace;
                    lies_there && holder(object, &runtime.owner, &parent.id) == Holder::Us
                }
            };
            if is_other(name_of_kind, object, ours) {
                residents.others.push(named(name_of_kind, object));
            } else if name_of_kind == "PersistentVolumeClaim" && !is_terminating(object) {
                residents.claims.push(named(name_of_kind, object));
            }
        }
        if page.is_last {
            break;
        }
    }
    Ok(residents)
}

fn named(kind: &str, object: &Value) -> String {
    format!("{kind} {}", name(object))
}

fn name(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// Returns whether an object would be missed by somebody if its namespace went.
///
/// `ours` are objects that we made and that still say so.
fn is_other(kind: &str, object: &Value, ours: bool) -> bool {
    let has = |pointer: &str| object.pointer(pointer).is_some_and(|value| !value.is_null());
    let made_by_the_system = match kind {
        "ServiceAccount" => name(object) == "default",
        "ConfigMap" => matches!(
            name(object),
            "kube-root-ca.crt" | "istio-ca-root-cert" | "openshift-service-ca.crt"
        ),
        "Secret" => has("/metadata/annotations/kubernetes.io~1service-account.name"),
        _ => false,
    };
    let leaves = is_terminating(object);
    // It goes with the object that owns it.
    let owned = has("/metadata/ownerReferences/0");
    !(made_by_the_system || leaves || owned || (ours && why_kept(object).is_none()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_somebody_would_miss_counts() {
        let token =
            json!({"name": "t", "annotations": {"kubernetes.io/service-account.name": "default"}});
        let kept = json!({"name": "x", "annotations": {"kusion.io/keep": "true"}});
        let adopted = json!({"name": "x", "annotations": {"kusion.io/adopted": "Helm"}});
        let cases = [
            ("ConfigMap", json!({"name": "kube-root-ca.crt"}), false, false),
            ("ConfigMap", json!({"name": "settings"}), false, true),
            ("ServiceAccount", json!({"name": "default"}), false, false),
            ("ServiceAccount", json!({"name": "robot"}), false, true),
            ("Secret", token, false, false),
            ("Secret", json!({"name": "t"}), false, true),
            (
                "Pod",
                json!({"name": "p", "ownerReferences": [{"kind": "ReplicaSet"}]}),
                false,
                false,
            ),
            ("Pod", json!({"name": "p", "ownerReferences": []}), false, true),
            (
                "Pod",
                json!({"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}),
                false,
                false,
            ),
            ("PersistentVolumeClaim", json!({"name": "data-db-0"}), false, true),
            ("Deployment", json!({"name": "x"}), true, false),
            ("Deployment", json!({"name": "x"}), false, true),
            ("Deployment", kept, true, true),
            ("Deployment", adopted, true, true),
        ];
        for (kind, metadata, ours, expected) in cases {
            let object = json!({"metadata": metadata});
            assert_eq!(is_other(kind, &object, ours), expected, "{kind} {metadata} {ours}");
        }
    }
}
