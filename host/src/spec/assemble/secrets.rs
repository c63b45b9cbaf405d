//! Pass: plain values where secrets belong become references.
//!
//! Raw manifests carry Secrets with their data. From here on only [`Assembled::secrets`] knows the
//! values; the Spec, and everything made of it, holds references.
//!
//! A value keeps its encoding: the literal behind a reference is the very text that stood there, so a
//! reference below `data` of a Kubernetes Secret stands for base64, and one below `stringData` for text.
//!
//! [`Assembled::secrets`]: crate::spec::Assembled::secrets

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Draft, Entry, Fault, collect};
use crate::spec::walk::push_segment;
use crate::spec::{
    Origin, PATH_PREFIX, ResourceId, SECRET_PREFIX, SecretRef, SecretSource, SecretText, Semantics,
};

pub(super) fn replace_plain_values(draft: &mut Draft, semantics: &dyn Semantics) -> Vec<Fault> {
    let mut names = Names { requested: &mut draft.requested, numbers: BTreeMap::new() };
    let mut faults = Vec::new();
    for (id, Entry { resource, origin, may_refer, .. }) in &mut draft.resources {
        let Some(origin) = origin else { continue };
        for place in semantics.secret_places(resource) {
            if let Some(value) = resource.attributes.pointer_mut(&place) {
                *may_refer = true;
                let key = place.rsplit('/').next().unwrap_or_default().to_owned();
                let mut path = place;
                names.replace(value, &mut path, &key, (id, origin), &mut faults);
            }
        }
    }
    faults
}

struct Names<'a> {
    requested: &'a mut BTreeMap<SecretRef, (SecretSource, Origin)>,
    /// The last number of each name that stands for several values.
    numbers: BTreeMap<SecretRef, usize>,
}

impl Names<'_> {
    fn replace(
        &mut self,
        value: &mut Value,
        path: &mut String,
        key: &str,
        of: (&ResourceId, &Origin),
        faults: &mut Vec<Fault>,
    ) {
        let length = path.len();
        match value {
            Value::String(text)
                if text.contains(SECRET_PREFIX) || text.starts_with(PATH_PREFIX) => {}
            Value::String(text) => {
                let secret = self.literal(std::mem::take(text), key, of);
                *text = secret.to_string();
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    push_segment(path, &index.to_string());
                    self.replace(item, path, &format!("{key}-{index}"), of, faults);
                    path.truncate(length);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    push_segment(path, key);
                    self.replace(member, path, key, of, faults);
                    path.truncate(length);
                }
            }
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => {
                let (id, origin) = (of.0.clone(), of.1.clone());
                let reason = format!("the secret value at `{path}` is not text");
                faults.push(Fault::BadResource { origin, id, reason });
            }
        }
    }

    /// Keeps a literal under a name made of the resource's name and the key; a number sets apart what
    /// would have the same name.
    fn literal(
        &mut self,
        text: String,
        key: &str,
        (id, origin): (&ResourceId, &Origin),
    ) -> SecretRef {
        let resource = id.as_str().rsplit(':').next().unwrap_or_default();
        let name = format!("{}__{}", plain(resource), plain(key));
        let mut secret = SecretRef {
            app: origin.app.to_string(),
            accessory: collect::accessory(origin).to_owned(),
            name: name.clone(),
        };
        if self.requested.contains_key(&secret) {
            let number = self.numbers.entry(secret.clone()).or_insert(1);
            while self.requested.contains_key(&secret) {
                *number += 1;
                secret.name = format!("{name}__{number}");
            }
        }
        let source = SecretSource::Literal(SecretText::new(text));
        self.requested.insert(secret.clone(), (source, origin.clone()));
        secret
    }
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
