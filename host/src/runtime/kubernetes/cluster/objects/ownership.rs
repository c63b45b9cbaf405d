//! Whose a live object is.
//!
//! With one field manager for all stacks, a server-side apply would take an object over without a conflict;
//! so every object says whose it is, and that is read before anything is applied.

use serde_json::{Map, Value, json};

use super::handover::HEIR;
use super::parent::MEMBER_OF;
use crate::name::{ProjectName, StackName, WorkspaceName};
use crate::runtime::Owner;

/// The field manager under which we apply.
pub(crate) const MANAGER: &str = "kusion";

/// The label that says which tool manages an object.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that says which product an object is a part of.
pub(super) const PART_OF: &str = "app.kubernetes.io/part-of";
/// The label that names the application.
const NAME: &str = "app.kubernetes.io/name";
/// The annotation that names the project.
pub(super) const PROJECT: &str = "kusion.io/project";
/// The annotation that names the stack.
pub(super) const STACK: &str = "kusion.io/stack";
/// The annotation that names the workspace.
pub(super) const WORKSPACE: &str = "kusion.io/workspace";

/// The annotation of an object that is not deleted with its stack.
const KEEP: &str = "kusion.io/keep";

/// Labels and annotations by which other tools mark what is theirs.
const MARKS: [(&str, &str, &str); 9] = [
    ("annotations", "meta.helm.sh/release-name", "Helm"),
    ("annotations", "argocd.argoproj.io/tracking-id", "Argo CD"),
    ("labels", "argocd.argoproj.io/instance", "Argo CD"),
    ("labels", "kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "helm.toolkit.fluxcd.io/name", "Flux"),
    ("labels", "kapp.k14s.io/app", "kapp"),
    ("labels", MEMBER_OF, "an ApplySet"),
    ("annotations", "config.k8s.io/owning-inventory", "an inventory of kpt or Config Sync"),
    ("annotations", "kubectl.kubernetes.io/last-applied-configuration", "kubectl"),
];

/// Whose a live object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holder {
    /// This stack's.
    Us,
    /// That of another stack of kusion.
    Stack(Box<Owner>),
    /// That of another tool or of a controller, by the name that people know it by.
    Tool(String),
    /// Nobody says that it is his.
    Nobody,
}

/// Reads whose an object is; `us` is the stack that asks, `set` the id of its members.
pub(crate) fn holder(live: &Value, us: &Owner, set: &str) -> Holder {
    if let Some(owner) = recorded(live) {
        return if owner == *us { Holder::Us } else { Holder::Stack(Box::new(owner)) };
    }
    let tool = marked(live, set).or_else(|| labelled(live)).or_else(|| controlled(live));
    tool.or_else(|| applied(live)).map_or(Holder::Nobody, Holder::Tool)
}

/// Returns whether an object says that it stays when its stack goes.
pub(crate) fn is_kept(live: &Value) -> bool {
    text(live, "annotations", KEEP) == Some("true")
}

/// Marks an object as a stack's.
///
/// The labels by which people find their way stay as they are if a module gave them.
pub(crate) fn mark(metadata: &mut Map<String, Value>, owner: &Owner) {
    if let Some(labels) = child(metadata, "labels") {
        labels.entry(MANAGED_BY).or_insert_with(|| MANAGER.into());
        if is_label_value(owner.project.as_str()) {
            for key in [NAME, PART_OF] {
                labels.entry(key).or_insert_with(|| owner.project.as_str().into());
            }
        }
    }
    if let Some(annotations) = child(metadata, "annotations") {
        annotations.insert(PROJECT.to_owned(), owner.project.as_str().into());
        annotations.insert(STACK.to_owned(), owner.stack.as_str().into());
        annotations.insert(WORKSPACE.to_owned(), owner.workspace.as_str().into());
    }
}

/// Returns the merge patch that takes off an object what says that it is ours, as far as it is there.
pub(crate) fn unmark(live: &Value) -> Value {
    let gone = |member, keys: &[&str]| -> Map<String, Value> {
        let there = keys.iter().filter(|key| text(live, member, key).is_some());
        there.map(|key| ((*key).to_owned(), Value::Null)).collect()
    };
    let mut labels = gone("labels", &[MEMBER_OF]);
    if text(live, "labels", MANAGED_BY) == Some(MANAGER) {
        labels.insert(MANAGED_BY.to_owned(), Value::Null);
    }
    let annotations = gone("annotations", &[PROJECT, STACK, WORKSPACE]);
    json!({"metadata": {"annotations": annotations, "labels": labels}})
}

/// Returns the annotation or label of a manifest that only we may set, if it sets one to something else.
pub(crate) fn reserved(manifest: &Value, owner: &Owner, set: &str) -> Option<&'static str> {
    if text(manifest, "labels", MEMBER_OF).is_some_and(|given| given != set) {
        return Some(MEMBER_OF);
    }
    let expected = [
        (PROJECT, owner.project.as_str()),
        (STACK, owner.stack.as_str()),
        (WORKSPACE, owner.workspace.as_str()),
    ];
    let given = |key| text(manifest, "annotations", key);
    expected
        .into_iter()
        .find(|(key, ours)| given(key).is_some_and(|given| given != *ours))
        .map(|(key, _)| key)
}

fn recorded(live: &Value) -> Option<Owner> {
    let read = |key| text(live, "annotations", key);
    Some(Owner {
        project: ProjectName::parse(read(PROJECT)?).ok()?,
        stack: StackName::parse(read(STACK)?).ok()?,
        workspace: WorkspaceName::parse(read(WORKSPACE)?).ok()?,
    })
}

fn marked(live: &Value, set: &str) -> Option<String> {
    let mark = MARKS.iter().find(|(member, key, _)| {
        text(live, member, key).is_some_and(|value| *key != MEMBER_OF || value != set)
    });
    mark.map(|(_, _, tool)| (*tool).to_owned())
}

fn labelled(live: &Value) -> Option<String> {
    let tool = text(live, "labels", MANAGED_BY)?;
    (tool != MANAGER && !tool.is_empty()).then(|| tool.to_owned())
}

/// Returns the object that controls this one.
fn controlled(live: &Value) -> Option<String> {
    let owners = live.pointer("/metadata/ownerReferences")?.as_array()?;
    let is_controller =
        |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners.iter().find(is_controller)?;
    let part = |member| owner.get(member).and_then(Value::as_str).unwrap_or_default();
    Some(format!("{} {}", part("kind"), part("name")))
}

/// Returns somebody else who applies the object, and so goes on wanting it.
fn applied(live: &Value) -> Option<String> {
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let managers = entries.iter().filter_map(|entry| {
        let part = |member| entry.get(member).and_then(Value::as_str);
        let applies = part("operation") == Some("Apply") && part("subresource").is_none();
        part("manager").filter(|manager| applies && ![MANAGER, HEIR].contains(manager))
    });
    managers.min().map(str::to_owned)
}

fn text<'v>(object: &'v Value, member: &str, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get(member)?.get(key)?.as_str()
}

fn child<'v>(members: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    members.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

fn is_label_value(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63 && text.starts_with(edge) && text.ends_with(edge)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// Names a stack.
    pub(crate) fn owner(stack: &str) -> Owner {
        Owner {
            project: ProjectName::parse("shop").unwrap(),
            stack: StackName::parse(stack).unwrap(),
            workspace: WorkspaceName::parse("default").unwrap(),
        }
    }

    /// The id of the stack's members.
    const SET: &str = "applyset-ours-v1";

    fn marked_as(stack: &str, metadata: Value) -> Value {
        let mut object = json!({"metadata": metadata});
        mark(object["metadata"].as_object_mut().unwrap(), &owner(stack));
        object
    }

    #[test]
    fn a_mark_is_read_again() {
        let object = marked_as("dev", json!({"name": "x"}));
        assert_eq!(
            object,
            json!({"metadata": {
                "name": "x",
                "labels": {MANAGED_BY: "kusion", NAME: "shop", PART_OF: "shop"},
                "annotations": {PROJECT: "shop", STACK: "dev", WORKSPACE: "default"},
            }})
        );
        assert_eq!(holder(&object, &owner("dev"), SET), Holder::Us);
        assert_eq!(holder(&object, &owner("prod"), SET), Holder::Stack(Box::new(owner("dev"))));
    }

    #[test]
    fn marks_that_are_taken_off_leave_what_others_said() {
        let object = marked_as("dev", json!({"labels": {MEMBER_OF: SET, "team": "a"}}));
        let expected = json!({
            "labels": {MEMBER_OF: null, MANAGED_BY: null},
            "annotations": {PROJECT: null, STACK: null, WORKSPACE: null},
        });
        assert_eq!(unmark(&object)["metadata"], expected);
        let theirs = json!({"metadata": {"labels": {MANAGED_BY: "Helm"}}});
        assert_eq!(unmark(&theirs)["metadata"], json!({"labels": {}, "annotations": {}}));
    }

    #[test]
    fn what_a_module_says_stays() {
        let labels = json!({MANAGED_BY: "operator", NAME: "cart", PART_OF: "suite", "mine": "1"});
        let object = marked_as("dev", json!({"labels": labels, "annotations": {"note": "n"}}));
        assert_eq!(object["metadata"]["labels"], labels);
        assert_eq!(object["metadata"]["annotations"]["note"], "n");
        assert_eq!(holder(&object, &owner("dev"), SET), Holder::Us);
        assert_eq!(reserved(&object, &owner("dev"), SET), None);
        assert_eq!(reserved(&object, &owner("prod"), SET), Some(STACK));
    }

    #[test]
    fn a_name_that_is_no_label_value_is_left_out_of_the_labels() {
        let long = Owner { project: ProjectName::parse("p".repeat(64)).unwrap(), ..owner("dev") };
        let mut object = json!({"metadata": {}});
        mark(object["metadata"].as_object_mut().unwrap(), &long);
        assert_eq!(object["metadata"]["labels"], json!({MANAGED_BY: "kusion"}));
        assert_eq!(holder(&object, &long, SET), Holder::Us);
    }

    #[test]
    fn other_tools_are_known_by_their_marks() {
        let applied = |manager: &str, operation: &str| json!({"managedFields": [{"manager": manager, "operation": operation}]});
        let cases = [
            (
                json!({"labels": {MANAGED_BY: "Helm"}, "annotations": {"meta.helm.sh/release-name": "r"}}),
                Some("Helm"),
            ),
            (json!({"labels": {MANAGED_BY: "pulumi"}}), Some("pulumi")),
            (json!({"labels": {"argocd.argoproj.io/instance": "a"}}), Some("Argo CD")),
            (
                json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}),
                Some("kubectl"),
            ),
            (
                json!({"ownerReferences": [{"kind": "ReplicaSet", "name": "r", "controller": true}]}),
                Some("ReplicaSet r"),
            ),
            (json!({"ownerReferences": [{"kind": "ReplicaSet", "name": "r"}]}), None),
            (applied("terraform", "Apply"), Some("terraform")),
            (applied("kusion", "Apply"), None),
            (applied("kube-controller-manager", "Update"), None),
            (json!({"labels": {MANAGED_BY: "kusion"}}), None),
            (json!({"labels": {MEMBER_OF: "applyset-x-v1"}}), Some("an ApplySet")),
            (json!({"labels": {MEMBER_OF: SET}}), None),
            (json!({"annotations": {PROJECT: "shop", STACK: "dev"}}), None),
            (json!({}), None),
        ];
        for (metadata, tool) in cases {
            let expected = tool.map_or(Holder::Nobody, |tool| Holder::Tool(tool.to_owned()));
            assert_eq!(
                holder(&json!({"metadata": metadata}), &owner("dev"), SET),
                expected,
                "{metadata}"
            );
        }
    }
}
