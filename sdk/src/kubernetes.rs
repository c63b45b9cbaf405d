//! Kubernetes objects: ids, the wrapper round a manifest, environment variables.

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// Makes a resource of a Kubernetes manifest.
///
/// The id is `apiVersion:Kind[:namespace]:name`, read from the manifest; one that lacks `apiVersion`,
/// `kind` or `metadata.name` gets an id with an empty part, which the host refuses. Members whose
/// value is `null` are left out, so an `Option` can stand in `json!` as it is. Types of `k8s-openapi`
/// go through `serde_json::to_value` first.
///
/// ```
/// use kusion_sdk::kubernetes;
/// use serde_json::{json, Value};
///
/// let namespace = kubernetes::object(json!({
///     "apiVersion": "v1",
///     "kind": "Namespace",
///     "metadata": {"name": "shop", "labels": Value::Null},
/// }));
/// assert_eq!(namespace.id, "v1:Namespace:shop");
/// assert_eq!(namespace.attributes["metadata"], json!({"name": "shop"}));
/// assert_eq!(namespace.extensions["GVK"], "/v1, Kind=Namespace");
/// ```
pub fn object(mut manifest: Value) -> Resource {
    drop_nulls(&mut manifest);
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
    let api_version = text("/apiVersion").unwrap_or_default();
    let kind = text("/kind").unwrap_or_default();
    let id = id(
        api_version,
        kind,
        text("/metadata/namespace"),
        text("/metadata/name").unwrap_or_default(),
    );
    let gvk = gvk(api_version, kind);
    let mut extensions = Map::new();
    extensions.insert("GVK".to_owned(), gvk.into());
    Resource {
        id,
        type_: "Kubernetes".to_owned(),
        attributes: manifest,
        depends_on: Vec::new(),
        extensions,
    }
}

/// Builds the id of a Kubernetes object: `apiVersion:Kind[:namespace]:name`.
///
/// ```
/// # use kusion_sdk::kubernetes;
/// let id = kubernetes::id("apps/v1", "Deployment", Some("shop"), "web");
/// assert_eq!(id, "apps/v1:Deployment:shop:web");
/// ```
pub fn id(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{api_version}:{kind}:{namespace}:{name}"),
        None => format!("{api_version}:{kind}:{name}"),
    }
}

/// Makes an environment variable with a value. `$(OTHER)` in it refers to another variable.
pub fn env(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// Makes an environment variable whose value is one key of a Secret.
pub fn env_from_secret(name: &str, secret: &str, key: &str) -> Value {
    json!({
        "name": name,
        "valueFrom": {"secretKeyRef": {"name": secret, "key": key}},
    })
}

/// Leaves an empty map or list out of a manifest: gives `None` for it, which becomes a `null` that
/// [`object`] drops.
///
/// ```
/// # use kusion_sdk::kubernetes::unless_empty;
/// assert_eq!(unless_empty(&vec![1]), Some(&vec![1]));
/// assert_eq!(unless_empty(&Vec::<i32>::new()), None);
/// ```
pub fn unless_empty<T: ?Sized>(collection: &T) -> Option<&T>
where
    for<'a> &'a T: IntoIterator,
{
    collection.into_iter().next().is_some().then_some(collection)
}

/// The group, version and kind as upstream writes them: `apps/v1, Kind=Deployment`, with an empty
/// group for the core: `/v1, Kind=Namespace`.
fn gvk(api_version: &str, kind: &str) -> String {
    let slash = if api_version.contains('/') { "" } else { "/" };
    format!("{slash}{api_version}, Kind={kind}")
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, member| !member.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_knows_its_id_and_kind() {
        let deployment = object(json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
        }));
        assert_eq!(deployment.id, "apps/v1:Deployment:shop:web");
        assert_eq!(deployment.type_, "Kubernetes");
        assert_eq!(deployment.extensions["GVK"], "apps/v1, Kind=Deployment");
    }

    #[test]
    fn nulls_are_dropped_at_every_depth_and_empty_objects_stay() {
        let object = object(json!({
            "spec": {"volumes": [{"emptyDir": {}, "x": null}], "replicas": null},
        }));
        assert_eq!(object.attributes, json!({"spec": {"volumes": [{"emptyDir": {}}]}}));
    }

    #[test]
    fn a_manifest_without_a_name_gets_an_id_that_the_host_refuses() {
        assert_eq!(object(json!({"kind": "Service"})).id, ":Service:");
    }
}
