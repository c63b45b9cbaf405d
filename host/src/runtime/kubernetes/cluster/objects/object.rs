//! The object that is sent to a cluster for a resource.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::normalise;
use super::ownership;
use super::parent::{MEMBER_OF, Parent};
use super::place::Place;
use crate::runtime::kubernetes::identity;
use crate::runtime::{Owner, RuntimeError};
use crate::secret::{Resolve, SecretError};
use crate::spec::{
    PATH_PREFIX, Resource, SecretText, push_segment, replace_secrets, visit_strings,
};

/// The namespace of objects that name none.
const DEFAULT_NAMESPACE: &str = "default";

/// What happens where a secret has no value yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The reference stands in for it, for a preview.
    Keep,
    /// It is an error.
    Refuse,
}

/// What an object is made with.
#[derive(Clone, Copy)]
pub(crate) struct Making<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) parent: &'a Parent,
    pub(crate) namespaced: bool,
    pub(crate) secrets: &'a dyn Resolve,
    pub(crate) missing: Missing,
}

/// An object as it is sent. It holds the values of secrets.
pub(crate) struct Object {
    pub(crate) value: Value,
    /// Whether a secret has no value yet.
    pub(crate) unknown: bool,
    /// The keys of data whose values cannot be read now.
    pub(crate) unread: Vec<String>,
    /// The values that must not be shown, as text and as they are sent.
    pub(super) confidential: Vec<SecretText>,
}

impl Object {
    /// Makes the object of a resource.
    ///
    /// Text of a Secret becomes `data` here, because a server merges `stringData` into `data` and so keeps
    /// the keys that it once held.
    pub(crate) fn of(resource: &Resource, making: Making<'_>) -> Result<Self, RuntimeError> {
        let mut object = Self {
            value: resource.attributes.clone(),
            unknown: false,
            unread: Vec::new(),
            confidential: Vec::new(),
        };
        let place = Place::of(&object.value);
        let member = place.as_ref().is_some_and(|place| making.parent.has(place));
        let Some(members) = object.value.as_object_mut() else { return Ok(object) };
        if let Some(metadata) = child(members, "metadata") {
            normalise::strip(metadata);
            if making.namespaced {
                metadata.entry("namespace").or_insert_with(|| DEFAULT_NAMESPACE.into());
            }
            ownership::mark(metadata, making.owner);
            if place.is_some_and(|place| place.is_namespace()) {
                ownership::mark_made(metadata);
            }
            if member && let Some(labels) = child(metadata, "labels") {
                labels.insert(MEMBER_OF.to_owned(), making.parent.id.as_str().into());
            }
        }
        if identity::is_secret(&object.value) {
            object.fill_in(making).map_err(|source| RuntimeError::Secret {
                id: resource.id.clone(),
                source: Box::new(source),
            })?;
        }
        Ok(object)
    }

    /// Says which live object is meant; with `None`, any of this name.
    pub(crate) fn set_uid(&mut self, uid: Option<&str>) {
        let Some(metadata) = self.value.get_mut("metadata").and_then(Value::as_object_mut) else {
            return;
        };
        match uid {
            Some(uid) => metadata.insert("uid".to_owned(), uid.into()),
            None => metadata.remove("uid"),
        };
    }

    /// Marks the object of a manifest as adopted.
    pub(crate) fn adopt(&mut self, manifest: &Value, adoption: &str) {
        if let Some(Value::Object(metadata)) = self.value.get_mut("metadata") {
            ownership::mark_adopted(metadata, manifest, adoption);
        }
    }

    /// Takes the values that cannot be read now as the live object has them, so that nothing else seems to differ.
    pub(crate) fn keep_unread(&mut self, live: &Value) {
        let values = live.get("data").and_then(Value::as_object);
        self.unread.retain(|key| values.is_some_and(|values| values.contains_key(key)));
        let Some(data) = self.value.get_mut("data").and_then(Value::as_object_mut) else { return };
        for key in &self.unread {
            let Some(sent) = values.and_then(|values| values.get(key)) else { continue };
            if let Some(sent) = sent.as_str() {
                let text =
                    STANDARD.decode(sent).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                self.confidential.extend(text.map(SecretText::new));
                self.confidential.push(SecretText::new(sent));
            }
            data.insert(key.clone(), sent.clone());
        }
    }

    /// Returns the JSON Pointers of the values that cannot be read now.
    pub(crate) fn unread_pointers(&self) -> Vec<String> {
        let pointer = |key: &String| {
            let mut pointer = "/data".to_owned();
            push_segment(&mut pointer, key);
            pointer
        };
        self.unread.iter().map(pointer).collect()
    }

    /// Returns whether one live object is meant.
    pub(crate) fn has_uid(&self) -> bool {
        self.value.pointer("/metadata/uid").is_some()
    }

    /// Returns a text without the values of secrets that it may quote.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let mut forms: Vec<SecretText> =
            self.confidential.iter().flat_map(|value| quotations(value.expose())).collect();
        // What is part of another value goes after it: the rest would stay.
        forms.sort_by_key(|form| Reverse(form.expose().len()));
        // Short values are everywhere, and removing them would say where they are.
        let forms = forms.iter().map(SecretText::expose).filter(|form| form.len() > 3);
        forms.fold(text.to_owned(), |text, form| text.replace(form, "(sensitive)"))
    }

    fn fill_in(&mut self, making: Making<'_>) -> Result<(), SecretError> {
        let Some(secret) = self.value.as_object_mut() else { return Ok(()) };
        let texts = match secret.remove("stringData") {
            Some(Value::Object(texts)) => texts,
            _ => Map::new(),
        };
        if let Some(data) = secret.get("data").and_then(Value::as_object) {
            for sent in data.values().filter_map(Value::as_str) {
                let text =
                    STANDARD.decode(sent).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                self.confidential.extend(text.map(SecretText::new));
                self.confidential.push(SecretText::new(sent));
            }
        }
        if texts.is_empty() {
            return Ok(());
        }
        let Some(data) = child(secret, "data") else { return Ok(()) };
        for (key, text) in texts {
            let Value::String(text) = text else { continue };
            let value = match replace_secrets(&text, |secret| making.secrets.resolve(secret)) {
                Err(error) if making.missing == Missing::Keep && error.is_unread() => {
                    self.unread.push(key.clone());
                    SecretText::new(text)
                }
                Err(error) if making.missing == Missing::Keep && error.is_unknown() => {
                    self.unknown = true;
                    SecretText::new(text)
                }
                value => value?,
            };
            let sent = STANDARD.encode(value.expose());
            self.confidential.extend([value, SecretText::new(sent.as_str())]);
            data.insert(key, Value::String(sent));
        }
        Ok(())
    }
}

/// Lists how a value can stand in a message: as it is, and in the quotes of JSON and of Go, also once more within
/// a quoted text.
fn quotations(value: &str) -> Vec<SecretText> {
    let escape = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
    };
    // Go writes these in JSON so that a page of HTML can hold them.
    let for_html =
        |text: &str| text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    let once = escape(value);
    let mut forms =
        vec![value.to_owned(), for_html(&once), escape(&once), escape(&for_html(&once))];
    forms.push(once);
    forms.iter().map(SecretText::new).collect()
}

/// Returns the references to attributes of other resources that are still in a manifest.
pub(crate) fn references(manifest: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit_strings(manifest, &mut |_, text| {
        if text.starts_with(PATH_PREFIX) {
            found.push(text.to_owned());
        }
    });
    found
}

fn child<'v>(members: &'v mut Map<String, Value>, key: &str) -> Option<&'v mut Map<String, Value>> {
    members.entry(key).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::name::{ProjectName, StackName, WorkspaceName};
    use crate::secret::StoreError;
    use crate::spec::{ResourceId, SecretRef};

    /// Knows one secret, `known`; `elsewhere` is in a store that cannot be read.
    struct One;

    impl Resolve for One {
        fn resolve(&self, secret: &SecretRef) -> Result<SecretText, SecretError> {
            if secret.name == "known" {
                return Ok(SecretText::new("hunter2"));
            }
            if secret.name == "elsewhere" {
                let (reference, provider) = ("ref://a".to_owned(), "aws".to_owned());
                return Err(StoreError::NoProvider { reference, provider }.into());
            }
            Err(SecretError::NotMade { secret: secret.clone() })
        }
    }

    fn make(attributes: Value, namespaced: bool, missing: Missing) -> Result<Object, RuntimeError> {
        let owner = Owner {
            project: ProjectName::parse("shop").unwrap(),
            stack: StackName::parse("dev").unwrap(),
            workspace: WorkspaceName::parse("default").unwrap(),
        };
        let resource = Resource {
            id: ResourceId::parse("x").unwrap(),
            kind: "Kubernetes".to_owned(),
            attributes,
            depends_on: BTreeSet::new(),
            extensions: Map::new(),
        };
        let parent = &Parent::of(&owner, "n");
        Object::of(&resource, Making { owner: &owner, parent, namespaced, secrets: &One, missing })
    }

    fn secret(string_data: Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"},
            "data": {"plain": "aGk="}, "stringData": string_data,
        })
    }

    #[test]
    fn text_of_a_secret_becomes_data() {
        let texts = json!({"url": "db://root:$kusion_secret.a.b.known@h", "plain": "wins"});
        let object = make(secret(texts), true, Missing::Refuse).unwrap();
        assert_eq!(
            object.value["data"],
            json!({"url": STANDARD.encode("db://root:hunter2@h"), "plain": STANDARD.encode("wins")})
        );
        assert_eq!(object.value.get("stringData"), None);
        assert!(!object.unknown);
    }

    #[test]
    fn a_message_that_quotes_a_secret_is_shown_without_it() {
        let texts = json!({"key": "$kusion_secret.a.b.known"});
        let object = make(secret(texts), true, Missing::Refuse).unwrap();
        let sent = STANDARD.encode("hunter2");
        let message = format!("cannot use hunter2 or {sent} or aGk=, but x");
        assert_eq!(
            object.without_secrets(&message),
            "cannot use (sensitive) or (sensitive) or (sensitive), but x"
        );
    }

    #[test]
    fn a_value_is_removed_however_it_is_quoted_and_with_what_it_is_a_part_of() {
        let value = "line \"one\"\n<two>";
        let texts = json!({"part": "hunter2", "whole": "hunter2-and-more", "odd": value});
        let object = make(secret(texts), true, Missing::Refuse).unwrap();
        let json = |text: &str| Value::from(text).to_string();
        let html = json(value).replace('<', "\\u003c").replace('>', "\\u003e");
        for (message, expected) in [
            ("hunter2-and-more!".to_owned(), "(sensitive)!".to_owned()),
            (format!("x{value}x"), "x(sensitive)x".to_owned()),
            (json(value), "\"(sensitive)\"".to_owned()),
            (html.clone(), "\"(sensitive)\"".to_owned()),
            (json(&json(value)), r#""\"(sensitive)\"""#.to_owned()),
            (json(&html), r#""\"(sensitive)\"""#.to_owned()),
        ] {
            assert_eq!(object.without_secrets(&message), expected, "{message}");
        }
        let given = make(secret(json!({})), true, Missing::Refuse).unwrap();
        assert_eq!(given.without_secrets("aGk= is hi"), "(sensitive) is hi");
    }

    #[test]
    fn a_secret_without_a_value_is_unknown_in_a_preview_and_refused_in_an_apply() {
        let texts = || json!({"key": "$kusion_secret.a.b.later"});
        let object = make(secret(texts()), true, Missing::Keep).unwrap();
        assert!(object.unknown);
        assert_eq!(
            object.value["data"]["key"],
            STANDARD.encode("$kusion_secret.a.b.later").as_str()
        );
        let refused = make(secret(texts()), true, Missing::Refuse);
        assert!(matches!(refused, Err(RuntimeError::Secret { .. })));
    }

    #[test]
    fn a_value_that_cannot_be_read_now_stays_as_it_is_in_the_cluster() {
        let texts =
            json!({"key": "$kusion_secret.a.b.elsewhere", "new": "$kusion_secret.a.b.elsewhere"});
        let mut object = make(secret(texts.clone()), true, Missing::Keep).unwrap();
        assert!(!object.unknown);
        let kept = STANDARD.encode("hunter3");
        object.keep_unread(&json!({"data": {"key": kept, "plain": "aGk="}}));
        assert_eq!(object.value["data"]["key"], kept.as_str());
        assert_eq!(object.unread_pointers(), ["/data/key"]);
        let message = format!("quotes hunter3 and {kept}");
        assert_eq!(object.without_secrets(&message), "quotes (sensitive) and (sensitive)");
        assert!(make(secret(texts), true, Missing::Refuse).is_err());
    }

    #[test]
    fn an_object_is_marked_and_has_a_namespace_if_its_kind_has() {
        let manifest = || {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "c", "uid": "copied", "resourceVersion": "1", "managedFields": []},
            })
        };
        let metadata = |namespaced| {
            make(manifest(), namespaced, Missing::Refuse).unwrap().value["metadata"].clone()
        };
        let owner = ownership::tests::owner("dev");
        let marks = json!({
            "labels": {
                "app.kubernetes.io/managed-by": "kusion", "app.kubernetes.io/name": "shop",
                "app.kubernetes.io/part-of": "shop", MEMBER_OF: Parent::of(&owner, "n").id,
            },
            "annotations": {"kusion.io/project": "shop", "kusion.io/stack": "dev", "kusion.io/workspace": "default"},
        });
        let with = |mut metadata: Value, namespace: Option<&str>| {
            metadata["name"] = "c".into();
            if let Some(namespace) = namespace {
                metadata["namespace"] = namespace.into();
            }
            metadata
        };
        assert_eq!(metadata(true), with(marks.clone(), Some("default")));
        assert_eq!(metadata(false), with(marks, None));
    }

    #[test]
    fn references_that_are_left_are_found() {
        let manifest = json!({"a": "$kusion_path.x.status.ip", "b": ["$kusion_path.y.z", "plain"]});
        assert_eq!(references(&manifest), ["$kusion_path.x.status.ip", "$kusion_path.y.z"]);
    }
}
