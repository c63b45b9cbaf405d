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
/// The annotation of an object that was there before it became a stack's: which tool its label named then, or
/// [`YES`].
const ADOPTED: &str = "kusion.io/adopted";
/// The annotation of a namespace that kusion made. It stays when the stack that made it leaves it to others.
const MADE: &str = "kusion.io/made";
const YES: &str = "true";
/// The label by which the bundled modules tell the pods of stacks apart. It has the name of the annotation.
const STACK_LABEL: &str = STACK;

/// Why an adopted object stays.
const EXISTED: &str = "it existed before kusion managed it, and keeps what kusion changed";

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

/// Returns why an object says that it stays when its stack goes, if it does.
pub(crate) fn why_kept(live: &Value) -> Option<&'static str> {
    if text(live, "annotations", KEEP) == Some(YES) {
        return Some("it is marked with `kusion.io/keep`");
    }
    is_adopted(live).then_some(EXISTED)
}

/// Returns whether an object says that it was there before it became a stack's.
pub(crate) fn is_adopted(live: &Value) -> bool {
    text(live, "annotations", ADOPTED).is_some()
}

/// Returns whether a namespace says that kusion made it.
pub(crate) fn is_made(live: &Value) -> bool {
    text(live, "annotations", MADE) == Some(YES)
}

/// Returns whether an object says that a stack made it and had to leave it.
pub(crate) fn is_made_by(live: &Value, owner: &Owner) -> bool {
    text(live, "annotations", MADE) == Some(maker(owner).as_str())
}

/// Returns the id of the set of which an object says that it is a member.
pub(crate) fn member_of(live: &Value) -> Option<&str> {
    text(live, "labels", MEMBER_OF)
}

/// Names the maker of an object that stays when its stack goes.
fn maker(owner: &Owner) -> String {
    format!("{}/{}/{}", owner.project, owner.stack, owner.workspace)
}

/// Returns what is to be remembered of an object that is, or becomes, adopted.
pub(crate) fn adoption(live: &Value, becomes: bool) -> Option<String> {
    let known = text(live, "annotations", ADOPTED);
    let tool = || text(live, "labels", MANAGED_BY).filter(|tool| !["", MANAGER].contains(tool));
    known.or_else(|| becomes.then(|| tool().unwrap_or(YES))).map(str::to_owned)
}

/// Marks a namespace as made by us.
pub(super) fn mark_made(metadata: &mut Map<String, Value>) {
    if let Some(annotations) = child(metadata, "annotations") {
        annotations.insert(MADE.to_owned(), YES.into());
    }
}

/// Marks an object that has our marks as adopted: it keeps the labels that it has, but the one that says who manages
/// it.
pub(super) fn mark_adopted(metadata: &mut Map<String, Value>, manifest: &Value, adoption: &str) {
    if let Some(labels) = child(metadata, "labels") {
        labels.retain(|key, _| {
            ![NAME, PART_OF].contains(&key.as_str()) || text(manifest, "labels", key).is_some()
        });
    }
    if let Some(annotations) = child(metadata, "annotations") {
        annotations.remove(MADE);
        annotations.insert(ADOPTED.to_owned(), adoption.into());
    }
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

/// Returns the merge patch that takes off an object what says that it is ours, as far as it is there, and puts back
/// who managed an adopted one before. `manifest` is what was configured, which stays. One that this stack `made` says so
/// from then on, so that it is not taken for somebody else's later.
pub(crate) fn unmark(live: &Value, manifest: &Value, owner: &Owner, made: bool) -> Value {
    let gone = |member, keys: &[&str]| -> Map<String, Value> {
        let there = keys.iter().filter(|key| text(live, member, key).is_some());
        there.map(|key| ((*key).to_owned(), Value::Null)).collect()
    };
    let mut labels = gone("labels", &[MEMBER_OF]);
    let adoption = text(live, "annotations", ADOPTED);
    if text(live, "labels", MANAGED_BY) == Some(MANAGER) {
        let before = adoption.filter(|tool| *tool != YES);
        labels.insert(MANAGED_BY.to_owned(), before.map_or(Value::Null, Value::from));
    }
    if text(live, "labels", STACK_LABEL) == Some(owner.stack.as_str()) {
        labels.insert(STACK_LABEL.to_owned(), Value::Null);
    }
    let marked = text(live, "annotations", PROJECT).is_some();
    for key in [NAME, PART_OF].into_iter().filter(|_| adoption.is_none()) {
        let ours = marked && text(live, "labels", key) == Some(owner.project.as_str());
        if ours && text(manifest, "labels", key).is_none() {
            labels.insert(key.to_owned(), Value::Null);
        }
    }
    let mut annotations = gone("annotations", &[PROJECT, STACK, WORKSPACE, ADOPTED]);
    if made && adoption.is_none() {
        annotations.insert(MADE.to_owned(), maker(owner).into());
    }
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
    if let Some(key) = [ADOPTED, MADE].into_iter().find(|key| given(key).is_some()) {
        return Some(key);
    }
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

    fn off(live: &Value, manifest: &Value) -> Value {
        unmark(live, manifest, &owner("dev"), false)
    }

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
        let configured = json!({"metadata": {"labels": {NAME: "shop", PART_OF: "shop"}}});
        assert_eq!(off(&object, &configured)["metadata"], expected);
        let all = json!({MEMBER_OF: null, MANAGED_BY: null, NAME: null, PART_OF: null});
        assert_eq!(off(&object, &json!({}))["metadata"]["labels"], all);
        let theirs = json!({"metadata": {"labels": {MANAGED_BY: "Helm", NAME: "x"}}});
        let nothing = json!({"labels": {}, "annotations": {}});
        assert_eq!(off(&theirs, &json!({}))["metadata"], nothing);
        // The label of the bundled modules is a mark, too, if it is about this stack.
        let labelled = |stack: &str| json!({"metadata": {"labels": {STACK_LABEL: stack}}});
        assert_eq!(
            off(&labelled("dev"), &json!({}))["metadata"]["labels"],
            json!({STACK_LABEL: null})
        );
        assert_eq!(off(&labelled("prod"), &json!({}))["metadata"]["labels"], json!({}));
    }

    #[test]
    fn what_a_stack_made_and_leaves_says_so() {
        let object = marked_as("dev", json!({"name": "x"}));
        let patch = unmark(&object, &json!({}), &owner("dev"), true);
        assert_eq!(patch["metadata"]["annotations"][MADE], "shop/dev/default");
        let left = json!({"metadata": {"annotations": {MADE: "shop/dev/default"}}});
        assert!(is_made_by(&left, &owner("dev")) && !is_made_by(&left, &owner("prod")));
        assert!(!is_made(&left));
        let adopted = json!({"metadata": {"annotations": {ADOPTED: YES}}});
        let patch = unmark(&adopted, &json!({}), &owner("dev"), true);
        assert_eq!(patch["metadata"]["annotations"], json!({ADOPTED: null}));
    }

    #[test]
    fn an_adopted_object_keeps_its_labels_and_remembers_who_managed_it() {
        let theirs = json!({"metadata": {"labels": {MANAGED_BY: "Helm", NAME: "chart"}}});
        assert_eq!(adoption(&theirs, false), None);
        assert_eq!(adoption(&json!({"metadata": {}}), true).as_deref(), Some("true"));
        let helm = adoption(&theirs, true).unwrap();
        assert_eq!(helm, "Helm");

        let manifest = json!({"metadata": {"labels": {PART_OF: "suite"}}});
        let mut object = marked_as("dev", manifest["metadata"].clone());
        mark_adopted(object["metadata"].as_object_mut().unwrap(), &manifest, &helm);
        let metadata = json!({
            "labels": {MANAGED_BY: "kusion", PART_OF: "suite"},
            "annotations": {PROJECT: "shop", STACK: "dev", WORKSPACE: "default", ADOPTED: "Helm"},
        });
        assert_eq!(object["metadata"], metadata);
        // Another record finds it on the object.
        assert_eq!(adoption(&object, false).as_deref(), Some("Helm"));
        assert_eq!(why_kept(&object), Some(EXISTED));

        let patch = off(&object, &manifest);
        assert_eq!(patch["metadata"]["labels"], json!({MANAGED_BY: "Helm"}));
        assert_eq!(patch["metadata"]["annotations"][ADOPTED], Value::Null);
        assert_eq!(patch["metadata"]["annotations"].as_object().unwrap().len(), 4);
    }

    #[test]
    fn a_namespace_stays_known_as_made_by_kusion_when_its_stack_leaves_it() {
        let mut namespace = marked_as("dev", json!({"name": "shop"}));
        mark_made(namespace["metadata"].as_object_mut().unwrap());
        assert!(is_made(&namespace) && why_kept(&namespace).is_none());
        assert_eq!(reserved(&namespace, &owner("dev"), SET), Some(MADE));
        let patch = off(&namespace, &json!({}));
        assert_eq!(patch["metadata"]["annotations"].get(MADE), None);
        mark_adopted(namespace["metadata"].as_object_mut().unwrap(), &json!({}), YES);
        assert!(!is_made(&namespace) && is_adopted(&namespace));
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
            (applied(HEIR, "Apply"), None),
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
