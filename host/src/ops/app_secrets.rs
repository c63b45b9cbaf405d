//! The Secrets that a developer describes in `workload.secrets`.
//!
//! The host makes them itself, because no module may see their values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::config::{App, AppSecret, SecretKind};
use crate::diagnostic::{Diagnose as _, Problem, name_hints};
use crate::ops::{OpsError, secret_uses};
use crate::runtime::KUBERNETES;
use crate::secret::{External, ExternalRef, StoreError};
use crate::spec::{
    Contribution, Origin, Resource, ResourceId, SecretRef, SecretSource, SecretText,
};

/// Characters of a value that the developer leaves to be generated; as many as upstream draws.
const GENERATED_LENGTH: u32 = 54;
/// The longest name of an object, and of a key in it, in bytes.
const MAX_NAME: usize = 253;
/// The accessory that references to the workload's secrets name.
pub(super) const WORKLOAD: &str = "workload";

/// Returns the Secrets of an app, if it has any.
pub(super) fn contribution(app: &App, namespace: &str) -> Result<Option<Contribution>, OpsError> {
    let Some(workload) = app.workload().filter(|_| !app.secrets().is_empty()) else {
        return Ok(None);
    };
    let origin = Origin {
        app: app.name().clone(),
        accessory: String::new(),
        module: workload.module().clone(),
    };
    let mut resources = Vec::new();
    let mut secrets = BTreeMap::new();
    let mut problems = secret_uses::problems(app);
    for (name, secret) in app.secrets() {
        let wrong = misnamed(name, secret);
        if !wrong.is_empty() {
            problems.extend(wrong);
            continue;
        }
        match resource(app, namespace, name, secret, &mut secrets) {
            Ok(resource) => resources.push(resource),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(OpsError::Invalid { problems });
    }
    Ok(Some(Contribution { origin, workload: false, resources, patches: Vec::new(), secrets }))
}

/// Refuses references of app.yaml that no store will ever answer as they are written.
pub(super) fn check_read(apps: &[App], external: &External) -> Result<(), OpsError> {
    let secrets = apps.iter().flat_map(|app| app.secrets().values());
    let values = secrets
        .filter(|secret| matches!(secret.kind(), SecretKind::External))
        .flat_map(|secret| secret.data().values());
    let problems: Vec<Problem> = values
        .filter_map(|value| {
            let error =
                external.get(value.expose()).err().filter(StoreError::is_of_the_reference)?;
            let problem = Problem::at(value.location().clone(), Problem::of(&error).message);
            Some(error.hints().into_iter().fold(problem, Problem::hint))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(OpsError::Invalid { problems }) }
}

fn resource(
    app: &App,
    namespace: &str,
    name: &str,
    secret: &AppSecret,
    secrets: &mut BTreeMap<String, SecretSource>,
) -> Result<Resource, Problem> {
    let at = |message: String| Problem::at(secret.location().clone(), message);
    let mut values = Map::new();
    for key in keys(secret) {
        let written = secret.data().get(&key).filter(|value| !value.expose().is_empty());
        let source = match (written, secret.kind()) {
            (Some(value), SecretKind::External) => {
                // The error would quote the text, which may be a secret in the wrong place.
                if ExternalRef::parse(value.expose()).is_err() {
                    let message = format!("the value of `{key}` does not refer to a secret store");
                    return Err(Problem::at(value.location().clone(), message)
                        .hint("write a reference, as in `ref://shop/db/password`"));
                }
                SecretSource::External { reference: value.expose().to_owned() }
            }
            (Some(value), _) => SecretSource::Literal(SecretText::new(value.expose())),
            (None, SecretKind::Basic | SecretKind::Token) => {
                SecretSource::Generated { length: GENERATED_LENGTH, alphabet: String::new() }
            }
            (None, _) => return Err(at(format!("secret `{name}` has no value for `{key}`"))),
        };
        let reference = SecretRef {
            app: app.name().to_string(),
            accessory: WORKLOAD.to_owned(),
            name: reference_name(name, &key, secrets),
        };
        values.insert(key, Value::String(reference.to_string()));
        secrets.insert(reference.name, source);
    }
    let id = ResourceId::parse(format!("v1:Secret:{namespace}:{name}"))
        .map_err(|error| at(error.to_string()))?;
    let mut attributes = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "namespace": namespace },
        "type": kubernetes_type(secret.kind()),
        "stringData": values,
    });
    if secret.immutable()
        && let Some(attributes) = attributes.as_object_mut()
    {
        attributes.insert("immutable".to_owned(), Value::Bool(true));
    }
    let extensions =
        Map::from_iter([("GVK".to_owned(), Value::String("/v1, Kind=Secret".to_owned()))]);
    Ok(Resource {
        id,
        kind: KUBERNETES.to_owned(),
        attributes,
        depends_on: Default::default(),
        extensions,
    })
}

/// Lists what is wrong with the names of a secret and of its keys, which Kubernetes would refuse or nobody would read.
fn misnamed(name: &str, secret: &AppSecret) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !is_object_name(name) {
        let message = format!("`{name}` cannot be the name of a Secret");
        problems.push(Problem::at(secret.location().clone(), message).hint(
            "it consists of lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit",
        ));
    }
    let demanded = demanded(secret.kind());
    // A mistyped key would be left out in silence, and a value drawn in its place.
    let is_closed = matches!(secret.kind(), SecretKind::Basic | SecretKind::Token);
    for (key, value) in secret.data() {
        let at = |message| Problem::at(value.location().clone(), message);
        if is_closed && !demanded.contains(&key.as_str()) {
            let kind = secret.kind().as_str();
            let message = format!("secret `{name}` of type `{kind}` has no key `{key}`");
            let hints = name_hints(key, demanded.iter().copied());
            problems.push(Problem { hints, ..at(message) });
        } else if !is_data_key(key) {
            let hint = "it consists of letters, digits, `-`, `_` and `.`";
            problems.push(at(format!("`{key}` cannot be a key of a Secret")).hint(hint));
        }
    }
    if secret.kind() == SecretKind::External && secret.data().is_empty() {
        let message = format!("secret `{name}` refers to nothing");
        let hint =
            "give its keys under `data`, each with a reference, as in `ref://shop/db/password`";
        problems.push(Problem::at(secret.location().clone(), message).hint(hint));
    }
    problems
}

fn is_object_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= MAX_NAME && name.split('.').all(|label| !label.is_empty() && is_label(label))
}

fn is_data_key(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !key.is_empty()
        && key.len() <= MAX_NAME
        && key.chars().all(allowed)
        && key != "."
        && !key.starts_with("..")
}

/// The keys that a kind of secret has whatever is written.
fn demanded(kind: SecretKind) -> &'static [&'static str] {
    match kind {
        SecretKind::Basic => &["username", "password"],
        SecretKind::Token => &["token"],
        SecretKind::Certificate => &["tls.crt", "tls.key"],
        SecretKind::Opaque | SecretKind::External => &[],
    }
}

/// The keys of the Secret: those its kind demands, and those that were written, such as `ca.crt`.
/// Returns the keys that the Secret will have.
pub(super) fn keys(secret: &AppSecret) -> BTreeSet<String> {
    let demanded = demanded(secret.kind()).iter().map(|key| (*key).to_owned());
    demanded.chain(secret.data().keys().cloned()).collect()
}

fn kubernetes_type(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Basic => "kubernetes.io/basic-auth",
        SecretKind::Certificate => "kubernetes.io/tls",
        SecretKind::Token | SecretKind::Opaque | SecretKind::External => "Opaque",
    }
}

/// Makes a name of letters, digits, `_` and `-` that no other value of the app has.
fn reference_name(secret: &str, key: &str, taken: &BTreeMap<String, SecretSource>) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = format!("{secret}_{key}").chars().map(safe).collect();
    let numbered = (2..=taken.len() + 1).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.clone()).chain(numbered);
    candidates.find(|name| !taken.contains_key(name)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for (name, expected) in [
            ("login", true),
            ("shop.db-2", true),
            ("", false),
            ("My-Secret", false),
            ("a_b", false),
            ("-a", false),
            ("a.", false),
            ("a..b", false),
        ] {
            assert_eq!(is_object_name(name), expected, "{name}");
        }
        assert!(!is_object_name(&"a".repeat(254)) && is_object_name(&"a".repeat(253)));
        for (key, expected) in [
            ("tls.crt", true),
            ("API_KEY-2", true),
            (".env", true),
            ("", false),
            (".", false),
            ("..x", false),
            ("a b", false),
            ("a/b", false),
        ] {
            assert_eq!(is_data_key(key), expected, "{key}");
        }
    }
}
