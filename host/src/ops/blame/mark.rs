//! From a refused label, annotation or name of a Secret back to what a developer wrote.
//!
//! Modules put labels and annotations of a workload on all of its objects, so one mistake is refused many times.

use serde_json::Value;

use super::written::Written;
use crate::source::escape_token;

/// A label, annotation or name that a developer wrote and a server refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// What it is, such as `label`.
    pub(super) what: &'static str,
    pub(super) written: Written,
}

/// Finds which label, annotation or secret of a workload is meant; `config` is what was written for it.
pub(super) fn mark(manifest: &Value, field: &str, message: &str, config: &Value) -> Option<Mark> {
    if field == "metadata.name" && manifest.get("kind")? == "Secret" {
        let name = manifest.pointer("/metadata/name")?.as_str()?;
        let secrets = config.get("secrets")?.as_object()?;
        let (key, _) = secrets.get_key_value(name)?;
        let pointer = format!("/secrets/{}", escape_token(key));
        return Some(Mark { what: "name of a secret", written: Written { pointer, key: true } });
    }
    let groups = [("labels", "label"), ("annotations", "annotation")];
    let (group, what) = groups.into_iter().find(|(group, _)| is_in(field, group))?;
    let given = config.get(group)?.as_object()?;
    let refused = refused(message)?;
    let place = |key: &str, is_key| {
        let pointer = format!("/{group}/{}", escape_token(key));
        Mark { what, written: Written { pointer, key: is_key } }
    };
    if given.contains_key(&refused) {
        return Some(place(&refused, true));
    }
    let (key, _) = given.iter().find(|(_, value)| value.as_str() == Some(&refused))?;
    Some(place(key, false))
}

/// Returns whether a field is a map of labels or annotations, or an entry of one. Of a pod template a server says
/// `spec.template.labels`.
fn is_in(field: &str, group: &str) -> bool {
    field.split(['.', '[']).any(|part| part == group)
}

/// Reads the value that a message is about: `Invalid value: "a b": a valid label must …`.
fn refused(message: &str) -> Option<String> {
    let (_, said) = message.split_once("Invalid value: ")?;
    let mut values = serde_json::Deserializer::from_str(said).into_iter::<String>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mark_is_found_by_the_value_that_is_refused() {
        let config = json!({
            "labels": {"team": "a b", "bad key!": "x"},
            "annotations": {"/x": "1"},
            "secrets": {"key": {}, "api_key": {}},
        });
        let secret = json!({"kind": "Secret", "metadata": {"name": "api_key"}});
        let cases = [
            (
                "metadata.labels",
                "Invalid value: \"a b\": a valid label",
                Some(("label", "/labels/team", false)),
            ),
            (
                "spec.template.labels",
                "Invalid value: \"a b\"",
                Some(("label", "/labels/team", false)),
            ),
            (
                "metadata.labels",
                "Invalid value: \"bad key!\": name part",
                Some(("label", "/labels/bad key!", true)),
            ),
            (
                "metadata.annotations",
                "Invalid value: \"/x\"",
                Some(("annotation", "/annotations/~1x", true)),
            ),
            ("metadata.labels", "Invalid value: \"other\"", None),
            ("metadata.labels", "Too long", None),
            ("spec.replicas", "Invalid value: \"a b\"", None),
            (
                "metadata.name",
                "Invalid value",
                Some(("name of a secret", "/secrets/api_key", true)),
            ),
        ];
        for (field, message, expected) in cases {
            let found = mark(&secret, field, message, &config);
            let found = found.as_ref().map(|Mark { what, written: Written { pointer, key } }| {
                (*what, pointer.as_str(), *key)
            });
            assert_eq!(found, expected, "{field}: {message}");
        }
    }
}
