//! The object that stands for a stack, so that other tools can list its members.
//!
//! It follows the rules of ApplySets as `kubectl` has them: the parent has an id made of its own name, and every
//! member has a label with this id. The stack's Lease lies beside it and has its name.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::ownership;
use super::place::Place;
use crate::digest::Digest;
use crate::runtime::Owner;
use crate::runtime::kubernetes::cluster::wire::segment;

/// The label of a member that names its parent.
pub(super) const MEMBER_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of a parent that says what its members name.
const ID: &str = "applyset.kubernetes.io/id";
/// The annotation that says which tool may change the set.
const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// The annotation that lists the kinds of the members.
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// The annotation that lists the namespaces of members beside the parent's own.
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// The longest name that is written out; a longer one ends in a hash. Names of other objects are derived
/// from it by nobody, so the limit is only for people who read lists.
const MAX_NAME: usize = 63;
/// How many digits of a hash tell two names apart.
const HASH: usize = 8;

/// Where the parent and the Lease of a stack are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// What members name in their label.
    pub(crate) id: String,
}

impl Parent {
    /// Names the parent of a stack whose namespace is known.
    pub(crate) fn of(owner: &Owner, namespace: &str) -> Self {
        let name = name(owner);
        // A core kind has an empty group, and the dot before it stays.
        let hash = Sha256::digest(format!("{name}.{namespace}.ConfigMap."));
        let id = format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash));
        Self { name, namespace: namespace.to_owned(), id }
    }

    /// Returns the path of the parent object.
    pub(crate) fn path(&self) -> String {
        let (namespace, name) = (segment(&self.namespace), segment(&self.name));
        format!("/api/v1/namespaces/{namespace}/configmaps/{name}")
    }

    /// Returns the path of the Leases of the namespace.
    pub(crate) fn leases_path(&self) -> String {
        format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", segment(&self.namespace))
    }

    /// Returns the path of the Lease.
    pub(crate) fn lease_path(&self) -> String {
        format!("{}/{}", self.leases_path(), segment(&self.name))
    }

    /// Returns whether an object is a member. The namespace in which the parent lies is none: a tool that prunes
    /// members would take the parent with it.
    pub(crate) fn has(&self, place: &Place) -> bool {
        !(place.is_namespace() && place.name == self.namespace)
    }

    /// Makes the parent object of members.
    pub(crate) fn object(&self, owner: &Owner, members: &Members) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), self.name.as_str().into());
        metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        metadata.insert("labels".to_owned(), json!({ ID: self.id }));
        let mut annotations = Map::new();
        let tooling = concat!("kusion/v", env!("CARGO_PKG_VERSION"));
        annotations.insert(TOOLING.to_owned(), tooling.into());
        annotations.insert(KINDS.to_owned(), members.kinds().into());
        if !members.namespaces.is_empty() {
            annotations.insert(NAMESPACES.to_owned(), members.namespaces().into());
        }
        metadata.insert("annotations".to_owned(), Value::Object(annotations));
        ownership::mark(&mut metadata, owner);
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    }
}

/// What a parent says about its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members {
    kinds: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl Members {
    /// Notes what is to be said about some objects.
    pub(crate) fn of<'a>(parent: &Parent, places: impl IntoIterator<Item = &'a Place>) -> Self {
        let mut members = Self::default();
        for place in places.into_iter().filter(|place| parent.has(place)) {
            let (group, kind) = (place.group(), &place.kind);
            let kind = if group.is_empty() { kind.clone() } else { format!("{kind}.{group}") };
            members.kinds.insert(kind);
            members.namespaces.extend(place.namespace.clone());
        }
        members.namespaces.remove(&parent.namespace);
        members
    }

    /// Returns whether a live parent says the same.
    pub(crate) fn are_in(&self, live: &Value) -> bool {
        let said = |key: &str| {
            let annotations = live.pointer("/metadata/annotations");
            annotations.and_then(|annotations| annotations.get(key)?.as_str()).unwrap_or_default()
        };
        said(KINDS) == self.kinds() && said(NAMESPACES) == self.namespaces()
    }

    /// Adds what a live parent says: members of earlier runs may still be there.
    pub(crate) fn with_those_in(mut self, live: &Value) -> Self {
        let annotations = live.pointer("/metadata/annotations");
        for (key, list) in [(KINDS, &mut self.kinds), (NAMESPACES, &mut self.namespaces)] {
            let said = annotations.and_then(|annotations| annotations.get(key)?.as_str());
            let items = said.into_iter().flat_map(|said| said.split(','));
            list.extend(items.filter(|item| !item.is_empty()).map(str::to_owned));
        }
        self
    }

    fn kinds(&self) -> String {
        join(&self.kinds)
    }

    fn namespaces(&self) -> String {
        join(&self.namespaces)
    }
}

fn join(items: &BTreeSet<String>) -> String {
    items.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Names the parent: readable, valid as the name of an object, and different for different stacks.
fn name(owner: &Owner) -> String {
    let parts = [owner.project.as_str(), owner.stack.as_str(), owner.workspace.as_str()];
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let plain = format!("kusion-{}", parts.join("-"));
    // Three parts without a dash can be told apart again, so that no two stacks have the same name.
    if plain.len() <= MAX_NAME && parts.iter().all(|part| part.chars().all(is_plain)) {
        return plain;
    }
    let hash: String = Digest::of(parts.join("\n").as_bytes()).hex().chars().take(HASH).collect();
    let lower = plain.chars().map(|c| c.to_ascii_lowercase());
    let valid = lower.map(|c| if is_plain(c) { c } else { '-' });
    let short: String = valid.take(MAX_NAME - HASH - 1).collect();
    format!("{}-{hash}", short.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{ProjectName, StackName, WorkspaceName};
    use crate::runtime::kubernetes::cluster::objects::owner;

    fn of(project: &str, stack: &str, workspace: &str) -> Owner {
        Owner {
            project: ProjectName::parse(project).unwrap(),
            stack: StackName::parse(stack).unwrap(),
            workspace: WorkspaceName::parse(workspace).unwrap(),
        }
    }

    fn place(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Place {
        let namespace = namespace.map(str::to_owned);
        Place {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_stack_has_a_name_of_its_own_that_is_valid() {
        assert_eq!(name(&of("shop", "dev", "default")), "kusion-shop-dev-default");
        let (one, two) = (name(&of("a-b", "c", "w")), name(&of("a", "b-c", "w")));
        assert!(one.starts_with("kusion-a-b-c-w-") && two.starts_with("kusion-a-b-c-w-"));
        assert_ne!(one, two);
        let odd = name(&of("Shop_1", "d.e", "w"));
        assert!(odd.starts_with("kusion-shop-1-d-e-w-"), "{odd}");
        let long = name(&of(&"p".repeat(100), "s", "w"));
        assert_eq!(long.len(), MAX_NAME);
        assert_ne!(long, name(&of(&"p".repeat(99), "s", "w")));
        let dash = name(&of(&"a-".repeat(40), "s", "w"));
        assert!(dash.len() <= MAX_NAME && !dash.contains("--"), "{dash}");
    }

    /// The hash was computed with `printf 'kusion-shop-dev-default.shop.ConfigMap.' | sha256sum`.
    #[test]
    fn the_id_is_the_one_that_kubectl_computes() {
        let parent = Parent::of(&owner("dev"), "shop");
        assert_eq!(parent.id, "applyset-kLaKY3v4fDTSa5LLAqt27BaRg6Yu3B1xRkqwBHqvgek-v1");
    }

    #[test]
    fn a_parent_tells_kinds_and_namespaces_and_leaves_its_own_namespace_out() {
        let parent = Parent::of(&owner("dev"), "shop");
        let places = [
            place("v1", "Namespace", None, "shop"),
            place("v1", "Service", Some("shop"), "s"),
            place("apps/v1", "Deployment", Some("shop"), "d"),
            place("rbac.authorization.k8s.io/v1", "ClusterRole", None, "r"),
            place("v1", "Service", Some("other"), "s"),
        ];
        let members = Members::of(&parent, &places);
        let object = parent.object(&owner("dev"), &members);
        let annotations = &object["metadata"]["annotations"];
        assert_eq!(
            annotations[KINDS],
            "ClusterRole.rbac.authorization.k8s.io,Deployment.apps,Service"
        );
        assert_eq!(annotations[NAMESPACES], "other");
        assert_eq!(object["metadata"]["labels"][ID], parent.id.as_str());
        assert!(members.are_in(&object));

        let fewer = Members::of(&parent, &places[..2]);
        assert!(!fewer.are_in(&object));
        assert!(fewer.clone().with_those_in(&object).are_in(&object));
        let object = parent.object(&owner("dev"), &fewer);
        assert_eq!(object["metadata"]["annotations"].get(NAMESPACES), None);
        assert!(fewer.are_in(&object));
        assert!(!parent.has(&places[0]) && parent.has(&place("v1", "Namespace", None, "other")));
    }
}
