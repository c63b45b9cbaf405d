//! How a Kubernetes object is named, and that its id says the same.

use serde_json::Value;

use crate::spec::Resource;

/// The parts of a Kubernetes object that identify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
}

impl<'a> Identity<'a> {
    /// Reads the identity of a manifest; the error is the first thing that is missing.
    pub(super) fn of(manifest: &'a Value) -> Result<Self, String> {
        if !manifest.is_object() {
            return Err("the manifest is no object".to_owned());
        }
        // Asked several times of every resource, and reading by JSON Pointer would copy each segment.
        let metadata = manifest.get("metadata");
        let text = |value: Option<&'a Value>| {
            value.and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let required = |value: Option<&'a Value>, name: &str| {
            text(value).ok_or_else(|| format!("the manifest has no `{name}`"))
        };
        let named = |member: &str| metadata.and_then(|metadata| metadata.get(member));
        Ok(Self {
            api_version: required(manifest.get("apiVersion"), "apiVersion")?,
            kind: required(manifest.get("kind"), "kind")?,
            namespace: text(named("namespace")),
            name: required(named("name"), "metadata.name")?,
        })
    }

    /// Returns the API group, empty for the core group.
    pub(super) fn group(&self) -> &'a str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Returns `group/version, Kind=Kind`, as upstream writes it.
    pub(super) fn gvk(&self) -> String {
        let slash = if self.api_version.contains('/') { "" } else { "/" };
        format!("{slash}{}, Kind={}", self.api_version, self.kind)
    }

    fn id(&self) -> String {
        let Self { api_version, kind, namespace, name } = self;
        match namespace {
            Some(namespace) => format!("{api_version}:{kind}:{namespace}:{name}"),
            None => format!("{api_version}:{kind}:{name}"),
        }
    }
}

/// Returns what is wrong with the manifest of an object.
pub(super) fn check(resource: &Resource) -> Vec<String> {
    let identity = match Identity::of(&resource.attributes) {
        Ok(identity) => identity,
        Err(problem) => return vec![problem],
    };
    let mut problems = Vec::new();
    let expected = identity.id();
    if expected != resource.id.as_str() {
        problems.push(format!("its manifest is that of `{expected}`"));
    }
    for member in ["labels", "annotations"] {
        problems.extend(check_texts(&resource.attributes, member));
    }
    if is_secret(&resource.attributes) {
        problems.extend(check_secret(&resource.attributes));
    }
    problems
}

/// Labels and annotations that look like numbers and truth values are the commonest slip.
fn check_texts(manifest: &Value, member: &str) -> Vec<String> {
    match manifest.pointer(&format!("/metadata/{member}")) {
        None => Vec::new(),
        Some(Value::Object(values)) => values
            .iter()
            .filter(|(_, value)| !value.is_string())
            .map(|(key, _)| format!("`{key}` of `metadata.{member}` is not text"))
            .collect(),
        Some(_) => vec![format!("`metadata.{member}` is no object")],
    }
}

/// Returns whether a manifest is that of a core/v1 Secret.
pub(super) fn is_secret(manifest: &Value) -> bool {
    manifest.get("apiVersion").and_then(Value::as_str) == Some("v1")
        && manifest.get("kind").and_then(Value::as_str) == Some("Secret")
}

fn check_secret(manifest: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for member in ["data", "stringData"] {
        let Some(values) = manifest.get(member) else { continue };
        let Some(values) = values.as_object() else {
            problems.push(format!("`{member}` is no object"));
            continue;
        };
        for (key, value) in values {
            match value.as_str() {
                None => problems.push(format!("`{key}` of `{member}` is not text")),
                Some(text) if member == "data" && !is_base64(text) => {
                    problems.push(format!("`{key}` of `data` is not base64"));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    text.len().is_multiple_of(4)
        && padding <= 2
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::spec::ResourceId;

    fn problems(id: &str, attributes: Value) -> Vec<String> {
        check(&Resource {
            id: ResourceId::parse(id).unwrap(),
            kind: "Kubernetes".to_owned(),
            attributes,
            depends_on: Default::default(),
            extensions: Map::new(),
        })
    }

    #[test]
    fn an_id_agrees_with_the_manifest() {
        let manifest = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"}});
        let none: [&str; 0] = [];
        let cases = [
            ("v1:Service:n:a", manifest.clone(), none.as_slice()),
            ("v1:Service:a", manifest, &["its manifest is that of `v1:Service:n:a`"]),
            ("x", json!([]), &["the manifest is no object"]),
            ("x", json!({"kind": "A"}), &["the manifest has no `apiVersion`"]),
            (
                "x",
                json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": ""}}),
                &["the manifest has no `metadata.name`"],
            ),
        ];
        for (id, manifest, expected) in cases {
            assert_eq!(problems(id, manifest), expected, "{id}");
        }
    }

    #[test]
    fn labels_and_secret_data_are_text_and_values_are_never_quoted() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "labels": {"tier": 1}, "annotations": []},
            "data": {"good": "aGk=", "bad": "hunter2!", "worse": 7}, "stringData": {"number": 5},
        });
        assert_eq!(
            problems("v1:Secret:a", secret),
            [
                "`tier` of `metadata.labels` is not text",
                "`metadata.annotations` is no object",
                "`bad` of `data` is not base64",
                "`worse` of `data` is not text",
                "`number` of `stringData` is not text",
            ]
        );
    }
}
