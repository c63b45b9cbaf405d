//! The module interface as Rust types, and its translation from and to ours.
//!
//! When a second interface version is served, each gets a file like this one.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::engine::request::{
    Description, Generated, Input, Need, RejectedPlace, Rejection, Request, Usage,
};
use crate::spec::{Patch, Resource, ResourceId, SecretSource};

/// JSON values of one answer. A value of a few bytes takes up to a hundred times as many in this
/// process, so bounding the bytes alone would not bound the memory. 10,000 resources of 50 values fit.
const MAX_VALUES: usize = 500_000;

/// JSON values of one schema. The schema of a whole pod has 5,000.
const MAX_SCHEMA_VALUES: usize = 50_000;

/// Characters of a name, version or kind, which stand in messages and records.
const MAX_WORD: usize = 100;

/// Names in each list of a description.
const MAX_NAMES: usize = 1_000;

/// Places that a rejection may name; nobody reads more.
const MAX_PLACES: usize = 50;

/// The kind of a patch that gives the workload's pods volumes.
const VOLUMES: &str = "volumes";

/// The extension of a description that lists what requests shall hold.
const REQUESTS: &str = "requests";

/// What a description lists there to learn which resource runs the app's containers.
const WORKLOAD_RESOURCE: &str = "workloadResource";

/// Characters that are kept of each text that a guest writes for people.
const MAX_TEXT: usize = 2_000;

mod raw {
    #![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated code")]
    wasmtime::component::bindgen!({
        path: "wit",
        world: "module",
        imports: { default: trappable },
    });
}

pub(super) use raw::ModulePre;
pub(super) use raw::exports::kusion::module::generator as wit;
pub(super) use raw::kusion::module::log;

pub(super) fn request(request: &Request) -> wit::Request {
    let scope = &request.scope;
    wit::Request {
        scope: wit::Scope {
            project: scope.project.clone(),
            stack: scope.stack.clone(),
            workspace: scope.workspace.clone(),
            app: scope.app.clone(),
            namespace: scope.namespace.clone(),
        },
        accessory: request.accessory.clone(),
        labels: pairs(&request.labels),
        annotations: pairs(&request.annotations),
        config: request.config.to_string(),
        platform: request.platform.to_string(),
        workload: request.workload.to_string(),
        context: request.context.to_string(),
        inputs: request.inputs.iter().map(input).collect(),
        extensions: Value::Object(request.extensions.clone()).to_string(),
    }
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn input(input: &Input) -> wit::Input {
    wit::Input {
        kind: input.need.kind.clone(),
        need: input.need.document.to_string(),
        answer: input.answer.to_string(),
    }
}

/// Translates a rejection, or says what is wrong with it.
pub(super) fn rejection(raw: wit::Rejection) -> Result<Rejection, String> {
    Ok(match raw {
        wit::Rejection::Invalid(places) if places.is_empty() => {
            return Err("it rejects the request and names no place that is wrong".to_owned());
        }
        wit::Rejection::Invalid(places) => {
            let unread = places.len().saturating_sub(MAX_PLACES);
            let more = RejectedPlace {
                pointer: String::new(),
                message: format!("{unread} more problems like these"),
            };
            let shown = places.into_iter().take(MAX_PLACES).map(|place| RejectedPlace {
                pointer: shortened(place.pointer),
                message: shortened(place.message),
            });
            Rejection::Invalid(shown.chain((unread > 0).then_some(more)).collect())
        }
        wit::Rejection::Unsupported(text) => Rejection::Unsupported(shortened(text)),
        wit::Rejection::Failed(text) => Rejection::Failed(shortened(text)),
    })
}

/// Cuts a text of a guest off where nobody reads on.
pub(super) fn shortened(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MAX_TEXT) {
        let unread = text.len() - at;
        text.truncate(at);
        text.push_str(&format!("… ({unread} bytes more)"));
    }
    text
}

/// Translates a description, or says what is wrong with it.
pub(super) fn description(raw: wit::Description) -> Result<Description, String> {
    if raw.name.is_empty() || raw.version.is_empty() || raw.kind.is_empty() {
        return Err("name, version and kind cannot be empty".to_owned());
    }
    for (what, word) in [("name", &raw.name), ("version", &raw.version), ("kind", &raw.kind)] {
        if word.chars().count() > MAX_WORD || word.contains(char::is_control) {
            return Err(format!(
                "its {what} is longer than {MAX_WORD} characters or contains control characters"
            ));
        }
    }
    if raw.context_keys.len().max(raw.resource_types.len()) > MAX_NAMES {
        return Err(format!("it lists more than {MAX_NAMES} context keys or resource types"));
    }
    let extensions = object("its extensions", &raw.extensions)?;
    let requests = extensions.get(REQUESTS).and_then(Value::as_array);
    Ok(Description {
        wants_workload_resource: requests
            .is_some_and(|names| names.iter().any(|name| name == WORKLOAD_RESOURCE)),
        developer_schema: schema("the developer schema", &raw.developer_schema)?,
        platform_schema: schema("the platform schema", &raw.platform_schema)?,
        name: raw.name,
        version: raw.version,
        kind: raw.kind,
        summary: shortened(raw.summary),
        context_keys: raw.context_keys,
        resource_types: raw.resource_types,
    })
}

fn schema(what: &str, text: &str) -> Result<Value, String> {
    if values_at_most(text) > MAX_SCHEMA_VALUES {
        return Err(format!("{what} is more than {MAX_SCHEMA_VALUES} JSON values"));
    }
    json(what, text)
}

/// Translates an answer, or says what is wrong with it.
pub(super) fn output(raw: wit::Output) -> Result<Generated, String> {
    // No value is shorter than two bytes, so that most answers need not be counted.
    let bytes: usize = documents(&raw).map(|text| text.len() / 2 + 1).sum();
    if bytes > MAX_VALUES && documents(&raw).map(values_at_most).sum::<usize>() > MAX_VALUES {
        return Err(format!("it is more than {MAX_VALUES} JSON values"));
    }
    let resources = raw.resources.into_iter().map(resource).collect::<Result<_, _>>()?;
    let patches = raw.patches.into_iter().map(patch).collect::<Result<_, _>>()?;
    let mut secrets = BTreeMap::new();
    for secret in raw.secrets {
        let source = secret_source(&secret.name, secret.source)?;
        if secrets.insert(secret.name.clone(), source).is_some() {
            return Err(format!("it asks for secret `{}` twice", secret.name));
        }
    }
    let needs = raw.needs.into_iter().map(need).collect::<Result<_, _>>()?;
    Ok(Generated { resources, patches, secrets, needs, log: Vec::new(), usage: Usage::default() })
}

/// Returns every JSON document of an answer.
fn documents(raw: &wit::Output) -> impl Iterator<Item = &str> {
    let resources = raw.resources.iter().flat_map(|raw| [&raw.attributes, &raw.extensions]);
    let patches = raw.patches.iter().filter_map(|raw| match raw {
        wit::Patch::Env(document) => Some(document),
        wit::Patch::JsonPatch(patch) | wit::Patch::MergePatch(patch) => Some(&patch.document),
        wit::Patch::Other(patch) => Some(&patch.document),
        _ => None,
    });
    let needs = raw.needs.iter().map(|raw| &raw.document);
    resources.chain(patches).chain(needs).map(String::as_str)
}

/// Returns an upper bound of the values in a JSON text: each follows a bracket or a comma, but the first.
fn values_at_most(text: &str) -> usize {
    let (mut count, mut in_string, mut escaped) = (1, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'[' | b'{' | b',' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

fn resource(raw: wit::Resource) -> Result<Resource, String> {
    let id = ResourceId::parse(raw.id).map_err(|error| error.to_string())?;
    let attributes = json(&format!("attributes of `{id}`"), &raw.attributes)?;
    if !attributes.is_object() {
        return Err(format!("attributes of `{id}` are not a JSON object"));
    }
    let extensions = object(&format!("extensions of `{id}`"), &raw.extensions)?;
    let depends_on = raw
        .depends_on
        .into_iter()
        .map(ResourceId::parse)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("dependencies of `{id}`: {error}"))?;
    Ok(Resource { id, kind: raw.type_, attributes, depends_on, extensions })
}

fn patch(raw: wit::Patch) -> Result<Patch, String> {
    Ok(match raw {
        wit::Patch::Env(document) => match json("an env patch", &document)? {
            Value::Array(variables) => Patch::Env(variables),
            _ => return Err("an env patch is not a JSON array".to_owned()),
        },
        wit::Patch::Labels(pairs) => Patch::Labels(pairs.into_iter().collect()),
        wit::Patch::Annotations(pairs) => Patch::Annotations(pairs.into_iter().collect()),
        wit::Patch::PodLabels(pairs) => Patch::PodLabels(pairs.into_iter().collect()),
        wit::Patch::PodAnnotations(pairs) => Patch::PodAnnotations(pairs.into_iter().collect()),
        wit::Patch::JsonPatch(patch) => {
            let (id, document) = resource_patch(patch)?;
            Patch::Json { id, document }
        }
        wit::Patch::MergePatch(patch) => {
            let (id, document) = resource_patch(patch)?;
            Patch::Merge { id, document }
        }
        wit::Patch::Other(other) if other.kind == VOLUMES => volumes(&other.document)?,
        wit::Patch::Other(other) => {
            return Err(format!("patches of kind `{}` are unknown to this kusion", other.kind));
        }
    })
}

fn volumes(document: &str) -> Result<Patch, String> {
    let mut members = object("patches of volumes", document)?;
    let mut list = |key: &str| match members.remove(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(items),
        Some(_) => Err(format!("`{key}` of a patch of volumes is not a list of objects")),
    };
    let (volumes, mounts) = (list("volumes")?, list("mounts")?);
    match members.keys().next() {
        None => Ok(Patch::Volumes { volumes, mounts }),
        Some(key) => Err(format!("a patch of volumes has no `{key}`")),
    }
}

fn resource_patch(raw: wit::ResourcePatch) -> Result<(ResourceId, Value), String> {
    let id = ResourceId::parse(raw.id).map_err(|error| error.to_string())?;
    let document = json(&format!("a patch of `{id}`"), &raw.document)?;
    Ok((id, document))
}

fn secret_source(name: &str, raw: wit::SecretSource) -> Result<SecretSource, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(format!(
            "`{name}` is not a secret name: letters, digits, `_` and `-` are allowed"
        ));
    }
    match raw {
        wit::SecretSource::Generated(secret) => {
            Ok(SecretSource::Generated { length: secret.length, alphabet: secret.alphabet })
        }
        wit::SecretSource::External(reference) => Ok(SecretSource::External { reference }),
        wit::SecretSource::Other(other) => {
            Err(format!("secrets of kind `{}` are unknown to this kusion", other.kind))
        }
    }
}

fn need(raw: wit::Need) -> Result<Need, String> {
    let document = json("a need", &raw.document)?;
    Ok(Need { kind: raw.kind, document })
}

fn object(what: &str, text: &str) -> Result<Map<String, Value>, String> {
    if text.is_empty() {
        return Ok(Map::new());
    }
    match json(what, text)? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(format!("{what} are not a JSON object")),
    }
}

fn json(what: &str, text: &str) -> Result<Value, String> {
    let mut value =
        serde_json::from_str(text).map_err(|error| format!("{what}: not JSON ({error})"))?;
    canonicalise(&mut value);
    Ok(value)
}

/// Gives every number one spelling: a float without fraction becomes an integer.
fn canonicalise(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(canonicalise),
        Value::Object(map) => map.values_mut().for_each(canonicalise),
        Value::Number(number) => {
            if let Some(integer) =
                number.as_f64().filter(|_| number.is_f64()).and_then(exact_integer)
            {
                *number = integer;
            }
        }
        _ => {}
    }
}

/// Returns the integer that a float is, if 64 bits hold it. The same rule as for what is written as YAML, so that
/// a value is not another one after it was recorded.
fn exact_integer(float: f64) -> Option<Number> {
    /// 2 to the power of 63 and of 64: the first floats beyond the integers.
    const I64_END: f64 = 9_223_372_036_854_775_808.0;
    const U64_END: f64 = 18_446_744_073_709_551_616.0;
    if float.fract() != 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    #[expect(clippy::cast_sign_loss, reason = "the range is checked")]
    match float {
        _ if (-I64_END..I64_END).contains(&float) => Some((float as i64).into()),
        _ if (I64_END..U64_END).contains(&float) => Some((float as u64).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_and_numbers_have_one_spelling() {
        let value = json("x", r#"{"b": 1.0, "a": [1e2, 1.5, -0.0]}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":[100,1.5,0],"b":1}"#);
        let large = json("x", "[1e17, 1e19, -1e18, 1e20]").unwrap();
        assert_eq!(
            large.to_string(),
            "[100000000000000000,10000000000000000000,-1000000000000000000,1e+20]"
        );
    }

    #[test]
    fn values_are_counted_without_being_read() {
        assert_eq!(values_at_most("1"), 1);
        assert_eq!(values_at_most(r#"{"a": [1, 2, {}], "b": "[,{"}"#), 7);
        assert_eq!(values_at_most(r#"["\\", "\",["]"#), 3);
    }

    #[test]
    fn a_guest_does_not_flood_whoever_reads_its_rejection() {
        let problem = |number: usize| wit::Problem {
            pointer: format!("/config/{number}"),
            message: "ö".repeat(if number == 0 { MAX_TEXT + 1 } else { 1 }),
        };
        let raw = wit::Rejection::Invalid((0..MAX_PLACES + 7).map(problem).collect());
        let Ok(Rejection::Invalid(places)) = rejection(raw) else { panic!("no rejection") };
        assert_eq!(places.len(), MAX_PLACES + 1);
        assert_eq!(places[0].message, format!("{}… (2 bytes more)", "ö".repeat(MAX_TEXT)));
        assert_eq!(places[1].message, "ö");
        assert_eq!(places[MAX_PLACES].message, "7 more problems like these");
    }

    #[test]
    fn kinds_of_patches_are_known_by_name() {
        let other = |kind: &str, document: Value| {
            let (kind, document) = (kind.to_owned(), document.to_string());
            patch(wit::Patch::Other(wit::OtherPatch { kind, document }))
        };
        let volume = json!({"name": "data", "emptyDir": {}});
        assert_eq!(
            other("volumes", json!({"volumes": [volume]})),
            Ok(Patch::Volumes { volumes: vec![volume], mounts: Vec::new() })
        );
        for (kind, document, expected) in [
            ("volumes", json!([]), "patches of volumes are not a JSON object"),
            (
                "volumes",
                json!({"mounts": [1]}),
                "`mounts` of a patch of volumes is not a list of objects",
            ),
            ("volumes", json!({"files": []}), "a patch of volumes has no `files`"),
            ("sidecars", json!({}), "patches of kind `sidecars` are unknown to this kusion"),
        ] {
            assert_eq!(other(kind, document), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_description_says_what_requests_shall_hold() {
        let wants = |extensions: &str| {
            let schema = || "{}".to_owned();
            let text = |text: &str| text.to_owned();
            let described = description(wit::Description {
                name: text("a"),
                version: text("1.0.0"),
                kind: text("accessory"),
                summary: String::new(),
                context_keys: Vec::new(),
                developer_schema: schema(),
                platform_schema: schema(),
                resource_types: Vec::new(),
                extensions: text(extensions),
            });
            described.map(|description| description.wants_workload_resource)
        };
        assert_eq!(wants(r#"{"requests": ["later", "workloadResource"], "later": 1}"#), Ok(true));
        assert_eq!(wants("{}"), Ok(false));
        assert_eq!(wants(r#"{"requests": "workloadResource"}"#), Ok(false));
        assert!(wants("[]").is_err());
    }

    #[test]
    fn what_is_not_json_is_named() {
        let error = json("attributes of `a`", "{nope").unwrap_err();
        assert!(error.starts_with("attributes of `a`: not JSON (key must be a string"), "{error}");
    }

    #[test]
    fn a_resource_must_be_an_object_with_an_id() {
        let raw = |id: &str, attributes: &str| wit::Resource {
            id: id.to_owned(),
            type_: "Kubernetes".to_owned(),
            attributes: attributes.to_owned(),
            depends_on: vec![],
            extensions: String::new(),
        };
        assert!(resource(raw("", "{}")).is_err());
        assert!(resource(raw("v1:Pod:a", "[]")).is_err());
        assert_eq!(resource(raw("v1:Pod:a", "{}")).unwrap().attributes, json!({}));
    }
}
