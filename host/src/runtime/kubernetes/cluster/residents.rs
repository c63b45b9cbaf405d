//! What lies in a namespace beside the objects of a stack.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::failure::Failure;
use super::kinds::Kind;
use super::ownership::{Holder, holder, is_kept};
use super::record::is_leaving;
use super::runtime::KubernetesRuntime;
use super::survey::Survey;
use super::transport::{Call, METADATA_LIST};
use crate::runtime::Owner;

/// How many objects are named; more would help nobody.
const NAMED: usize = 5;
/// How many lists are read at once.
const LISTS: usize = 10;
/// How many objects of one kind are looked at. Where more lie, others are among them.
const LOOKED_AT: usize = 500;

/// What would go with a namespace, beside what it was made for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Residents {
    /// Objects that are neither the stack's nor the system's, a few of them by name.
    pub(super) others: Vec<String>,
    /// Volume claims that are the stack's, or go with something of it.
    pub(super) claims: Vec<String>,
}

impl Residents {
    /// Looks at every kind of object that can lie in a namespace.
    pub(super) async fn of(
        runtime: &KubernetesRuntime,
        survey: &Survey,
        namespace: &str,
    ) -> Result<Self, Failure> {
        let kinds = survey.kinds();
        let mut searches = Vec::new();
        for (version, name, kind) in kinds.in_namespaces() {
            // Measurements of what is there, not things of their own.
            if !version.starts_with("metrics.k8s.io/") {
                searches.push(of_kind(runtime, namespace, name, kind));
            }
        }
        let found: Vec<Self> = stream::iter(searches).buffered(LISTS).try_collect().await?;
        let mut all = Self::default();
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
    namespace: &str,
    name: &str,
    kind: &Kind,
) -> Result<Residents, Failure> {
    let path = format!("{}?limit={LOOKED_AT}", kind.collection(Some(namespace)));
    let list = match runtime.link.call(&Call::get(path).accept(METADATA_LIST)).await {
        Ok(list) => list,
        // Kinds come and go with what serves them.
        Err(Failure::Refused(refusal)) if matches!(refusal.code, 404 | 405) => {
            return Ok(Residents::default());
        }
        Err(failure) => return Err(failure),
    };
    let mut residents = Residents::default();
    for object in list.get("items").and_then(Value::as_array).into_iter().flatten() {
        if is_other(name, object, &runtime.owner, &runtime.parent.id) {
            residents.others.push(named(name, object));
        } else if name == "PersistentVolumeClaim" && !is_leaving(object) {
            residents.claims.push(named(name, object));
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
fn is_other(kind: &str, object: &Value, owner: &Owner, set: &str) -> bool {
    let has = |pointer: &str| object.pointer(pointer).is_some_and(|value| !value.is_null());
    let made_by_the_system = match kind {
        "Event" | "Endpoints" | "EndpointSlice" | "ControllerRevision" => true,
        "ServiceAccount" => name(object) == "default",
        "ConfigMap" => matches!(
            name(object),
            "kube-root-ca.crt" | "istio-ca-root-cert" | "openshift-service-ca.crt"
        ),
        "Secret" => has("/metadata/annotations/kubernetes.io~1service-account.name"),
        _ => false,
    };
    let leaves = is_leaving(object);
    // It goes with the object that owns it.
    let owned = has("/metadata/ownerReferences/0");
    let ours = holder(object, owner, set) == Holder::Us && !is_kept(object);
    !(made_by_the_system || leaves || owned || ours)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::name::{ProjectName, StackName, WorkspaceName};

    #[test]
    fn only_what_somebody_would_miss_counts() {
        let owner = Owner {
            project: ProjectName::parse("shop").unwrap(),
            stack: StackName::parse("dev").unwrap(),
            workspace: WorkspaceName::parse("default").unwrap(),
        };
        let of = |stack: &str| {
            json!({"name": "x", "annotations": {
                "kusion.io/project": "shop", "kusion.io/stack": stack, "kusion.io/workspace": "default",
            }})
        };
        let cases = [
            ("ConfigMap", json!({"name": "kube-root-ca.crt"}), false),
            ("ConfigMap", json!({"name": "settings"}), true),
            ("ServiceAccount", json!({"name": "default"}), false),
            ("ServiceAccount", json!({"name": "robot"}), true),
            ("Event", json!({"name": "x.1"}), false),
            (
                "Secret",
                json!({"name": "t", "annotations": {"kubernetes.io/service-account.name": "default"}}),
                false,
            ),
            ("Secret", json!({"name": "t"}), true),
            ("Pod", json!({"name": "p", "ownerReferences": [{"kind": "ReplicaSet"}]}), false),
            ("Pod", json!({"name": "p", "ownerReferences": []}), true),
            ("Pod", json!({"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}), false),
            ("PersistentVolumeClaim", json!({"name": "data-db-0"}), true),
            ("Deployment", of("dev"), false),
            (
                "Deployment",
                json!({"name": "x", "annotations": {
                    "kusion.io/project": "shop", "kusion.io/stack": "dev", "kusion.io/workspace": "default",
                    "kusion.io/keep": "true",
                }}),
                true,
            ),
            ("Deployment", of("prod"), true),
        ];
        for (kind, metadata, expected) in cases {
            assert_eq!(
                is_other(kind, &json!({"metadata": metadata}), &owner, ""),
                expected,
                "{kind} {metadata}"
            );
        }
    }
}
