//! The kinds that a server serves, and where.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What a server says about one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `/api/v1` or `/apis/<group>/<version>`.
    root: String,
    /// The name in paths, such as `deployments`.
    plural: String,
    pub(crate) namespaced: bool,
    /// Whether its objects can be listed.
    pub(crate) lists: bool,
}

/// What a server serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// The kinds by `apiVersion` and name.
    kinds: BTreeMap<(String, String), Kind>,
    /// The `apiVersion`s of which the server itself does not know at the moment what they serve.
    stale: BTreeSet<String>,
}

impl Kind {
    #[cfg(test)]
    pub(crate) fn new(root: &str, plural: &str, namespaced: bool) -> Self {
        Self { root: root.to_owned(), plural: plural.to_owned(), namespaced, lists: true }
    }

    /// Returns the path of the kind's objects, in one namespace or, with `None`, in all.
    pub(crate) fn collection(&self, namespace: Option<&str>) -> String {
        let Self { root, plural, namespaced, .. } = self;
        match namespace.filter(|_| *namespaced) {
            Some(namespace) => format!("{root}/namespaces/{}/{plural}", segment(namespace)),
            None => format!("{root}/{plural}"),
        }
    }

    /// Returns the path of one object.
    pub(crate) fn object(&self, namespace: Option<&str>, name: &str) -> String {
        format!("{}/{}", self.collection(namespace), segment(name))
    }
}

impl Kinds {
    /// Returns a kind by `apiVersion` and name.
    pub(crate) fn get(&self, api_version: &str, kind: &str) -> Option<&Kind> {
        self.kinds.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// Returns these kinds and more.
    pub(crate) fn with(&self, more: Self) -> Self {
        let mut kinds = self.clone();
        kinds.kinds.extend(more.kinds);
        kinds
    }

    /// Returns a kind of a group in any version: all versions have the same objects.
    pub(crate) fn in_any_version(&self, group: &str, kind: &str) -> Option<&Kind> {
        let is_meant =
            |(version, name): &(String, String)| group_of(version) == group && name == kind;
        self.kinds.iter().find(|(key, _)| is_meant(key)).map(|(_, kind)| kind)
    }

    /// Takes the objects of a kind for those of another version of it.
    pub(crate) fn add_version(&mut self, api_version: &str, name: &str, kind: Kind) {
        self.kinds.insert((api_version.to_owned(), name.to_owned()), kind);
    }

    /// Returns the `apiVersion`s of which nobody knows at the moment what they serve.
    pub(crate) fn stale(&self) -> &BTreeSet<String> {
        &self.stale
    }

    /// Returns the kinds whose objects lie in namespaces and can be listed, each once: of several versions
    /// the one that the server prefers.
    pub(crate) fn in_namespaces(&self) -> Vec<(&str, &str, &Kind)> {
        let mut seen = BTreeMap::new();
        for ((api_version, name), kind) in &self.kinds {
            if kind.namespaced && kind.lists {
                let group = group_of(api_version);
                seen.entry((group, name.as_str())).or_insert((api_version.as_str(), kind));
            }
        }
        seen.into_iter().map(|((_, name), (version, kind))| (version, name, kind)).collect()
    }

    /// Adds what an `APIGroupDiscoveryList` says. Returns `false` if the document is none: then the server is
    /// too old for it.
    pub(crate) fn read_aggregated(&mut self, document: &Value) -> bool {
        if text(document, "kind") != Some("APIGroupDiscoveryList") {
            return false;
        }
        for group in list(document, "items") {
            let group_name = group.pointer("/metadata/name").and_then(Value::as_str);
            for version in list(group, "versions") {
                let Some(name) = text(version, "version") else { continue };
                let api_version = match group_name {
                    Some(group) if !group.is_empty() => format!("{group}/{name}"),
                    _ => name.to_owned(),
                };
                if text(version, "freshness") == Some("Stale") {
                    self.stale.insert(api_version.clone());
                }
                for resource in list(version, "resources") {
                    let kind = resource.pointer("/responseKind/kind").and_then(Value::as_str);
                    let namespaced = text(resource, "scope") == Some("Namespaced");
                    if let (Some(kind), Some(plural)) = (kind, text(resource, "resource")) {
                        self.add(&api_version, kind, plural, namespaced, resource);
                    }
                }
            }
        }
        true
    }

    /// Adds what an `APIResourceList` says about one `apiVersion`.
    pub(crate) fn read_plain(&mut self, api_version: &str, document: &Value) {
        for resource in list(document, "resources") {
            let (kind, plural) = (text(resource, "kind"), text(resource, "name"));
            let Some((kind, plural)) = kind.zip(plural) else { continue };
            // `deployments/scale` is a way to part of an object, not a kind of its own.
            if plural.contains('/') {
                continue;
            }
            let namespaced = resource.get("namespaced").and_then(Value::as_bool) == Some(true);
            self.add(api_version, kind, plural, namespaced, resource);
        }
    }

    fn add(&mut self, api_version: &str, kind: &str, plural: &str, namespaced: bool, said: &Value) {
        let verbs = said.get("verbs").and_then(Value::as_array);
        let lists = verbs.is_some_and(|verbs| verbs.iter().any(|verb| verb == "list"));
        let plural = plural.to_owned();
        let kind_of = Kind { root: root(api_version), plural, namespaced, lists };
        self.kinds.entry((api_version.to_owned(), kind.to_owned())).or_insert(kind_of);
    }
}

/// Returns the group of an `apiVersion`; that of the core is empty.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Returns where the objects of an `apiVersion` are served.
pub(crate) fn root(api_version: &str) -> String {
    match api_version.split_once('/') {
        Some((group, version)) => format!("/apis/{}/{}", segment(group), segment(version)),
        None => format!("/api/{}", segment(api_version)),
    }
}

/// Writes a name as one segment of a path or one value of a query: whatever a module named, it stays a name.
pub(crate) fn segment(name: &str) -> String {
    let only_dots = name.bytes().all(|byte| byte == b'.');
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b':' | b'~')
            || (byte == b'.' && !only_dots)
    };
    let mut segment = String::with_capacity(name.len());
    for byte in name.bytes() {
        if plain(byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member)?.as_str().filter(|text| !text.is_empty())
}

fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn aggregated() -> Kinds {
        let deployments = json!({
            "resource": "deployments", "scope": "Namespaced", "verbs": ["get", "list"],
            "responseKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        });
        let reviews = json!({
            "resource": "reviews", "scope": "Cluster", "verbs": ["create"],
            "responseKind": {"group": "", "version": "", "kind": "Review"},
        });
        let core = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [
            {"version": "v1", "resources": [
                {"resource": "namespaces", "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": "Namespace"}},
                {"resource": "configmaps", "scope": "Namespaced", "verbs": ["list"], "responseKind": {"kind": "ConfigMap"}},
            ]},
        ]}]});
        let groups = json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [deployments]}]},
            {"metadata": {"name": "review.io"}, "versions": [{"version": "v1beta1", "resources": [reviews]}]},
        ]});
        let mut kinds = Kinds::default();
        assert!(kinds.read_aggregated(&core) && kinds.read_aggregated(&groups));
        kinds
    }

    #[test]
    fn paths_follow_from_what_the_server_says() {
        let kinds = aggregated();
        let path =
            |version: &str, kind: &str| kinds.get(version, kind).unwrap().object(Some("n"), "x");
        assert_eq!(path("apps/v1", "Deployment"), "/apis/apps/v1/namespaces/n/deployments/x");
        assert_eq!(path("v1", "ConfigMap"), "/api/v1/namespaces/n/configmaps/x");
        assert_eq!(path("v1", "Namespace"), "/api/v1/namespaces/x");
        assert_eq!(kinds.get("v1", "ConfigMap").unwrap().collection(None), "/api/v1/configmaps");
        assert_eq!(kinds.get("apps/v1", "Gadget"), None);
    }

    #[test]
    fn what_lies_in_namespaces_and_can_be_listed_is_known() {
        let kinds = aggregated();
        let names: Vec<_> = kinds.in_namespaces().into_iter().map(|(v, k, _)| (v, k)).collect();
        assert_eq!(names, [("v1", "ConfigMap"), ("apps/v1", "Deployment")]);
    }

    #[test]
    fn what_the_server_does_not_know_at_the_moment_is_known_as_such() {
        let mut kinds = aggregated();
        assert!(kinds.stale().is_empty());
        let version =
            |name: &str, freshness: &str| json!({"version": name, "freshness": freshness});
        let versions = [version("v1", "Current"), version("v1beta1", "Stale")];
        let group = json!({"metadata": {"name": "a.io"}, "versions": versions});
        kinds.read_aggregated(&json!({"kind": "APIGroupDiscoveryList", "items": [group]}));
        assert_eq!(*kinds.stale(), BTreeSet::from(["a.io/v1beta1".to_owned()]));
    }

    #[test]
    fn a_kind_is_found_by_its_group() {
        let kinds = aggregated();
        let found = |group: &str, kind: &str| kinds.in_any_version(group, kind).is_some();
        assert!(found("apps", "Deployment") && found("", "Namespace"));
        assert!(!found("", "Deployment") && !found("apps", "Namespace"));
    }

    #[test]
    fn an_old_server_says_it_version_by_version() {
        let mut kinds = Kinds::default();
        assert!(!kinds.read_aggregated(&json!({"kind": "APIGroupList", "groups": []})));
        let document = json!({"kind": "APIResourceList", "resources": [
            {"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["list"]},
            {"name": "deployments/scale", "kind": "Scale", "namespaced": true, "verbs": ["get"]},
        ]});
        kinds.read_plain("apps/v1", &document);
        assert!(kinds.get("apps/v1", "Deployment").unwrap().lists);
        assert_eq!(kinds.get("apps/v1", "Scale"), None);
    }

    #[test]
    fn a_name_stays_a_name_in_a_path() {
        let cases = [
            ("plain-name.v1", "plain-name.v1"),
            ("system:node", "system:node"),
            ("../secrets/x", "..%2Fsecrets%2Fx"),
            ("..", "%2E%2E"),
            ("a?dryRun=&b#c", "a%3FdryRun%3D%26b%23c"),
            ("ü", "%C3%BC"),
        ];
        for (name, expected) in cases {
            assert_eq!(segment(name), expected);
        }
    }
}
