//! The values that generated secrets have in the Secrets in which they were placed.
//!
//! On a cluster these Secrets are their home: whoever applies the stack next, from whatever machine, finds the
//! same values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::runtime::kubernetes::cluster::objects::{Holder, Place, holder};
use crate::runtime::kubernetes::cluster::runtime::{KubernetesRuntime, place};
use crate::runtime::kubernetes::cluster::wire::{root, segment};
use crate::runtime::kubernetes::identity;
use crate::runtime::{RuntimeError, Subject};
use crate::spec::{Resource, SecretRef, SecretText, SecretUse, secret_uses};

/// How many Secrets are read at once.
const READS: usize = 10;

impl KubernetesRuntime {
    /// Reads those of the wanted secrets that a Secret of this stack holds. Of several, the first counts.
    pub(crate) async fn read_placed(
        &self,
        subjects: &[Subject<'_>],
        wanted: &BTreeSet<SecretRef>,
    ) -> Result<BTreeMap<SecretRef, SecretText>, RuntimeError> {
        let reading: Vec<_> = subjects
            .iter()
            .filter_map(|subject| Some((*subject, template(*subject)?)))
            .filter(|(_, template)| placed(template).any(|(_, secret)| wanted.contains(&secret)))
            .map(|(subject, template)| self.read_home(subject, template))
            .collect();
        let mut reading = stream::iter(reading).buffered(READS);
        let mut found = BTreeMap::new();
        while let Some(values) = reading.try_next().await? {
            for (secret, value) in values {
                if wanted.contains(&secret) {
                    found.entry(secret).or_insert(value);
                }
            }
        }
        Ok(found)
    }

    async fn read_home(
        &self,
        subject: Subject<'_>,
        template: &Resource,
    ) -> Result<Vec<(SecretRef, SecretText)>, RuntimeError> {
        let place = place(template)?;
        let path = secret_path(&place);
        let read = |failure| self.error(failure, &template.id, "read", None);
        let live = self.link.find(&path).await.map_err(read)?.map(Arc::new);
        self.read_ahead(path, live.clone());
        let Some(live) = live else { return Ok(Vec::new()) };
        let ours = match subject.prior {
            Some(prior) => self.made(prior, &live).await,
            None => holder(&live, &self.owner, &self.parent.id) == Holder::Us,
        };
        Ok(if ours { values(template, &live) } else { Vec::new() })
    }
}

/// Every server has Secrets at the same place, so that it need not be asked where they are.
fn secret_path(place: &Place) -> String {
    let (namespace, name) = (segment(place.namespace()), segment(&place.name));
    format!("{}/namespaces/{namespace}/secrets/{name}", root("v1"))
}

/// Returns what a live Secret was made from: what is on record, or what this stack makes of it anywhere.
fn template<'a>(subject: Subject<'a>) -> Option<&'a Resource> {
    let resource = subject.prior.map(|prior| &prior.resource).or(subject.desired)?;
    identity::is_secret(&resource.attributes).then_some(resource)
}

/// Lists the texts of a Secret that refer to one secret, by key.
fn placed(template: &Resource) -> impl Iterator<Item = (&str, SecretRef)> {
    let texts = template.attributes.get("stringData").and_then(Value::as_object);
    texts.into_iter().flatten().filter_map(|(key, text)| {
        let mut uses = secret_uses(text.as_str()?).into_iter();
        let SecretUse { secret, .. } = uses.next()?;
        uses.next().is_none().then_some((key.as_str(), secret?))
    })
}

/// Reads the values of secrets out of a live Secret.
fn values(template: &Resource, live: &Value) -> Vec<(SecretRef, SecretText)> {
    let value = |(key, secret): (&str, SecretRef)| {
        let text = template.attributes.get("stringData")?.get(key)?.as_str()?;
        let bytes = STANDARD.decode(live.get("data")?.get(key)?.as_str()?).ok()?;
        let value = read_back(text, std::str::from_utf8(&bytes).ok()?)?;
        Some((secret, SecretText::new(value)))
    };
    placed(template).filter_map(value).collect()
}

/// Returns what stands for the one reference of a text in what was made of it; `None` if the text around it is
/// another one.
fn read_back<'l>(text: &str, live: &'l str) -> Option<&'l str> {
    let range = secret_uses(text).into_iter().next()?.range;
    let rest = live.strip_prefix(text.get(..range.start)?)?;
    rest.strip_suffix(text.get(range.end..)?).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::spec::ResourceId;

    fn secret(string_data: Value) -> Resource {
        Resource {
            id: ResourceId::parse("v1:Secret:n:s").unwrap(),
            kind: "Kubernetes".to_owned(),
            attributes: json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"},
                "stringData": string_data,
            }),
            depends_on: BTreeSet::new(),
            extensions: Map::new(),
        }
    }

    #[test]
    fn a_value_is_read_back_from_where_it_was_placed() {
        let template = secret(json!({
            "url": "db://root:$kusion_secret.shop.db.password@host",
            "whole": "$kusion_secret.shop.db.token",
            "pair": "$kusion_secret.shop.db.a-$kusion_secret.shop.db.b",
            "plain": "x",
            "changed": "v2 $kusion_secret.shop.db.changed",
            "empty": "$kusion_secret.shop.db.empty",
            "gone": "$kusion_secret.shop.db.gone",
        }));
        let data = [
            ("url", "db://root:hunter2@host"),
            ("whole", "t0ken"),
            ("pair", "x-y"),
            ("plain", "x"),
            ("changed", "v1 z"),
            ("empty", ""),
        ];
        let data: Map<String, Value> = data
            .into_iter()
            .map(|(key, value)| (key.to_owned(), STANDARD.encode(value).into()))
            .collect();
        let found = values(&template, &json!({"data": data}));
        let found: BTreeMap<String, &str> =
            found.iter().map(|(secret, value)| (secret.name.clone(), value.expose())).collect();
        let expected = [("password", "hunter2"), ("token", "t0ken")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert!(values(&template, &json!({"data": {"whole": "no base 64"}})).is_empty());
    }

    #[test]
    fn only_secrets_are_looked_into() {
        let mut other = secret(json!({"a": "$kusion_secret.shop.db.a"}));
        let is_looked_into =
            |of: &Resource| template(Subject { desired: Some(of), prior: None }).is_some();
        assert!(is_looked_into(&other));
        other.attributes["kind"] = "ConfigMap".into();
        assert!(!is_looked_into(&other));
    }
}
