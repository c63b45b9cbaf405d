//! What a server serves, and what it means if a kind is missing.
//!
//! Objects of a kind that is gone are gone with it. But a server that has just begun, or one of its parts that does
//! not answer, can leave kinds out whose objects are all there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::runtime::Subject;
use crate::runtime::kubernetes::cluster::objects::Place;
use crate::runtime::kubernetes::cluster::wire::{
    Call, Failure, Kinds, METADATA_LIST, Pages, Transport, group_of, root, segment,
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// Where kinds are defined.
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Asks what the server serves: at once, or one by one for the `apiVersion`s that are needed.
pub(super) async fn discover(
    link: &Transport,
    places: impl Iterator<Item = &Place>,
) -> Result<Kinds, Failure> {
    let (core, groups) =
        (Call::get("/api").accept(AGGREGATED), Call::get("/apis").accept(AGGREGATED));
    let (core, groups) = futures_util::try_join!(link.call(&core), link.call(&groups))?;
    let mut kinds = Kinds::default();
    if kinds.read_aggregated(&core) && kinds.read_aggregated(&groups) {
        return Ok(kinds);
    }
    let mut kinds = Kinds::default();
    let versions: BTreeSet<&str> = places.map(|place| place.api_version.as_str()).collect();
    for version in versions {
        kinds = kinds.with(one_version(link, version).await?);
    }
    Ok(kinds)
}

/// Asks for the kinds of one `apiVersion`; none if it is not served.
pub(super) async fn one_version(link: &Transport, api_version: &str) -> Result<Kinds, Failure> {
    let mut kinds = Kinds::default();
    match link.call(&Call::get(root(api_version))).await {
        Ok(document) => kinds.read_plain(api_version, &document),
        // Of a group that is not served yet the server says so in plain text.
        Err(Failure::Refused(refusal)) if refusal.code == 404 => {}
        Err(failure) => return Err(failure),
    }
    Ok(kinds)
}

/// Looks for recorded kinds that are missing: in other versions of their groups, for objects that shall go, and once
/// more on their own. Returns those, by group and name, of which objects may be there all the same.
pub(super) async fn kinds_in_doubt(
    link: &Transport,
    kinds: &mut Kinds,
    subjects: &[Subject<'_>],
) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut missing = BTreeSet::new();
    for subject in subjects {
        let Some(prior) = subject.prior else { continue };
        let resource = subject.desired.unwrap_or(&prior.resource);
        if let Some(place) = Place::of(&resource.attributes)
            && kinds.get(&place.api_version, &place.kind).is_none()
        {
            missing.insert((place.api_version, place.kind, subject.desired.is_some()));
        }
    }
    let mut doubtful = BTreeSet::new();
    for (version, kind, desired) in missing {
        let group = group_of(&version);
        let other = kinds.in_any_version(group, &kind).cloned();
        if let Some(other) = other {
            // What shall exist must name a version that is served.
            if !desired {
                kinds.add_version(&version, &kind, other);
            }
            continue;
        }
        // Of a group that is known in part only, nothing is said to be gone.
        let mut there = kinds.stale().iter().any(|stale| group_of(stale) == group);
        if !there {
            let found = one_version(link, &version).await?;
            if found.get(&version, &kind).is_some() {
                *kinds = kinds.with(found);
                continue;
            }
            there = is_defined(link, group, &kind).await?;
        }
        if there {
            doubtful.insert((group.to_owned(), kind));
        }
    }
    Ok(doubtful)
}

/// Returns whether a kind is defined. If we may not know, the server's word stands that it is not served.
async fn is_defined(link: &Transport, group: &str, kind: &str) -> Result<bool, Failure> {
    let of_group = format!(".{group}");
    let mut pages = Pages::of(link, DEFINITIONS, "").accept(METADATA_LIST);
    loop {
        let page = match pages.next(&|name| name.ends_with(&of_group)).await {
            Ok(page) => page,
            Err(Failure::Refused(refusal)) if matches!(refusal.code, 403..=405) => {
                return Ok(false);
            }
            Err(failure) => return Err(failure),
        };
        for (name, _) in page.items {
            let definition = link.find(&format!("{DEFINITIONS}/{}", segment(&name))).await?;
            let text = |pointer| definition.as_ref()?.pointer(pointer).and_then(Value::as_str);
            if (text("/spec/group"), text("/spec/names/kind")) == (Some(group), Some(kind)) {
                return Ok(true);
            }
        }
        if page.is_last {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;
    use crate::runtime::kubernetes::cluster::wire::scripted::scripted;
    use crate::spec::{Resource, ResourceId, StateEntry};

    /// A server that serves some kinds of the group `toys.io` in `v1`, and defines some.
    #[derive(Default)]
    struct Server {
        discovered: Vec<&'static str>,
        served: Vec<&'static str>,
        defined: Vec<&'static str>,
        stale: bool,
        /// The status that answers instead of the definitions.
        definitions_are: Option<u16>,
    }

    impl Server {
        fn answer(&self, path: &str) -> (u16, Value) {
            let plural = |kind: &str| format!("{}s", kind.to_lowercase());
            let path = path.split('?').next().unwrap();
            if path == "/api" {
                return (200, json!({"kind": "APIGroupDiscoveryList", "items": []}));
            }
            if path == "/apis" {
                let resource = |kind: &&str| json!({"resource": plural(kind), "scope": "Namespaced", "responseKind": {"kind": kind}});
                let resources: Vec<_> = self.discovered.iter().map(resource).collect();
                let freshness = if self.stale { "Stale" } else { "Current" };
                let version =
                    json!({"version": "v1", "freshness": freshness, "resources": resources});
                let group = json!({"metadata": {"name": "toys.io"}, "versions": [version]});
                return (200, json!({"kind": "APIGroupDiscoveryList", "items": [group]}));
            }
            if path.starts_with("/apis/toys.io/") {
                let resource =
                    |kind: &&str| json!({"name": plural(kind), "kind": kind, "namespaced": true});
                let resources: Vec<_> = self.served.iter().map(resource).collect();
                return if path.ends_with("/v1") {
                    (200, json!({"resources": resources}))
                } else {
                    (404, json!({}))
                };
            }
            if let Some(code) = self.definitions_are {
                return (code, json!({}));
            }
            let definition = |kind: &&str| json!({"metadata": {"name": format!("{}.toys.io", plural(kind))}, "spec": {"group": "toys.io", "names": {"kind": kind}}});
            let definitions: Vec<_> = self.defined.iter().map(definition).collect();
            let one = |name: &str| definitions.iter().find(|it| it["metadata"]["name"] == name);
            match path.strip_prefix(&format!("{DEFINITIONS}/")) {
                Some(name) => (200, one(name).unwrap().clone()),
                None => (200, json!({"items": definitions})),
            }
        }
    }

    fn entry(api_version: &str, kind: &str) -> StateEntry {
        let attributes = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "n"}});
        let resource = Resource {
            id: ResourceId::parse("x").unwrap(),
            kind: "Kubernetes".to_owned(),
            attributes,
            depends_on: BTreeSet::new(),
            extensions: serde_json::Map::new(),
        };
        StateEntry {
            resource,
            origin: None,
            adopted: false,
            uncertain: false,
            private: Value::Null,
        }
    }

    /// Says what becomes of the kind of a recorded object that leaves: where its objects are, whether there is doubt,
    /// and what was asked.
    async fn looked_for(
        server: Server,
        api_version: &str,
        kind: &str,
    ) -> (Option<String>, bool, Vec<String>) {
        looked_for_as(server, (api_version, kind), false).await
    }

    async fn looked_for_as(
        server: Server,
        (api_version, kind): (&str, &str),
        stays: bool,
    ) -> (Option<String>, bool, Vec<String>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let link = scripted(move |request| {
            seen.lock().unwrap().push(request.path.clone());
            server.answer(&request.path)
        });
        let prior = entry(api_version, kind);
        let desired = Some(&prior.resource).filter(|_| stays);
        let subject = Subject { desired, prior: Some(&prior) };
        let mut kinds = discover(&link, std::iter::empty()).await.unwrap();
        let doubtful = kinds_in_doubt(&link, &mut kinds, &[subject]).await.unwrap();
        let path = kinds.get(api_version, kind).map(|kind| kind.object(Some("n"), "x"));
        let mut asked = asked.lock().unwrap().clone();
        asked.retain(|path| path.len() > 5);
        (path, !doubtful.is_empty(), asked)
    }

    const TRAIN: &str = "/apis/toys.io/v1/namespaces/n/trains/x";

    #[tokio::test]
    async fn a_kind_that_is_served_takes_no_further_question() {
        let server = Server { discovered: vec!["Train"], ..Server::default() };
        let found = looked_for(server, "toys.io/v1", "Train").await;
        assert_eq!(found, (Some(TRAIN.to_owned()), false, Vec::new()));
    }

    #[tokio::test]
    async fn a_kind_that_the_server_had_left_out_is_found() {
        let server = Server { served: vec!["Train"], ..Server::default() };
        let (path, in_doubt, _) = looked_for(server, "toys.io/v1", "Train").await;
        assert_eq!((path.as_deref(), in_doubt), (Some(TRAIN), false));
    }

    #[tokio::test]
    async fn objects_of_a_version_that_is_served_no_more_are_found_in_another() {
        let server = Server { discovered: vec!["Train"], ..Server::default() };
        let found = looked_for(server, "toys.io/v1beta1", "Train").await;
        assert_eq!(found, (Some(TRAIN.to_owned()), false, Vec::new()));
        // But what shall exist is not made in another version than it says.
        let server = Server { discovered: vec!["Train"], ..Server::default() };
        let found = looked_for_as(server, ("toys.io/v1beta1", "Train"), true).await;
        assert_eq!(found, (None, false, Vec::new()));
    }

    #[tokio::test]
    async fn only_a_kind_that_is_defined_nowhere_is_gone() {
        let cases = [
            (Server::default(), false),
            (Server { defined: vec!["Plane"], ..Server::default() }, false),
            (Server { defined: vec!["Train"], ..Server::default() }, true),
            (Server { definitions_are: Some(403), ..Server::default() }, false),
        ];
        for (case, (server, expected)) in cases.into_iter().enumerate() {
            let (path, in_doubt, _) = looked_for(server, "toys.io/v1", "Train").await;
            assert_eq!((path, in_doubt), (None, expected), "case {case}");
        }
    }

    #[tokio::test]
    async fn a_kind_of_a_group_that_is_known_in_part_is_in_doubt() {
        let server = Server { stale: true, ..Server::default() };
        let found = looked_for(server, "toys.io/v2", "Train").await;
        assert_eq!(found, (None, true, Vec::new()));
    }
}
